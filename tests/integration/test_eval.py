"""`splitdet eval` on small datasets whose ground truth is what the plain graph finds."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import cv2
import numpy as np
import pytest

from commands import call, call_here
from labelled import SIZE_PX, evaluated, write_json, write_pictures
from reference import MASK_OUTPUTS, PlainSession, resized_for_segmenter
from segmenter_graphs import write_segmenter
from splitdet.cli.main import dispatch
from splitdet.errors import ConfigError, DataError, ExtraError, SplitdetError
from splitdet.evaluate.compare import Row
from two_stage_graphs import write_two_stage

pytest.importorskip("pycocotools")
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

PICTURES = 6
LABELS = {"1": "cat", "2": "dog", "3": "bird"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures and a label map."""
    folder = tmp_path_factory.mktemp("dataset")
    write_pictures(folder / "images", PICTURES)
    write_json(folder / "labels.json", LABELS)
    return folder


@pytest.fixture(scope="module")
def dataset(place: Path, tiny_model: Path) -> Path:
    """A COCO file with what the whole, untouched graph of the tiny model finds."""
    return label_by(PlainSession(tiny_model), place, "instances.json")


def label_by(session: PlainSession, place: Path, name: str) -> Path:
    """Write a COCO file with all that a graph finds; its classes have the names of `LABELS`."""
    height, width = SIZE_PX
    annotations: List[Dict[str, Any]] = []
    for number in range(1, PICTURES + 1):
        picture = cv2.imread(str(place / "images" / f"{number}.png"))
        boxes, _, classes, *masks = session(picture)
        for row, (box, class_id) in enumerate(zip((boxes * ([height, width] * 2)).tolist(), classes)):
            sides = [box[3] - box[1], box[2] - box[0]]
            annotation = {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": int(class_id),
                "bbox": [box[1], box[0], *sides],
                "area": sides[0] * sides[1],
                "iscrowd": 0,
            }
            if masks:
                annotation["segmentation"] = run_lengths(masks[0][row], boxes[row])
            annotations.append(annotation)
    content = {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": width, "height": height}
            for number in range(1, PICTURES + 1)
        ],
        "categories": [{"id": int(class_id), "name": word} for class_id, word in LABELS.items()],
        "annotations": annotations,
    }
    return write_json(place / name, content)


def run_lengths(grid: np.ndarray, box: np.ndarray) -> Any:
    """A mask over a box as COCO has it, by `splitdet.masks`, which is tested elsewhere."""
    from splitdet.masks import place_mask

    full = np.zeros(SIZE_PX, np.uint8, order="F")
    rows, columns, inside = place_mask(grid, box, *SIZE_PX)
    full[rows, columns] = inside
    encoded = coco_mask.encode(full)
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


@pytest.fixture
def evaluate(place: Path, tmp_path: Path) -> Callable[..., Dict[str, Any]]:
    """Runs `splitdet eval` in this process, by TensorFlow; what it wrote as JSON."""

    def run(*arguments: Any) -> Dict[str, Any]:
        words = ["eval", "--json", tmp_path / "eval.json", "--set", "engine=tensorflow"]
        words += ["--set", f"label_path={place / 'labels.json'}", "--speed-s", "0", *arguments]
        assert dispatch([str(word) for word in words]) == 0
        record: Dict[str, Any] = json.loads((tmp_path / "eval.json").read_text())
        return record

    return run


def test_the_split_model_finds_all_that_its_whole_graph_finds(
    evaluate: Any, tiny_model: Path, dataset: Path, capsys: pytest.CaptureFixture
) -> None:
    record = evaluate("--model", tiny_model, "--dataset", dataset, "--set", "det_th=0.3")
    for figures in (record["boxes"], record["boxes_deployed"]):
        assert (figures["AP"], figures["AP50"]) == pytest.approx((1, 1))
    assert record["voc"] == pytest.approx({"AP07": 1, "AP10": 1})
    for one in record["classes"]:
        assert (one["precision"], one["recall"]) == (1, 1)
    counts = {one["name"]: {one["name"]: one["objects"]} for one in record["classes"]}
    assert record["confusion"] == counts
    assert record["objects"] > 3 * PICTURES
    assert record["thresholds"] == {"evaluated_from": 1e-8, "exported": 0.3, "deployed": 0.3}
    assert record["network_bytes"] > 1000
    assert "| boxes from 1e-08 on | 1.0000 | 1.0000 |" in capsys.readouterr().out


def test_figures_are_those_of_pycocotools_on_the_same_results(
    evaluate: Any, tiny_model: Path, dataset: Path, tmp_path: Path
) -> None:
    spoilt = json.loads(dataset.read_text())
    for annotation in spoilt["annotations"][::2]:
        annotation["bbox"][2] *= 0.8
    file = write_json(dataset.with_name("spoilt.json"), spoilt)
    results = tmp_path / "results.json"
    record = evaluate("--model", tiny_model, "--dataset", file, "--save-results", results)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(file))
        expected = COCOeval(truth, truth.loadRes(str(results)), "bbox")
        expected.evaluate()
        expected.accumulate()
        expected.summarize()
    stats = [value if value >= 0 else None for value in expected.stats.tolist()]
    assert list(record["boxes"].values()) == pytest.approx(stats, abs=1e-6)
    assert 0.3 < record["boxes"]["AP"] < 0.95
    again = evaluate("--results", results, "--dataset", file)
    assert list(again["boxes"].values()) == pytest.approx(stats, abs=1e-6)


def test_the_json_lines_of_a_run_give_what_is_deployed(
    evaluate: Any, tiny_model: Path, dataset: Path, tmp_path: Path
) -> None:
    found = tmp_path / "found.jsonl"
    done = call_here(
        *("run", dataset.parent / "images", "none", "--model", tiny_model, "--json", found),
        *("--set", "det_th=0.7", "--set", f"label_path={dataset.parent / 'labels.json'}"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    of_lines = evaluate("--results", found, "--dataset", dataset)
    of_model = evaluate("--model", tiny_model, "--dataset", dataset, "--set", "det_th=0.7")
    assert of_lines["boxes"] == pytest.approx(of_model["boxes_deployed"], abs=1e-6)
    assert of_lines["boxes"]["AP"] < of_model["boxes"]["AP"]


def test_an_nms_of_the_graph_itself_is_evaluated_from_its_own_score_on(
    evaluate: Any, tiny_model: Path, dataset: Path
) -> None:
    words = ("--model", tiny_model, "--dataset", dataset, "--set", "split_model=False")
    record = evaluate(*words)
    assert record["thresholds"] == {"evaluated_from": 0.3, "exported": 0.3, "deployed": 0.5}
    assert record["boxes"]["AP"] == pytest.approx(1)


def test_the_speed_and_the_charts_are_there_when_they_are_asked_for(
    evaluate: Any, tiny_model: Path, dataset: Path, tmp_path: Path
) -> None:
    record = evaluate(
        *("--model", tiny_model, "--dataset", dataset, "--limit", 2, "--speed-s", 0.1),
        *("--charts", tmp_path / "charts", "--markdown", tmp_path / "new" / "eval.md"),
    )
    assert record["pictures"] == 2
    assert record["fps"] > 0
    assert {file.name for file in (tmp_path / "charts").iterdir()} == {
        *("precision_recall.png", "confusion.png")
    }
    assert "pictures a second" in (tmp_path / "new" / "eval.md").read_text()


def test_masks_have_figures_of_their_own(evaluate: Any, place: Path, tmp_path: Path) -> None:
    graph = write_two_stage(tmp_path / "mask.pb", masks=True)
    file = label_by(PlainSession(graph, MASK_OUTPUTS), place, "masks.json")
    record = evaluate("--model", graph, "--dataset", file)
    assert record["masks"]["AP"] == pytest.approx(1)
    assert record["thresholds"]["evaluated_from"] is None  # it is not cut, so nobody reads its NMS


def test_masks_have_the_same_figures_where_the_file_tells_no_sizes(
    evaluate: Any, place: Path, tmp_path: Path
) -> None:
    graph = write_two_stage(tmp_path / "mask.pb", masks=True)
    content = json.loads(label_by(PlainSession(graph, MASK_OUTPUTS), place, "masks.json").read_text())
    for annotation in content["annotations"]:
        left, top, width, height = annotation["bbox"]
        right, bottom = left + width, top + height
        annotation["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
    words = ("--model", graph, "--dataset")
    told = evaluate(*words, write_json(place / "told.json", content))["masks"]
    for image in content["images"]:
        del image["width"], image["height"]
    assert evaluate(*words, write_json(place / "untold.json", content))["masks"] == told
    assert told["AP"] > 0.1


def test_segmenters_have_a_mean_iou(evaluate: Any, place: Path, tmp_path: Path) -> None:
    graph = write_segmenter(tmp_path / "segmenter.pb")
    session = PlainSession(graph, ["SemanticPredictions:0"], "ImageTensor:0")
    (place / "SegmentationClass").mkdir()
    wrong = 0
    for number in range(1, PICTURES + 1):
        picture = cv2.imread(str(place / "images" / f"{number}.png"))
        (pixels,) = session.run(resized_for_segmenter(picture, 65))
        size = (SIZE_PX[1], SIZE_PX[0])
        true = cv2.resize(pixels[0].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        if number == 1:  # an eighth of one picture is labelled as what the model never says
            true[:, :10] = 77
            wrong = true[:, :10].size
        cv2.imwrite(str(place / "SegmentationClass" / f"{number}.png"), true)
    record = evaluate("--model", graph, "--dataset", place)
    total = PICTURES * SIZE_PX[0] * SIZE_PX[1]
    assert record["segments"]["pixel_accuracy"] == pytest.approx(1 - wrong / total)
    assert record["segments"]["classes"]["77"] == 0
    assert 0.5 < record["segments"]["mIoU"] < 1


def _missing_picture(content: Dict[str, Any]) -> None:
    content["images"][2]["file_name"] = "nowhere.png"


def _unknown_category(content: Dict[str, Any]) -> None:
    content["annotations"][0]["category_id"] = 99


def _empty(content: Dict[str, Any]) -> None:
    content["annotations"] = []


def _other_classes(content: Dict[str, Any]) -> None:
    content["categories"] = [{"id": number, "name": f"card {number}"} for number in (1, 2, 3)]


def _other_size(content: Dict[str, Any]) -> None:
    content["images"][2]["width"] = 600


def _no_picture(content: Dict[str, Any]) -> None:
    content["images"][2]["file_name"] = "../labels.json"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_missing_picture, r"nowhere.png is not there \(1 of 6 pictures are missing\)"),
        (_unknown_category, "category_id 99 is not among its categories"),
        (_empty, "no object is labelled in any of its 6 pictures"),
        (_other_classes, r"its classes \(card 1, card 2, card 3\) are none of the model's"),
        (_other_size, "is 80x60, but its annotation is for 600x60"),
        (_no_picture, "labels.json: not a readable picture"),
    ],
)
def test_broken_ground_truth_ends_in_one_line(
    spoil: Callable[[Dict[str, Any]], None], message: str, evaluate: Any, tiny_model: Path, dataset: Path
) -> None:
    content = copy.deepcopy(json.loads(dataset.read_text()))
    spoil(content)
    file = write_json(dataset.with_name("broken.json"), content)
    with pytest.raises(DataError, match=message) as caught:
        evaluate("--model", tiny_model, "--dataset", file)
    assert "\n" not in str(caught.value)


def test_the_command_ends_with_exit_code_2_and_that_line(tmp_path: Path) -> None:
    done = call("eval", "--dataset", "nowhere.json", "--results", "found.json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: nowhere.json: no such file or folder\n"


@pytest.mark.parametrize("words", [("--limit", "-1"), ("--compare", "nms=fast", "--results", "a.json")])
def test_options_that_make_no_sense_are_refused(words: Any, evaluate: Any, dataset: Path) -> None:
    with pytest.raises(SplitdetError):
        evaluate("--dataset", dataset, *words)


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1"])
def test_a_speed_is_measured_for_a_finite_time(seconds: str, evaluate: Any, dataset: Path) -> None:
    with pytest.raises(ConfigError, match="--speed-s a finite number of seconds"):
        evaluate("--dataset", dataset, "--speed-s", seconds)


@pytest.mark.parametrize("word", ["precision=FP16", "precision_model=fp16"])
def test_a_row_is_judged_by_its_precision_however_that_is_written(
    word: str, evaluate: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    precisions = []

    def run_variant(settings: Dict[str, str], precision: str, options: List[str]) -> Row:
        precisions.append(precision)
        return Row(settings, precision, evaluated(0.3))

    monkeypatch.setattr("splitdet.evaluate.compare.run_variant", run_variant)
    evaluate("--model", tiny_model, "--dataset", "nowhere.json", "--compare", word)
    assert precisions == ["fp32", "fp16"]
    assert "| within 0.002, the limit of fp16 |" in capsys.readouterr().out


def test_a_comparison_with_a_value_that_is_none_does_not_begin(
    evaluate: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitdet.evaluate.compare.run_variant", None)
    words = ("--dataset", "nowhere.json", "--compare", "precision=fp32,fp17")
    with pytest.raises(ConfigError, match="precision=fp17: precision: expects one of fp32"):
        evaluate("--model", tiny_model, *words)


@pytest.mark.parametrize("module", ["pycocotools.cocoeval", "matplotlib.figure"])
def test_a_missing_extra_is_named_before_the_model_is_opened(
    module: str, evaluate: Any, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraError, match=r"pip install 'splitdet\[eval\]'"):
        evaluate("--dataset", dataset, "--model", "nowhere.pb", "--charts", tmp_path / "charts")


@pytest.mark.slow
def test_a_comparison_shows_what_runs_and_why_the_rest_does_not(
    tiny_model: Path, dataset: Path, tmp_path: Path
) -> None:
    done = call_here(
        *("eval", "--model", tiny_model, "--dataset", dataset, "--speed-s", "0.1", "--limit", "2"),
        *("--set", f"label_path={dataset.parent / 'labels.json'}", "--json", "table.json"),
        *("--compare", "split_model=false", "precision=fp32,int8"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[2].startswith("| engine=tensorflow precision=fp32 | 1.0000 | 1.0000 |")
    assert lines[2].endswith("| reference |")
    assert "| 1.0000 | 1.0000 |" in lines[3]
    assert "not comparable: boxes from 0.3 on" in lines[3]
    assert "| - | not possible: engine tensorflow has no precision int8" in lines[4]
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert [row["evaluation"] is not None for row in rows] == [True, True, False]
    assert rows[0]["difference"] == 0
