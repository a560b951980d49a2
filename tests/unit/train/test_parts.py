"""What a divided dataset is used for: train to learn from, val to validate with, test to judge by."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import List, Tuple

import numpy as np
import pytest

from datasets import LABELS, pixels, record, write
from splitdet.cli.main import dispatch
from splitdet.cli.train import _pictures, _report
from splitdet.data.label_map import LABEL_MAP
from splitdet.errors import DataError, TrainError
from splitdet.train.samples import Sample
from splitdet.train.settings import TrainSettings
from splitdet.types import Detections

for package in ("PIL", "defusedxml"):  # they come with the extra `train`
    pytest.importorskip(package)


def _parts(data: Path, val: str = "", test: str = "") -> Tuple[List[str], List[str], List[str]]:
    options = Namespace(data=str(data), val=val, test=test)
    pictures, judged, _ = _pictures(options, TrainSettings())
    train, validation, held_out = (
        sorted(sample.name for sample in some) for some in (pictures.train, pictures.validation, judged)
    )
    return train, validation, held_out


def _divided(folder: Path, *parts: str) -> Path:
    return write(folder, "voc", [record(number, part=part) for number, part in enumerate(parts)])


def test_each_part_has_its_use(tmp_path: Path) -> None:
    data = _divided(tmp_path / "data", "train", "train", "val", "test")
    assert _parts(data) == (["train/p0.jpg", "train/p1.jpg"], ["val/p2.jpg"], ["test/p3.jpg"])


def test_without_a_part_for_it_some_pictures_are_kept_for_validation(tmp_path: Path) -> None:
    train, validation, held_out = _parts(_divided(tmp_path / "data", "train", "train", "test"))
    assert (len(train), len(validation), held_out) == (1, 1, ["test/p2.jpg"])
    assert train != validation


def test_datasets_that_are_named_take_the_place_of_parts(tmp_path: Path) -> None:
    data = _divided(tmp_path / "data", "train", "val", "test")
    other = _divided(tmp_path / "other", "")
    assert _parts(data, str(other), str(other)) == (["train/p0.jpg"], ["p0.jpg"], ["p0.jpg"])


def test_a_dataset_of_the_wrong_name_is_learned_from_all_the_same(tmp_path: Path) -> None:
    train, validation, _ = _parts(_divided(tmp_path / "data", "val", "val"))
    assert (len(train), len(validation)) == (1, 1)


def test_pictures_without_boxes_are_nothing_to_learn(tmp_path: Path) -> None:
    data = write(tmp_path / "data", "voc", [record(0, ()), record(1, ())])
    (data / LABEL_MAP).unlink()  # so it has no classes either
    with pytest.raises(DataError, match=r"data: none of the 1 pictures to learn from has a box; put"):
        _parts(data)


def test_boxes_in_other_parts_are_nothing_to_learn(tmp_path: Path) -> None:
    content = [record(0, (), "train"), record(1, (), "train"), record(2, part="val")]
    data = write(tmp_path / "data", "voc", content)
    with pytest.raises(DataError, match=r"none of the 2 pictures to learn from has a box"):
        _parts(data)


def test_test_pictures_without_objects_have_a_score(capsys: pytest.CaptureFixture[str]) -> None:
    class Blind:
        def detect(self, images: List[np.ndarray]) -> List[Detections]:
            return [Detections.none() for _ in images]

    nothing = Sample("a", partial(pixels, 0), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    _report(Blind(), [nothing, nothing], LABELS, batch=8)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split(" ", 1)[1].strip() == "AP50 0.0000 on 2 pictures, none of them with an object"


@pytest.mark.parametrize("name", ["last.npz", "best.npz"])
def test_a_run_is_not_trained_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a run")
    with pytest.raises(TrainError) as caught:
        dispatch(["train", "shapes:4", "--out", str(tmp_path)])
    message = "holds a run: --resume goes on with it, --out another folder begins anew"
    assert str(caught.value) == f"{tmp_path} {message}"
    assert (tmp_path / name).read_bytes() == b"a run"
