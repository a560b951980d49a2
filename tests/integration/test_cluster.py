"""`splitdet run --cluster` on a Ray of two nodes, with workers and the command itself killed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import numpy as np
import pytest

from commands import ENVIRONMENT, HANG_S, call_here, records
from mjpeg_server import mjpeg_server
from waiting import until

pytestmark = [pytest.mark.ray, pytest.mark.slow]
QUICK = "openvino" if importlib.util.find_spec("openvino") else "tensorflow"
"""What starts soonest; it does not matter here who computes."""
SETTINGS = ("--set", "det_th=0.3", "--set", "cluster.cpus=1", "--set", "cluster.images=4")
PICTURES = 60
MEMORY_BYTES = 80 * 2**20


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of two nodes, with room for one worker on each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # which is 15, so that other tests would slow these
        patch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])  # as if it were installed on each node
        node: Dict[str, Any] = {"num_cpus": 1, "object_store_memory": MEMORY_BYTES}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        try:
            cluster.add_node(**node)
            yield str(cluster.address)
        finally:
            cluster.shutdown()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of pictures that take a while to decode, one that is broken at its end, and a video."""
    folder = tmp_path_factory.mktemp("inputs")
    random = np.random.RandomState(0)
    for name in ("a", "a/x", "b", "b-c"):
        (folder / "in" / name).mkdir(parents=True)
    for number in range(PICTURES):
        path = folder / "in" / ("a", "a/x", "b", "b-c")[number % 4] / f"{number:02}.jpg"
        if number < 8:
            noise = random.randint(0, 256, (12, 16, 3)).astype(np.uint8)
            cv2.imwrite(str(folder / f"{number}.jpg"), cv2.resize(noise, (1600, 1200)))
        os.link(str(folder / f"{number % 8}.jpg"), str(path))
    (folder / "in" / "c.jpg").write_bytes((folder / "0.jpg").read_bytes()[:300])
    return folder


@pytest.fixture(scope="module")
def plain(inputs: Path, tiny_model: Path) -> List[Dict[str, Any]]:
    """What a run in one process finds."""
    arguments = ("run", "in", "none", "--model", tiny_model, "--json", "plain.jsonl", *SETTINGS)
    done = call_here(*arguments, folder=inputs, SPLITDET_ENGINE=QUICK)
    assert done.returncode == 3, done.stderr
    return records(inputs / "plain.jsonl")


class Run:
    """`splitdet run --cluster`, and what it says."""

    def __init__(self, folder: Path, model: Path, address: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "splitdet", "run", *arguments, "--cluster", address]
        command += ["--model", str(model), *SETTINGS, "--set", "fps_interval=0.1"]
        self.process = subprocess.Popen(
            command,
            cwd=str(folder),
            env={**os.environ, **ENVIRONMENT, "SPLITDET_ENGINE": QUICK},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self.workers: List[int] = []
        """Process numbers of those that are ready."""

    def until(self, pattern: str) -> None:
        """Read what it says until a line fits."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            self.workers += map(int, re.findall(r"^worker .* \(process (\d+)\): .* ready", line))
            if re.search(pattern, line):
                return
        raise AssertionError(f"no {pattern} in:\n{self.said}")

    def end(self) -> int:
        """Read the rest; its exit code."""
        self.said += self.process.communicate(timeout=HANG_S)[0]
        return self.process.returncode


def results(folder: Path) -> List[Dict[str, Any]]:
    """All lines of the files of pictures, in the order of their names."""
    return [record for file in sorted(folder.glob("part-*.jsonl")) for record in records(file)]


def test_when_a_worker_is_killed_each_picture_is_still_there_once(
    address: str, inputs: Path, tiny_model: Path, plain: List[Dict[str, Any]], video: Path
) -> None:
    run = Run(inputs, tiny_model, address, "in", "out", "--also", str(video))
    run.until(r"^\d of 17 shards")
    os.kill(run.workers[0], signal.SIGKILL)
    assert run.end() == 3, run.said
    assert re.search(r"worker \d was lost; (part|video)-\d+ goes to another worker", run.said)
    assert results(inputs / "out") == plain
    assert len(records(inputs / "out" / "video-000015.jsonl")) == 25
    broken = str(Path("in") / "c.jpg")
    skipped = [{"where": broken, "reason": "not a readable picture"}]
    assert records(inputs / "out" / "skipped.jsonl") == skipped
    assert f"frames      {PICTURES + 25} out; skipped: 1, see skipped.jsonl" in run.said


def test_a_killed_command_goes_on_where_it_was(
    address: str, inputs: Path, tiny_model: Path, plain: List[Dict[str, Any]]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    arguments = (inputs, tiny_model, address, "in", "rows", "--set", "cluster.format=parquet")
    first = Run(*arguments)
    first.until(r"^\d of 16 shards")
    first.process.kill()
    first.end()
    out = inputs / "rows"
    done = [record["file"] for record in records(out / "done.jsonl")]
    assert 0 < len(done) < 16
    before = {name: (out / name).stat().st_mtime_ns for name in done}
    second = Run(*arguments)
    assert second.end() == 3, second.said
    assert f"shards      16 done, {len(done)} of them before; failed: 0" in second.said
    assert {name: (out / name).stat().st_mtime_ns for name in done} == before
    tables = [parquet.read_table(file) for file in sorted(out.glob("*.parquet"))]
    rows = [row for table in tables for row in table.to_pylist()]
    assert [(row["source"], row["frame"]) for row in rows] == [
        (record["source"], record["frame"]) for record in plain
    ]
    for row, record in zip(rows, plain):
        for field in ("box", "score", "label"):
            found = [detection[field] for detection in row["detections"]]
            assert found == [detection[field] for detection in record["detections"]]


def test_other_settings_are_refused_before_anything_is_done(
    address: str, inputs: Path, tiny_model: Path
) -> None:
    (inputs / "other").mkdir()
    manifest = {"splitdet": "", "settings": {}, "inputs": ["in"], "model": ""}
    (inputs / "other" / "manifest.json").write_text(json.dumps(manifest))
    (inputs / "other" / "part-000000.jsonl").touch()
    run = Run(inputs, tiny_model, address, "in", "other")
    assert run.end() == 2
    assert re.match(r"error: other: was made with .*; go on with the same, or write to", run.said)


def test_a_stream_goes_on_with_another_worker_until_it_is_stopped(
    address: str, inputs: Path, tiny_model: Path
) -> None:
    out = inputs / "live"
    with mjpeg_server() as camera:
        run = Run(inputs, tiny_model, address, camera, "live", "--set", "cluster.workers=1")
        run.until("^worker 0 .* ready")
        until(lambda: list(out.glob("stream-000000.jsonl")) and records(out / "stream-000000.jsonl"))
        os.kill(run.workers[0], signal.SIGKILL)
        run.until("worker 0 was lost; stream-000000 goes to another worker")
        again = out / "stream-000000_1.jsonl"
        until(lambda: again.exists() and again.read_text().endswith("\n"))
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 143, run.said
    assert records(again)[0]["source"] == camera
    assert not (out / "done.jsonl").exists()
