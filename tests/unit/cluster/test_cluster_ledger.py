"""The ledger, which says what is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List

import pytest

from splitdet.cluster.inputs import Kind, Shard
from splitdet.cluster.ledger import FILE, SKIPPED_FILE, Done, Ledger
from splitdet.errors import ConfigError
from splitdet.sources.base import Skipped

SHARDS = [Shard(number, Kind.PICTURES, (f"{number}.jpg",), number) for number in range(4)]


def add(folder: Path, ledger: Ledger, number: int, skipped: int = 0) -> None:
    """Make a shard's file, and note it."""
    file = f"part-{number}.jsonl"
    (folder / file).touch()
    pieces = [Skipped(f"{number}-{piece}.jpg", "broken") for piece in range(skipped)]
    ledger.add(SHARDS[number], Done(file, 10, pieces))


def done(ledger: Ledger) -> List[int]:
    """Which shards are done."""
    return [shard.number for shard in SHARDS if ledger.has(shard)]


def test_what_is_done_is_known_to_the_next_run(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 2, skipped=1)
    add(tmp_path, ledger, 0)
    again = Ledger(tmp_path)
    assert done(ledger) == done(again) == [0, 2]
    assert (ledger.before, again.before) == (0, 2)
    assert (again.frames, again.skipped) == (20, 1)


@pytest.mark.parametrize("kept", [1, 50])
def test_a_line_that_was_cut_off_counts_as_not_done(tmp_path: Path, kept: int) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 0)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + whole[:kept])
    again = Ledger(tmp_path)
    add(tmp_path, again, 1)
    assert done(again) == done(Ledger(tmp_path)) == [0, 1]


def test_a_file_that_was_deleted_is_made_again_and_counted_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 0, skipped=1)
    (tmp_path / "part-0.jsonl").unlink()
    again = Ledger(tmp_path)
    assert done(again) == []
    add(tmp_path, again, 0, skipped=1)
    assert Ledger(tmp_path).frames == 10
    again.write_skipped()
    assert len((tmp_path / SKIPPED_FILE).read_text().splitlines()) == 1


def test_other_pictures_under_the_same_number_are_refused(tmp_path: Path) -> None:
    add(tmp_path, Ledger(tmp_path), 1)
    with pytest.raises(ConfigError, match=r"inputs have changed since \(first in shard 1, at new.jpg\)"):
        Ledger(tmp_path).has(Shard(1, Kind.PICTURES, ("new.jpg",), 1))


def test_inputs_that_have_become_less_are_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 3)
    ledger.check_end(4)
    with pytest.raises(ConfigError, match="they are 3 shards, and shard 3 is done"):
        ledger.check_end(3)


def test_what_could_not_be_read_is_listed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 0)
    ledger.write_skipped()
    assert not (tmp_path / SKIPPED_FILE).exists()
    add(tmp_path, ledger, 1, skipped=2)
    ledger.write_skipped()
    lines = (tmp_path / SKIPPED_FILE).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"where": "1-0.jpg", "reason": "broken"},
        {"where": "1-1.jpg", "reason": "broken"},
    ]


def test_of_a_shard_that_was_done_twice_the_last_line_counts(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 0, skipped=2)
    (tmp_path / "part-0.jsonl").unlink()
    again = Ledger(tmp_path)
    add(tmp_path, again, 0, skipped=1)
    assert (again.skipped, Ledger(tmp_path).skipped) == (1, 1)
    again.write_skipped()
    lines = (tmp_path / SKIPPED_FILE).read_text().splitlines()
    assert [json.loads(line)["where"] for line in lines] == ["0-0.jpg"]


def test_the_list_goes_once_all_could_be_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(tmp_path, ledger, 0, skipped=1)
    add(tmp_path, ledger, 1, skipped=1)
    ledger.write_skipped()
    (tmp_path / "part-0.jsonl").unlink()
    again = Ledger(tmp_path)
    add(tmp_path, again, 0)
    again.write_skipped()
    lines = (tmp_path / SKIPPED_FILE).read_text().splitlines()
    assert [json.loads(line)["where"] for line in lines] == ["1-0.jpg"]
    (tmp_path / "part-1.jsonl").unlink()
    last = Ledger(tmp_path)
    add(tmp_path, last, 1)
    last.write_skipped()
    assert not (tmp_path / SKIPPED_FILE).exists()
