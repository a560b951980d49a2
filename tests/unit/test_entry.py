"""Commands that cannot even begin."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest

from splitdet.entry import command, script


def fail_to_import(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next import of the command line fail."""
    real = builtins.__import__

    def importing(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("splitdet.cli"):
            raise error
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", importing)


@pytest.mark.parametrize("begin", [command, lambda: script("video")])
def test_a_missing_package_is_one_line(
    begin: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_to_import(ModuleNotFoundError("No module named 'tqdm'", name="tqdm"), monkeypatch)
    with pytest.raises(SystemExit) as ended:
        begin()
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith(f"error: tqdm is not installed for {sys.executable}; ")


def test_ctrl_c_while_it_is_imported_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_to_import(KeyboardInterrupt(), monkeypatch)
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 130
    assert capsys.readouterr().err == ""


def test_a_defect_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_to_import(ModuleNotFoundError("No module", name="splitdet.gone"), monkeypatch)
    with pytest.raises(ModuleNotFoundError):
        command()
