"""Pictures of scores."""

from __future__ import annotations

from pathlib import Path
from typing import List

import cv2
import pytest

from labelled import dataset, found, true
from splitdet.config import make_config
from splitdet.evaluate.evaluate import Evaluation, box_scores
from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.truth import GroundTruth

pytest.importorskip("matplotlib")
pytest.importorskip("pycocotools")
from splitdet.evaluate.charts import SHOWN_CLASSES, write_charts


def evaluation(truth: GroundTruth, some: List[FoundObject]) -> Evaluation:
    return Evaluation(make_config(), truth, some, box_scores(truth, some, 0.5))


def test_both_pictures_are_written_and_show_something(tmp_path: Path) -> None:
    truth = dataset([true(1, 0, 0, 20, 20), true(2, 40, 0, 20, 20)])
    files = write_charts(tmp_path / "a" / "b", evaluation(truth, [found(1, 1, 0.9, 0, 0, 20, 20)]))
    assert [file.name for file in files] == ["precision_recall.png", "confusion.png"]
    for file in files:
        picture = cv2.imread(str(file))
        assert min(picture.shape[:2]) > 300
        assert picture.std() > 10


def test_a_model_that_finds_nothing_can_be_drawn(tmp_path: Path) -> None:
    for file in write_charts(tmp_path, evaluation(dataset([true(1, 0, 0, 20, 20)]), [])):
        assert cv2.imread(str(file)) is not None


def test_more_classes_than_can_be_read_do_not_make_a_larger_picture(tmp_path: Path) -> None:
    sizes = []
    for count in (SHOWN_CLASSES, 4 * SHOWN_CLASSES):
        names = {class_id: f"class ${class_id}" for class_id in range(1, count + 1)}
        objects = [true(class_id, 0, 0, 20, 20) for class_id in names]
        some = [found(1, class_id, 0.9, 0, 0, 20, 20) for class_id in names]
        files = write_charts(tmp_path / str(count), evaluation(dataset(objects, names=names), some))
        sizes.append(cv2.imread(str(files[1])).shape)
    assert sizes[0] == sizes[1]
