"""The combinations that are measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from places import GRAPH_FILE
from segmenter_graphs import write_segmenter
from splitdet.bench.case import Case, matrix
from splitdet.bench.subject import subject
from splitdet.config import load_config
from splitdet.errors import ConfigError

BOTH = [("tensorflow", True), ("tensorflow", False)]


def test_every_combination_is_made_with_split_and_not_split_side_by_side() -> None:
    cases = matrix([("m", BOTH)], ["160x120", "source"], ["off"], [{}])
    assert [(case.split, case.size) for case in cases] == [
        *((True, "160x120"), (False, "160x120")),
        *((True, "source"), (False, "source")),
    ]
    assert [case.size_px for case in cases][1:3] == [(120, 160), None]


def test_engines_that_run_no_whole_graph_are_measured_split_alone(tiny_model: Path) -> None:
    name = str(tiny_model)
    assert subject(name, ["tensorflow", "auto"], None) == (name, [*BOTH, ("auto", True)])
    assert subject(name, ["openvino"], ["no"]) == (name, [])


def test_what_has_no_cut_is_measured_whole_whatever_was_asked_for(tmp_path: Path) -> None:
    name = str(write_segmenter(tmp_path / GRAPH_FILE))
    assert subject(name, ["tensorflow", "openvino"], ["yes"]) == (
        name,
        [("tensorflow", False), ("openvino", False)],
    )


@pytest.mark.parametrize(
    ("display", "wanted"),
    [
        ("off", (False, False, 0)),
        ("inline", (True, False, 0)),
        ("inline@30", (True, False, 30)),
        ("worker@60", (True, True, 60)),
    ],
)
def test_a_case_becomes_settings_of_a_run(display: str, wanted: Any) -> None:
    case = Case("m", "tensorflow", False, "8x8", display, {"accelerator_feeders": "3"})
    config = load_config(None, case.overrides, environment={})
    assert (config.visualize, config.vis_worker, config.max_vis_fps) == wanted
    assert (config.model_path, config.engine, config.split_model) == ("m", "tensorflow", False)
    assert config.accelerator_feeders == 3


@pytest.mark.parametrize(
    ("sizes", "displays"),
    [(["12"], ["off"]), (["0x5"], ["off"]), (["8x8"], ["off@30"]), (["8x8"], ["window"])],
)
def test_what_is_no_size_or_display_is_refused(sizes: List[str], displays: List[str]) -> None:
    with pytest.raises(ConfigError, match="expects"):
        matrix([("m", BOTH)], sizes, displays, [{}])
