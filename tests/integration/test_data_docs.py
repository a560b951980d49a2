"""The page on data says what is true, and its commands work as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from datasets import read, records, run, write
from places import ROOT
from splitdet.data.findings import Kind
from splitdet.data.formats import FORMATS
from splitdet.errors import EXIT_OK

PAGE = (ROOT / "docs/custom-data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^splitdet data (.*)$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("kind", Kind)
def test_the_page_tells_what_is_looked_for_and_what_becomes_of_it(kind: Kind) -> None:
    assert f"| {kind.title} | {kind.severity.value} | {kind.repair} |" in PAGE


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_tells_of_every_format(name: str) -> None:
    assert f"\n| `{name}` | " in PAGE


@pytest.mark.zoo
@pytest.mark.slow
def test_the_playing_cards_go_all_the_way_as_the_page_tells(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cards").symlink_to(shared / "datasets/playing_cards")
    monkeypatch.chdir(tmp_path)
    commands = [command for command in COMMANDS if "cards" in command]
    assert [command.split()[0] for command in commands] == [
        *("stats", "check", "shrink", "split", "view", "convert", "convert")
    ]
    for command in commands:
        assert run(*shlex.split(command)) == EXIT_OK
    output = capsys.readouterr().out
    for line in ("    king:  95/527 = 0.18\n", "       5  pictures that look alike\n"):
        assert line in output
        assert line in PAGE
    names = sorted(path.name for path in (tmp_path / "cards-tf").iterdir())
    assert "\n".join("cards-tf/" + name for name in names) in PAGE
    found, findings = read(tmp_path / "cards-tf")
    assert len(found) == 363
    assert not findings.counts
    assert max(max(one.width_px, one.height_px) for one in found) == 300


def test_the_example_in_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    write(tmp_path / "cards/images", "voc", records(2))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example, names)
    assert capsys.readouterr().out.count("('cat', (10.0, 12.0, 40.0, 36.0))") == 2
    assert names["picture"]
