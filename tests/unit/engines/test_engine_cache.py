"""Cached files that are used only when they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitdet.engines.cache import key_of, load_checked, path_of, store_checked

pytestmark = pytest.mark.usefixtures("fresh_cache")
KEY = key_of("a network")


def test_nothing_is_found_before_it_was_stored() -> None:
    assert load_checked(KEY, ".bin") is None


def test_what_was_stored_is_found() -> None:
    store_checked(KEY, ".bin", b"one\ntwo\n\n")
    assert load_checked(KEY, ".bin") == b"one\ntwo\n\n"


def test_a_damaged_file_is_not_used() -> None:
    path = store_checked(KEY, ".bin", b"data")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert load_checked(KEY, ".bin") is None


def test_a_file_that_was_cut_off_is_not_used() -> None:
    path = store_checked(KEY, ".bin", b"data")
    path.write_bytes(path.read_bytes()[:40])
    assert load_checked(KEY, ".bin") is None


def test_a_file_with_the_key_of_another_thing_is_not_used() -> None:
    other = key_of("another network")
    store_checked(other, ".bin", b"data").replace(path_of(KEY, ".bin"))
    assert load_checked(KEY, ".bin") is None


def test_a_cache_that_cannot_be_written_is_only_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    monkeypatch.setenv("SPLITDET_CACHE", str(file / "folder"))
    assert not store_checked(KEY, ".bin", b"data").exists()


def test_a_cache_that_cannot_be_read_counts_as_empty() -> None:
    path_of(KEY, ".bin").mkdir(parents=True)
    assert load_checked(KEY, ".bin") is None


def test_keys_tell_apart_what_only_looks_equal_when_joined() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
