"""The kernels of the TensorRT engine, against what runs on the CPU elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Tuple

import numpy as np
import pytest

from kernels_on_cpu import CpuKernels
from splitdet.engines.tensorrt.kernels.compile import RESULT, compile_kernels, stamp
from splitdet.engines.tensorrt.kernels.suppress import CAPACITY, can_suppress
from splitdet.nms import Clip, NmsSettings, Ties, suppress
from splitdet.resize import resize_batch
from splitdet.types import Detections

SETTINGS = NmsSettings(score_threshold=0.2, iou_threshold=0.6, max_per_class=100, max_total=100)


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory: pytest.TempPathFactory) -> CpuKernels:
    return CpuKernels(tmp_path_factory.mktemp("kernels"))


def _frames(seed: int, rows: int = 60, classes: int = 5, own_boxes: bool = False) -> Tuple[Any, Any]:
    """Scores and boxes of three frames, with equal scores and boxes that reach out of the frame."""
    random = np.random.RandomState(seed)
    scores = np.round(random.uniform(0, 1, (3, rows, classes)) ** 3, 2).astype(np.float32)
    centres = random.uniform(0, 1, (3, rows, classes if own_boxes else 1, 2))
    sizes = random.uniform(-0.02, 0.5, centres.shape)
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], 3).astype(np.float32)
    return scores, boxes


def _equal(found: Tuple[np.ndarray, ...], row: int, expected: Detections) -> None:
    number = found[1][row]
    np.testing.assert_array_equal(found[2][row, :number], expected.boxes)
    np.testing.assert_array_equal(found[3][row, :number], expected.scores)
    np.testing.assert_array_equal(found[4][row, :number] + 1, expected.classes)


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        *[((720, 1280), (300, 300)), ((300, 300), (300, 300)), ((96, 64), (300, 300))],
        *[((1, 1), (7, 5)), ((480, 640), (640, 640)), ((333, 517), (299, 301))],
    ],
)
def test_frames_are_resized_to_the_bit(
    on_cpu: CpuKernels, frame: Tuple[int, int], size: Tuple[int, int]
) -> None:
    random = np.random.RandomState(0)
    images = [random.randint(0, 256, (*frame, 3)).astype(np.uint8) for _ in range(2)]
    np.testing.assert_array_equal(on_cpu.resize(images, size), resize_batch(images, size))


def test_frames_that_are_rgb_already_keep_their_channels(on_cpu: CpuKernels) -> None:
    image = np.random.RandomState(0).randint(0, 256, (96, 64, 3)).astype(np.uint8)
    turned = np.ascontiguousarray(image[..., ::-1])
    expected = resize_batch([image], (300, 300))
    np.testing.assert_array_equal(on_cpu.resize([turned], (300, 300), is_rgb=True), expected)


@pytest.mark.parametrize("seed", range(40))
def test_the_same_boxes_are_kept_to_the_bit(on_cpu: CpuKernels, seed: int) -> None:
    scores, boxes = _frames(seed, own_boxes=seed % 2 == 1)
    found = on_cpu.suppress(scores, boxes, SETTINGS, 0.0)
    for row in range(3):
        expected = suppress(boxes[row], scores[row], np.array([0, 0, 1, 1], np.float32), SETTINGS)
        assert expected is not None
        assert len(expected) > 10
        _equal(found, row, expected)


@pytest.mark.parametrize(
    "change",
    [
        *[{"max_per_class": 3}, {"max_total": 7}, {"max_per_class": 2, "max_total": 5}],
        *[{"clip": Clip.NEVER}, {"drops_flat": False}, {"iou_threshold": 0.0}, {"iou_threshold": 1.0}],
    ],
)
def test_limits_and_steps_are_those_of_the_settings(on_cpu: CpuKernels, change: Any) -> None:
    settings = NmsSettings(**{**vars(SETTINGS), **change})
    scores, boxes = _frames(5)
    found = on_cpu.suppress(scores, boxes, settings, 0.0)
    for row in range(3):
        expected = suppress(boxes[row], scores[row], np.array([0, 0, 1, 1], np.float32), settings)
        assert expected is not None
        _equal(found, row, expected)


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_overlaps_next_to_the_threshold_are_decided_alike(on_cpu: CpuKernels, step: int) -> None:
    boxes = np.array([[[0, 0, 1, 1]], [[0, 0, 0.5, 1]]], np.float32)[np.newaxis]
    boxes[0, 1, 0, 2] = np.nextafter(np.float32(0.6), np.float32(step)) if step else np.float32(0.6)
    scores = np.array([[[0.9], [0.8]]], np.float32)
    expected = suppress(boxes[0], scores[0], np.array([0, 0, 1, 1], np.float32), SETTINGS)
    assert expected is not None
    _equal(on_cpu.suppress(scores, boxes, SETTINGS, 0.0), 0, expected)


def test_scores_that_nobody_wants_are_not_looked_at(on_cpu: CpuKernels) -> None:
    scores, boxes = _frames(1)
    found = on_cpu.suppress(scores, boxes, SETTINGS, 0.5)
    expected = suppress(boxes[0], scores[0], np.array([0, 0, 1, 1], np.float32), SETTINGS, 0.5)
    assert expected is not None
    _equal(found, 0, expected)


def test_a_frame_with_nothing_in_it_gives_nothing(on_cpu: CpuKernels) -> None:
    scores, boxes = _frames(1)
    scores[1] = 0
    found = on_cpu.suppress(scores, boxes, SETTINGS, 0.0)
    assert found[1][1] == 0
    assert found[1][0] > 0


def test_a_frame_with_too_many_candidates_is_left_to_the_host(on_cpu: CpuKernels) -> None:
    scores, boxes = _frames(1, rows=CAPACITY // 4, classes=5)
    scores[1] = 0.9
    assert on_cpu.suppress(scores, boxes, SETTINGS, 0.5)[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize("edge", [np.nan, np.inf, -np.inf, 1e-35, 1e20])
def test_a_frame_with_unusual_numbers_is_left_to_the_host(on_cpu: CpuKernels, edge: float) -> None:
    scores, boxes = _frames(1)
    boxes[1, 3, 0, 0] = edge
    scores[1, 3, 0] = 0.9
    settings = NmsSettings(**{**vars(SETTINGS), "clip": Clip.NEVER})
    assert on_cpu.suppress(scores, boxes, settings, 0.0)[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "change",
    [
        *[{"ties": Ties.UNSPECIFIED}, {"clip": Clip.AFTER}, {"equal_suppresses": True}],
        *[{"repeats_flat": True}, {"window": (0.0, 0.0, 0.5, 1.0)}],
    ],
)
def test_what_the_kernels_do_not_do_is_known(change: Any) -> None:
    assert can_suppress(SETTINGS)
    assert not can_suppress(NmsSettings(**{**vars(SETTINGS), **change}))


def test_the_compiled_kernels_are_those_of_the_source() -> None:
    assert RESULT.read_text().splitlines()[0] == stamp()


def test_the_compiler_gives_the_kernels_that_are_shipped() -> None:
    try:
        with ThreadPoolExecutor(1) as thread:  # NVRTC leaves the thread that calls it in another locale
            compiled = thread.submit(compile_kernels).result()
    except (ImportError, OSError):
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu11")
    assert compiled == RESULT.read_text()
