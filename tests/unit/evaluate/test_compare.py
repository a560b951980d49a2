"""Tables of several evaluations."""

from __future__ import annotations

import pytest

from labelled import evaluated
from splitdet.errors import ConfigError
from splitdet.evaluate.compare import (
    LIMITS,
    Row,
    as_records,
    as_table,
    combinations,
    difference,
    verdict,
    with_reference,
)

REFERENCE = Row({"engine": "tensorflow", "precision": "fp32"}, "fp32", evaluated(0.3))


def test_every_combination_is_made_the_last_key_fastest() -> None:
    assert combinations(["engine=tensorflow,openvino", "precision=fp32,int8"]) == [
        {"engine": "tensorflow", "precision": "fp32"},
        {"engine": "tensorflow", "precision": "int8"},
        {"engine": "openvino", "precision": "fp32"},
        {"engine": "openvino", "precision": "int8"},
    ]


@pytest.mark.parametrize("words", [["engine"], ["=a"], ["engine=a,"], ["nms=fast", "nms=graph"]])
def test_what_is_no_combination_is_refused(words: list) -> None:
    with pytest.raises(ConfigError, match="--compare"):
        combinations(words)


def test_the_reference_comes_first_and_once() -> None:
    base = {"engine": "auto", "precision": "fp32"}
    reference = {"engine": "tensorflow", "precision": "fp32"}
    variants = [{"engine": "openvino"}, {"engine": "tensorflow"}]
    assert with_reference(variants, base, "tensorflow") == [reference, {"engine": "openvino"}]
    assert with_reference([{"nms": "graph"}], base, "tensorflow") == [reference, {"nms": "graph"}]


@pytest.mark.parametrize(("precision", "limit"), [("fp32", 0.0005), ("fp16", 0.002), ("int8", 0.01)])
def test_the_table_says_whether_a_row_is_within_its_limit(precision: str, limit: float) -> None:
    assert LIMITS[precision] == limit
    for change, word in ((0.9, "within"), (1.1, "NOT within")):
        for sign in (1, -1):
            row = Row({"precision": precision}, precision, evaluated(0.3 + sign * change * limit))
            assert verdict(row, REFERENCE) == f"{word} {limit:g}, the limit of {precision}"
            assert f" {word} {limit:g}" in as_table([REFERENCE, row])


def test_a_row_that_did_not_run_has_its_reason() -> None:
    row = Row({"precision": "int8"}, "int8", None, "not possible: no | such precision")
    assert difference(row, REFERENCE) is None
    last = as_table([REFERENCE, row]).splitlines()[-1]
    assert last == r"| precision=int8 | - | - | - | - | - | - | not possible: no \| such precision |"


def test_rows_that_begin_at_other_scores_are_not_compared() -> None:
    row = Row({"split_model": "False"}, "fp32", evaluated(0.27, begins=0.3))
    assert verdict(row, REFERENCE).startswith("not comparable: boxes from 0.3 on")
    assert difference(row, REFERENCE) is None


def test_without_a_reference_there_is_nothing_to_compare_with() -> None:
    missing = REFERENCE._replace(record=None, reason="not possible: TensorFlow does not load")
    row = Row({"engine": "openvino"}, "fp32", evaluated(0.3))
    assert verdict(row, missing) == "the reference did not run"
    assert "0.3000" in as_table([missing, row])


def test_the_table_and_the_json_have_the_same_figures() -> None:
    row = Row({"engine": "openvino", "precision": "bf16"}, "bf16", evaluated(0.2993))
    head, _, first, second = as_table([REFERENCE, row]).splitlines()
    assert head.startswith("| settings | mAP | AP50 | mAP deployed | difference | FPS | size, MB |")
    assert first.endswith("| +0.0000 | 12.3 | 18.7 | reference |")
    assert second.startswith("| engine=openvino precision=bf16 | 0.2993 | 0.5000 | 0.2500 | -0.0007 |")
    assert as_records([REFERENCE, row])[1]["difference"] == pytest.approx(-0.0007)


def test_segments_have_columns_of_their_own() -> None:
    of_segments = {**evaluated(None), "segments": {"mIoU": 0.7, "pixel_accuracy": 0.9}}
    lines = as_table([REFERENCE._replace(record=of_segments)]).splitlines()
    assert lines[0].startswith("| settings | mIoU | pixel accuracy | difference |")
    assert "| 0.7000 | 0.9000 | +0.0000 |" in lines[2]
