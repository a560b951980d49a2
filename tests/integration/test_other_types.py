"""Two-stage detectors and segmenters: in pictures, videos and streams, the same bits everywhere."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
import pytest

import splitdet
from commands import call_here, records
from reference import MASK_OUTPUTS, OUTPUTS, PlainSession, frames_of, resized_for_segmenter
from segmenter_graphs import write_segmenter
from splitdet.detector import Detector
from splitdet.errors import ConfigError
from splitdet.types import Segmentation
from two_stage_graphs import write_two_stage

TYPES = ("faster_v2", "mask_v1", "deeplab_v3")


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a small graph of each type, called as the type."""
    folder = tmp_path_factory.mktemp("graphs")
    write_two_stage(folder / "faster_v2.pb", masks=False)
    write_two_stage(folder / "mask_v1.pb", masks=True)
    write_segmenter(folder / "deeplab_v3.pb")
    return folder


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a server on this machine offers the files of the test's folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("model_type", ["faster_v2", "mask_v1"])
def test_two_stages_give_the_same_bits_split_and_not(
    model_type: str, split: bool, graphs: Path, video: Path
) -> None:
    graph = graphs / f"{model_type}.pb"
    plain = PlainSession(graph, MASK_OUTPUTS if model_type == "mask_v1" else OUTPUTS)
    settings = {"det_th": 0, "split_model": split, "worker_threads": 4}
    found_any = 0
    results = splitdet.stream(video, graph, **settings)
    for (_, found), image in zip(results, frames_of(video, 25)):
        boxes, scores, classes, *masks = plain(image)
        np.testing.assert_array_equal(found.boxes, boxes)
        np.testing.assert_array_equal(found.scores, scores)
        np.testing.assert_array_equal(found.classes, classes)
        if masks:
            np.testing.assert_array_equal(found.masks, masks[0])
        found_any += len(found)
    assert found_any > 25


@pytest.mark.parametrize("model_type", TYPES)
def test_run_image_saves_pictures_at_the_size_of_the_input(
    model_type: str, graphs: Path, pictures: Path, tmp_path: Path
) -> None:
    done = call_here(
        *("run_image.py", "--input", "images", "--model", graphs / f"{model_type}.pb"),
        *("--set", "det_th=0.3", "--set", "region_area_px=20", "--save", "--no-display"),
        folder=tmp_path,
    )
    assert done.returncode == 3, done.stderr  # one of the pictures is broken
    for name in ("b.JPG", "a.png", "deep/c.jpeg", "deep/d.bmp"):
        before = cv2.imread(str(pictures / name))
        after = cv2.imread(str(tmp_path / "output_image/images" / name))
        assert after.shape == before.shape
        assert np.abs(after.astype(int) - before).mean() > 5


@pytest.mark.parametrize("front", ["run_video.py", "run_stream.py"])
@pytest.mark.parametrize("model_type", TYPES)
def test_a_saved_video_has_the_size_and_the_frames_of_its_source(
    model_type: str, front: str, graphs: Path, video: Path, address: str, tmp_path: Path
) -> None:
    source = str(video) if front == "run_video.py" else f"{address}/{video.name}"
    done = call_here(
        *(front, "--input", source, "--model", graphs / f"{model_type}.pb", "--save", "found.avi"),
        *("--set", "policy=lossless", "--set", "det_th=0.3", "--json", "found.jsonl", "--no-display"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert [record["frame"] for record in records(tmp_path / "found.jsonl")] == list(range(25))
    capture = cv2.VideoCapture(str(tmp_path / "found.avi"))
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) == 96
    assert capture.get(cv2.CAP_PROP_FRAME_HEIGHT) == 64
    if front == "run_video.py":  # of a live source, pictures are repeated to keep its pace
        assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 25


def test_segmented_frames_have_shares_in_their_json(graphs: Path, video: Path, tmp_path: Path) -> None:
    done = call_here(
        *("run", video, "none", "--model", graphs / "deeplab_v3.pb", "--json", "found.jsonl"),
        *("--set", "label_path=pascal_voc"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for record in records(tmp_path / "found.jsonl"):
        assert sum(part["share"] for part in record["segmentation"]) == pytest.approx(1.0)
    assert "background" in done.stdout or "aeroplane" in done.stdout


def test_settings_of_old_files_that_do_not_matter_are_noted(
    graphs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    old = {"num_classes": 90, "split_shape": 1917, "model_type": "mask_v1"}
    Detector(graphs / "mask_v1.pb", **old).close()
    assert "split_shape is not used: mask_v1 is not split" in caplog.text
    assert "num_classes is not used: mask_v1 is not split" in caplog.text


def test_a_wrong_class_count_of_a_split_detector_is_refused(graphs: Path) -> None:
    with pytest.raises(ConfigError, match="num_classes is 90, but the graph has 3 classes"):
        Detector(graphs / "faster_v2.pb", num_classes=90)


def test_deeplab_does_not_take_the_names_of_another_data_set(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    graph = write_segmenter(tmp_path / "voc.pb", classes=21)
    with Detector(graph, label_path="models/labels/mscoco_label_map.pbtxt") as detector:
        assert detector.labels[15] == "person"
    assert "using pascal_voc" in caplog.text


def test_as_many_frames_run_side_by_side_as_worker_threads_says(graphs: Path) -> None:
    with Detector(graphs / "mask_v1.pb", worker_threads=3) as detector:
        assert detector.feeders == 3
    with Detector(graphs / "faster_v2.pb", worker_threads=3) as detector:
        assert detector.feeders == 1


@pytest.mark.model
@pytest.mark.zoo
def test_the_real_segmenter_sees_bicycle_car_and_dog(segmenter: Path, shared: Path) -> None:
    image = cv2.imread(str(shared / "images" / "dog.jpg"))
    (pixels,) = PlainSession(segmenter, ["SemanticPredictions:0"], "ImageTensor:0").run(
        resized_for_segmenter(image)
    )
    with Detector(segmenter) as detector:
        found = detector.detect(image)
        labels = detector.labels
    assert isinstance(found, Segmentation)
    np.testing.assert_array_equal(found.pixels, pixels[0])
    assert {labels[class_id] for class_id in found.classes} == {"bicycle", "car", "dog"}
    shares = {labels[class_id]: 100 * share for class_id, share in found.shares().items()}
    known = {"background": 84.8, "bicycle": 4.2, "car": 3.2, "dog": 7.7}
    assert shares == pytest.approx(known, abs=0.3)


@pytest.mark.model
@pytest.mark.zoo
def test_the_imported_segmenter_agrees_with_the_genuine_graph(segmenter: Path, shared: Path) -> None:
    genuine = next((shared / "models" / "deeplabv3_mnv2_pascal").glob("*.pb"))
    with Detector(segmenter) as ours, Detector(genuine) as other:
        for name in ("dog.jpg", "horses.jpg", "person.jpg"):
            image = cv2.imread(str(shared / "images" / name))
            one, two = ours.detect(image), other.detect(image)
            assert np.mean(one.pixels == two.pixels) > 0.9999
