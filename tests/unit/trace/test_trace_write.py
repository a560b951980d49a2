"""A trace in the Trace Event Format, complete at any time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any, Dict, List

import pytest

from places import ROOT
from splitdet.errors import SinkError
from splitdet.trace.write import TraceWriter
from traces import pipelined, timed_batch, write_trace


def events(path: Path, kind: str) -> List[Dict[str, Any]]:
    """Those of one phase."""
    return [event for event in json.loads(path.read_text())["traceEvents"] if event["ph"] == kind]


def names(path: Path) -> Dict[int, str]:
    """Names of the tracks by their number."""
    named = (event for event in events(path, "M") if event["name"] == "thread_name")
    return {event["tid"]: event["args"]["name"] for event in named}


def test_every_stage_of_every_frame_is_a_complete_event_of_its_length(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(3, time.perf_counter()))
    found = [(e["args"]["frame"], e["name"], e["dur"]) for e in events(path, "X")]
    lengths_us = {"read": 1000, "prepare": 1000, "accelerator": 10000, "cpu": 4000}
    assert found == [
        (frame, stage, pytest.approx(length_us, abs=0.01))
        for frame in range(3)
        for stage, length_us in lengths_us.items()
    ]


def test_events_lie_as_far_apart_as_the_work_did(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(3, time.perf_counter()))
    begins = [event["ts"] for event in events(path, "X") if event["name"] == "accelerator"]
    assert [begin - begins[0] for begin in begins] == pytest.approx([0, 10000, 20000], abs=0.01)


def test_every_thread_of_a_stage_is_a_track_with_a_name(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(4, time.perf_counter(), feeders=2))
    tracks = names(path)
    assert [tracks[number] for number in sorted(tracks)] == [
        *("source", "prepare", "accelerator", "accelerator 2", "cpu"),
    ]
    used = {tracks[e["tid"]]: e["args"]["frame"] % 2 for e in events(path, "X") if e["dur"] > 9000}
    assert used == {"accelerator": 0, "accelerator 2": 1}


def test_tracks_stand_in_the_order_of_a_frames_way(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", pipelined(2, time.perf_counter()))
    places = {
        event["args"]["sort_index"]: names(path)[event["tid"]]
        for event in events(path, "M")
        if event["name"] == "thread_sort_index"
    }
    assert [places[place] for place in sorted(places)] == ["source", "prepare", "accelerator", "cpu"]


def test_a_batch_of_frames_is_one_event_that_names_them_all(tmp_path: Path) -> None:
    now_s = time.perf_counter()
    batch = timed_batch([4, 5, 8], now_s, {}, accelerator=(now_s + 0.1, now_s + 0.2))
    path = write_trace(tmp_path / "t.json", [batch])
    found = [(event["name"], event["args"]) for event in events(path, "X")]
    assert found == [
        *[("read", {"frame": index}) for index in (4, 5, 8)],
        ("accelerator", {"frame": 4, "frames": [4, 5, 8]}),
    ]


def test_the_file_is_complete_after_every_batch_without_being_closed(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    writer = TraceWriter(str(path), {"split": True})
    assert events(path, "X") == []
    for done, batch in enumerate(pipelined(5, time.perf_counter()), 1):
        writer.batch_done(batch)
        assert len(events(path, "X")) == 4 * done
    writer.close()


def test_what_is_known_of_the_run_comes_with_it(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.json", [], model='a "model"', split=True)
    assert json.loads(path.read_text())["otherData"] == {"model": 'a "model"', "split": True}


def test_memory_stays_flat(tmp_path: Path) -> None:
    writer = TraceWriter(str(tmp_path / "t.json"), {})
    (batch,) = pipelined(1, time.perf_counter())
    writer.batch_done(batch)
    tracemalloc.start()
    for _ in range(2000):
        writer.batch_done(batch)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close()
    assert (tmp_path / "t.json").stat().st_size > 500_000
    assert held < 20_000


def test_a_folder_is_made_for_the_file(tmp_path: Path) -> None:
    assert names(write_trace(tmp_path / "deep/er/t.json", pipelined(1, time.perf_counter())))


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="Is a directory"):
        TraceWriter(str(tmp_path), {})


FULL_DISK = """
import resource, sys, time
sys.path[:0] = sys.argv[2:]
from splitdet.errors import SinkError
from traces import pipelined, write_trace
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    write_trace(__import__("pathlib").Path(sys.argv[1]), pipelined(50, time.perf_counter()))
except SinkError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of files")
def test_a_full_disk_is_one_line_and_leaves_what_was_complete(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    command = [sys.executable, "-c", FULL_DISK, str(path), str(ROOT / "lib"), str(ROOT / "tests")]
    assert subprocess.check_output(command, text=True) == f"{path}: no space left for the trace\n"
    assert 0 < len(events(path, "X")) < 200
