"""`splitdet models list` and `splitdet models get`, with models of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import pytest

from model_folders import QUANTIZED, put
from places import MODEL
from splitdet.cli.main import dispatch
from splitdet.errors import ModelError
from splitdet.zoo.find import SHAPES
from splitdet.zoo.manifest import names

pytestmark = pytest.mark.usefixtures("working_folder")


def _listed(capsys: pytest.CaptureFixture[str]) -> Dict[str, List[str]]:
    """What the command prints, by the first column; columns are two spaces apart at least."""
    assert dispatch(["models", "list"]) == 0
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    return {row[0]: [cell.strip() for cell in row[1:] if cell] for row in rows}


def test_the_table_has_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert _listed(capsys)["name"] == ["type", "anchors", "size", "installed"]


def test_every_model_of_the_zoo_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(_listed(capsys)) == ["name", *names(), SHAPES]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        (MODEL, ["nms_v2", "1917", "300x300", "no"]),
        ("faster_rcnn_resnet50_coco_2018_01_28", ["faster_v2", "-", "600 to 1024", "no"]),
        ("deeplabv3_mnv2_pascal_train_aug_2018_01_29", ["deeplab_v3", "-", "513", "no"]),
    ],
)
def test_a_row_tells_type_anchors_size_and_whether_it_is_here(
    capsys: pytest.CaptureFixture[str], name: str, cells: List[str]
) -> None:
    assert _listed(capsys)[name] == cells


@pytest.mark.parametrize(
    ("folder", "name"),
    [(MODEL, MODEL), (QUANTIZED + "18", QUANTIZED + "18"), (QUANTIZED + "03", QUANTIZED + "18")],
)
def test_an_installed_model_is_marked_under_its_published_name(
    capsys: pytest.CaptureFixture[str], folder: str, name: str
) -> None:
    put(f"models/{folder}/frozen_inference_graph.pb")
    rows = _listed(capsys)
    assert [one for one, cells in rows.items() if cells[-1] == "yes"] == [name, SHAPES]
    assert len(rows) == 2 + len(names())


def test_a_model_of_ones_own_is_listed_with_what_its_manifest_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("models/mine/manifest.yml", "model_type: nms_v1\nanchors: 2034\ninput_size_px: [320, 512]\n")
    assert _listed(capsys)["mine"] == ["nms_v1", "2034", "320x512", "no"]


def test_a_graph_without_a_manifest_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    put("models/mine/my.pb")
    assert _listed(capsys)["mine"] == ["auto", "-", "-", "yes"]


def test_a_wrong_manifest_is_told_and_the_others_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("models/mine/manifest.yml", "label: coco\n")
    put("models/yours/my.pb")
    assert dispatch(["models", "list"]) == 0
    output = capsys.readouterr()
    assert "\nyours " in output.out
    assert str(Path("models/mine/manifest.yml")) + ": unknown key 'label'" in output.err


def test_get_prints_where_a_model_of_ones_own_is(capsys: pytest.CaptureFixture[str]) -> None:
    put("models/mine/manifest.yml", "url: https://host.invalid/my.pb\n")
    put("models/mine/my.pb")
    assert dispatch(["models", "get", "mine"]) == 0
    assert capsys.readouterr().out == str(Path("models/mine/my.pb")) + "\n"


def test_get_refuses_a_wrong_manifest() -> None:
    put("models/mine/manifest.yml", "url: ftp://host/my.pb\n")
    with pytest.raises(ModelError, match=r"manifest\.yml: url: expects https://"):
        dispatch(["models", "get", "mine"])
