"""Several inputs through one engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import cv2
import numpy as np
import pytest

from commands import call_here, records
from fakes import FakeDetector, FakeSource, fault, takes
from splitdet import Detector, stream
from splitdet.assemble import assemble
from splitdet.config import make_config
from splitdet.errors import SourceError
from splitdet.sources.several import SeveralSource

SIZES = [(64, 96), (48, 64), (64, 96), (80, 112)]


@pytest.fixture(name="videos", scope="module")
def _videos(tmp_path_factory: pytest.TempPathFactory) -> List[Path]:
    """Four videos of 12 frames, two of them of one size."""
    folder = tmp_path_factory.mktemp("videos")
    random = np.random.RandomState(0)
    paths = []
    for number, (height, width) in enumerate(SIZES):
        paths.append(folder / f"{number}.avi")
        writer = cv2.VideoWriter(str(paths[-1]), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (width, height))
        for _ in range(12):
            small = random.randint(0, 256, (8, 12, 3)).astype(np.uint8)
            writer.write(cv2.resize(small, (width, height)))
        writer.release()
    return paths


@pytest.mark.parametrize("batch_size", [1, 4])
def test_four_files_together_give_the_same_boxes_as_alone(
    videos: List[Path], tiny_model: Path, batch_size: int
) -> None:
    settings: Dict[str, Any] = {"engine": "tensorflow", "det_th": 0.3, "batch_size": batch_size}
    with Detector.from_config(make_config(model_path=str(tiny_model), **settings)) as detector:
        alone = [[found for _, found in stream(path, detector)] for path in videos]
        together: List[List[Any]] = [[], [], [], []]
        for frame, found in stream(videos, detector):
            assert frame.index == len(together[frame.stream])
            assert frame.source == str(videos[frame.stream])
            together[frame.stream].append(found)
    for one, other in zip(alone, together):
        assert len(one) == len(other) == 12
        for expected, found in zip(one, other):
            np.testing.assert_array_equal(found.classes, expected.classes)
            # TensorFlow computes several frames in another order than one
            tolerance = 0 if batch_size == 1 else 1e-5
            np.testing.assert_allclose(found.boxes, expected.boxes, atol=tolerance)
            np.testing.assert_allclose(found.scores, expected.scores, atol=tolerance)


def test_frames_of_several_files_share_batches() -> None:
    detector = FakeDetector({"accelerator": takes(5)}, make_config(batch_size=4))
    source = SeveralSource([FakeSource(40) for _ in range(4)])
    with assemble(source, detector) as pipeline:
        batches = [[frame.stream for frame in batch.frames] for batch in pipeline]
    assert any(len(set(streams)) > 1 for streams in batches)
    assert sum(map(len, batches)) == 160


def test_a_dead_camera_does_not_disturb_the_others() -> None:
    cameras = [FakeSource(60, rate=200.0), FakeSource(60, rate=200.0)]
    cameras.append(FakeSource(60, work=fault("raise", 5), rate=200.0))
    cameras[2]._work = _gone
    with assemble(SeveralSource(cameras), FakeDetector({"accelerator": takes(1)})) as pipeline:
        found = [(frame.stream, frame.index) for batch in pipeline for frame in batch.frames]
    for camera in (0, 1):
        indices = [index for stream, index in found if stream == camera]
        assert indices == sorted(set(indices))
        assert indices[-1] == 59
    assert pipeline.inlet.captured == len(found) + sum(pipeline.dropped.values())


def _gone(index: int) -> None:
    if index == 5:
        raise SourceError("camera 2: gone")


def test_cameras_that_are_faster_than_the_model_get_equal_shares() -> None:
    cameras = [FakeSource(200, rate=rate) for rate in (400.0, 400.0, 100.0)]
    detector = FakeDetector({"accelerator": takes(10)}, make_config(accelerator_feeders=1))
    counts = [0, 0, 0]
    with assemble(SeveralSource(cameras), detector) as pipeline:
        for batch in pipeline:
            counts[batch.frames[0].stream] += 1
            if pipeline.inlet.captured_of[0] >= 200:  # from then on there are fewer cameras
                break
    assert max(counts) - min(counts) <= 0.2 * max(counts) + 2


def test_the_command_line_takes_several_and_keeps_them_apart(
    videos: List[Path], tiny_model: Path, tmp_path: Path
) -> None:
    done = call_here(
        *("run", videos[0], "out.avi", "--also", videos[1], "--also", videos[0], "--model", tiny_model),
        *("--json", "f.jsonl", "--summary", "s.json", "--no-display"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = records(tmp_path / "f.jsonl")
    for number in range(3):
        assert [line["frame"] for line in lines if line["stream"] == number] == list(range(12))
        saved = cv2.VideoCapture(str(tmp_path / f"out_{number}.avi"))
        size = saved.get(cv2.CAP_PROP_FRAME_HEIGHT), saved.get(cv2.CAP_PROP_FRAME_WIDTH)
        assert (size, saved.get(cv2.CAP_PROP_FRAME_COUNT)) == (SIZES[number % 2], 12)
    streams = json.loads((tmp_path / "s.json").read_text())["streams"]
    assert [one["frames_out"] for one in streams] == [12, 12, 12]
    assert streams[1] == {"source": str(videos[1]), "frames_in": 12, "frames_out": 12}


@pytest.mark.parametrize(
    ("words", "source"),
    [
        (["--input", "a.avi", "--input", "b.avi"], ["a.avi", "b.avi"]),
        (["--set", "inputs=[a.avi, 1]"], ["a.avi", 1]),
        (["--set", "inputs=[a.avi, b.avi]", "--input", "c.avi"], "c.avi"),
        (["--set", "movie_input=d.avi"], "d.avi"),
    ],
)
def test_the_scripts_take_one_or_several(
    words: List[str], source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from splitdet.cli import run

    asked: List[Any] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "_run", lambda options, config, source, sink: asked.append(source) or 0)
    with pytest.raises(SystemExit):
        run.script("video", words)
    assert asked == [source]


def test_one_that_is_not_there_at_the_start_is_refused(
    videos: List[Path], tiny_model: Path, tmp_path: Path
) -> None:
    words = ("run", videos[0], "none", "--also", "none.avi", "--model", tiny_model)
    done = call_here(*words, folder=tmp_path)
    assert done.returncode == 2
    assert "none.avi: no such file or folder" in done.stderr


def test_cameras_and_files_together_need_a_policy(videos: List[Path], tmp_path: Path) -> None:
    done = call_here("run", videos[0], "none", "--also", "rtsp://127.0.0.1:9/none", folder=tmp_path)
    assert done.returncode == 2
    assert "policy must be lossless or latest" in done.stderr
