"""What every command has in common."""

from __future__ import annotations

import io
import os
import sys

import pytest

from splitdet.cli import console


@pytest.fixture(autouse=True)
def _process_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loggers and signals are those of the tests."""
    monkeypatch.setattr(console, "_set_up_messages", lambda debug: None)
    monkeypatch.setattr(console.signal, "signal", lambda *unused: None)


def say_a_name() -> int:
    """What a command does that tells of a file."""
    print(os.fsdecode(b"caf\xe9.jpg"))
    return 0


def test_a_name_that_is_no_text_is_printed_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
    with pytest.raises(SystemExit) as ended:
        console.guarded(say_a_name)
    sys.stdout.flush()
    assert (ended.value.code, out.getvalue()) == (0, b"caf\\udce9.jpg\n")


def test_an_output_that_takes_any_text_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.raises(SystemExit):
        console.guarded(say_a_name)
    assert out.getvalue() == os.fsdecode(b"caf\xe9.jpg\n")
