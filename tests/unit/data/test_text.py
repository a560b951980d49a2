"""Text from outside in one line."""

from __future__ import annotations

import pytest

from splitdet.data.text import one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße 7", "Straße 7"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred\x1b[0m", " [31mred [0m"),
        ("a\x00\u202eb", "a  b"),
        ("x" * 400, "x" * 298 + ".."),
    ],
)
def test_nothing_is_left_that_a_terminal_acts_upon(text: str, expected: str) -> None:
    assert one_line(text) == expected
