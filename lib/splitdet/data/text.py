"""Text from outside, made fit for a line of ours."""

from __future__ import annotations

MOST_CHARACTERS = 300


def as_utf8(text: str) -> str:
    """`text` with `?` for what UTF-8 has no place for: a half of a surrogate pair, which JSON and YAML
    can hold as `\\ud83d`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """`text` without line breaks and control characters, which a terminal or a file would act upon."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept if len(kept) <= most else kept[: most - 2] + ".."
