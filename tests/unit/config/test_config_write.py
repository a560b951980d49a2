"""Settings as the text of a config.yml."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict

import pytest
import yaml

from splitdet.config import Config, load_config, make_config
from splitdet.config.write import as_yaml

ROOT = Path(__file__).resolve().parents[3]
PIPELINE = (
    "nvarguscamerasrc ! video/x-raw(memory:NVMM), width=(int)1280, height=(int)720, "
    "format=(string)NV12, framerate=(fraction)30/1 ! nvvidconv ! video/x-raw, format=(string)BGRx ! "
    "appsink drop=1"
)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"camera_input": PIPELINE},
        {"camera_input": "0"},
        {"movie_input": 'it\'s: a "film" # 1.mp4'},
        {"image_input": "bilder/größe/**/*.jpg"},
        {"label_path": "no"},
        {"stall_timeout_s": 1e-1, "max_vis_fps": 1e22},
        {"stall_timeout_s": 1e6},
        {"classes": ["person", "größe", 3, "no", "1"]},
        {"roi": [[0.1, 0.2], [1, 1 / 3], [0.5, 1]]},
        {"visualize": False, "max_frames": 10**9, "model_type": "nms_v1"},
        {"camera": {"kind": "rtsp", "address": 'rtsp://u:"p#"@host/live', "flip": 3, "fps": 29.97}},
    ],
)
def test_written_settings_are_read_back_unchanged(tmp_path: Path, values: Dict[str, Any]) -> None:
    config = make_config(**values)
    file = tmp_path / "config.yml"
    file.write_text(as_yaml(config), encoding="utf-8")
    assert load_config(file, environment={}) == config


def test_the_file_of_the_repository_holds_the_defaults() -> None:
    assert (ROOT / "config.yml").read_text(encoding="utf-8") == as_yaml(Config())


def test_every_key_is_written_once() -> None:
    node = yaml.compose(as_yaml(Config()), Loader=yaml.SafeLoader)
    written = [key.value for key, _ in node.value]
    assert sorted(written) == sorted(field.name for field in dataclasses.fields(Config))


def test_every_key_follows_a_comment() -> None:
    lines = as_yaml(Config()).splitlines()
    bare = [
        line
        for above, line in zip(map(str.strip, lines), map(str.strip, lines[1:]))
        if line and not line.startswith("#") and not above.startswith("# ")
    ]
    assert bare == []


def test_no_line_of_the_defaults_is_wider_than_a_hundred_columns() -> None:
    assert max(map(len, as_yaml(Config()).splitlines())) <= 100


def test_choices_are_listed_behind_the_meaning() -> None:
    assert "(auto, cpu, gpu)\ndevice: auto" in as_yaml(Config())
