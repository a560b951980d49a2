"""What the whole would take."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets import records, write
from splitdet.data.dataset import open_dataset
from splitdet.data.transfer import Transferred
from splitdet.data.trial import duration, estimate, size


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (38_500_000, "38.5 MB"), (250e9, "250 GB")],
)
def test_a_size_reads_well(count: float, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5 s"), (90, "90 s"), (120, "2 min"), (5400, "90 min"), (36000, "10 h")],
)
def test_a_duration_reads_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_disk_and_time_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "set", "voc", records(20)))
    text = estimate(dataset, 5, Transferred(5, 10, 1_000_000, 3.0), tmp_path / "out")
    assert text.splitlines()[0] == "tried 5 of 20 pictures: 1 MB in 3 s"
    assert text.splitlines()[1].startswith("all of them: about 4 MB in 12 s; ")
    assert len(text.splitlines()) == 2


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "set", "voc", records(20)))
    text = estimate(dataset, 1, Transferred(1, 2, 10**18, 3.0), tmp_path / "out")
    assert "that does not fit" in text
