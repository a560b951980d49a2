"""Settings from config.yml, environment and command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from splitdet.config import Config, load_config, make_config
from splitdet.errors import ConfigError

OLD_FILE = """\
image_input: 'images'
movie_input: 'input.mp4'
camera_input: 0
force_gpu_compatible: False
save_to_file: False
visualize: True
vis_worker: False
max_vis_fps: 0
vis_text: True
max_frame: 500
width: 600
height: 600
fps_interval: 5
det_interval: 100
det_th: 0.5
worker_threads: 4
split_model: True
log_device: False
allow_memory_growth: True
debug_mode: False
label_path: 'models/labels/mscoco_label_map.pbtxt'
num_classes: 90
split_shape: 1917
model_type: 'nms_v2'
precision_model: 'FP32'
model_path: 'models/ssd_mobilenet_v1_coco_2018_01_28/frozen_inference_graph.pb'
"""


def _load(folder: Path, text: str, **more: Any) -> Config:
    file = folder / "config.yml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, **{"environment": {}, **more})


def test_an_old_file_is_read_with_every_value_where_it_belongs(tmp_path: Path) -> None:
    assert _load(tmp_path, OLD_FILE) == make_config(
        movie_input="input.mp4",
        max_frames=500,
        width=600,
        height=600,
        label_path="models/labels/mscoco_label_map.pbtxt",
        num_classes=90,
        split_shape=1917,
        model_type="nms_v2",
        model_path="models/ssd_mobilenet_v1_coco_2018_01_28/frozen_inference_graph.pb",
    )


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("max_frame: 7", "max_frames", 7),
        ("max_frames: 7", "max_frames", 7),
        ("precision_model: 'FP16'", "precision", "fp16"),
        ("model: here.pb", "model_path", "here.pb"),
        ("model_type: NMS_V1", "model_type", "nms_v1"),
        ("det_th: 1", "det_th", 1.0),
        ("label_path:", "label_path", ""),
        ("camera_input: 2", "camera_input", 2),
        ("camera_input: rtsp://host/live", "camera_input", "rtsp://host/live"),
        ("visualize: no", "visualize", False),
        ("classes: [person, 3]", "classes", ("person", 3)),
        ("classes: person, dining table", "classes", ("person", "dining table")),
        ("classes: 3", "classes", (3,)),
        ("classes:", "classes", ()),
        ("roi: [[0, 0.5], [1, 0.5], [1, 1]]", "roi", ((0, 0.5), (1, 0.5), (1, 1))),
        ("roi: []", "roi", ()),
        ("roi:", "roi", ()),
    ],
)
def test_a_line_sets_its_field(tmp_path: Path, line: str, field: str, value: object) -> None:
    assert getattr(_load(tmp_path, line + "\n"), field) == value


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert _load(tmp_path, "# nothing but a remark\n") == Config()


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert _load(tmp_path, "\ufeffdet_th: 0.25\n").det_th == 0.25


def test_the_file_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yml").write_text("det_th: 0.25\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_config(environment={}).det_th == 0.25


def test_without_any_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(environment={}) == Config()


def test_the_environment_of_the_process_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPLITDET_DET_TH", "0.75")
    assert load_config().det_th == 0.75


@pytest.mark.parametrize(
    ("sources", "winner"),
    [
        ({}, 0.1),
        ({"environment": {"SPLITDET_DET_TH": "0.2"}}, 0.2),
        ({"environment": {"SPLITDET_DET_TH": "0.2"}, "overrides": ["det_th=0.3"]}, 0.3),
        ({"overrides": ["det_th=0.3", "det_th=0.4"]}, 0.4),
        ({"overrides": ["det_th=0.3"], "values": {"det_th": 0.5}}, 0.5),
    ],
)
def test_the_setting_closest_to_the_user_wins(
    tmp_path: Path, sources: Dict[str, Any], winner: float
) -> None:
    assert _load(tmp_path, "det_th: 0.1\n", **sources).det_th == winner


def test_variables_of_others_and_of_setup_are_left_alone(tmp_path: Path) -> None:
    others = {"SPLITDET_OPENCV": "headless", "DET_TH": "0.9", "HOME": "somewhere"}
    assert _load(tmp_path, "", environment=others) == Config()


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("det_th: high\n", "config.yml:1: det_th: expects a number from 0 to 1, got 'high'"),
        ("det_th: true\n", "expects a number from 0 to 1, got True"),
        ("det_th: 1.5\n", "got 1.5"),
        ("det_th: .nan\n", "got nan"),
        ("\nwidth: 0\n", "config.yml:2: width: expects a whole number from 1 to 16384, got 0"),
        ("width: 640.0\n", "got 640.0"),
        ("width: [640]\n", "got [640]"),
        ("max_frames: -1\n", "expects a whole number of at least 0, got -1"),
        ("accelerator_feeders: 65\n", "accelerator_feeders: expects a whole number from 1 to 64"),
        ("visualize: 1\n", "visualize: expects True or False, got 1"),
        ("visualize: 'yes'\n", "expects True or False, got 'yes'"),
        ("movie_input: 5\n", "movie_input: expects text, got 5"),
        ("movie_input: {a: b}\n", "movie_input: expects text"),
        ("camera_input: true\n", "camera_input: expects a number or text, got True"),
        ("camera_input: 1.5\n", "camera_input: expects a number or text, got 1.5"),
        ("camera_input:\n", "camera_input: expects a number or text, got None"),
        ("model_type: yolo\n", "expects one of auto, nms_v0, nms_v1"),
        ("classes: [1.5]\n", "classes: expects names or ids of classes, such as [person, car]"),
        ("classes: [yes]\n", "got [True]"),
        ("classes: {a: b}\n", "got {'a': 'b'}"),
        ("classes: 'a,,b'\n", "got 'a,,b'"),
        ("roi: [[0, 0], [1, 1]]\n", "roi: expects three or more corners [x, y], each 0..1 and not"),
        ("roi: [[0, 0], [0.5, 0.5], [1, 1]]\n", "not all on one line, got"),
        ("roi: [[0, 0], [640, 0], [640, 480]]\n", "each 0..1"),
        ("roi: [[0, 0, 0], [1, 0, 0], [1, 1, 0]]\n", "corners [x, y]"),
        ("roi: [[0, .nan], [1, 0], [1, 1]]\n", "each 0..1"),
        ("roi: 0.5\n", "got 0.5"),
        ("roi: [[0, 0], [1" + 400 * "0" + ", 0], [1, 1]]\n", "each 0..1"),
        ("playback: {stop_s: .inf}\n", "stop_s: expects a number from 0 to 1e+09, got inf"),
        ("precision_model: FP64\n", "expects one of fp32, tf32, fp16, bf16, int8, got 'FP64'"),
        ("device: 0\n", "device: expects one of auto, cpu, gpu, got 0"),
        ("devices: [gpu]\n", "devices: expects numbers of GPUs or cpu, such as [0, 1] or [cpu, cpu]"),
        ("devices: [-1]\n", "got [-1]"),
        ("devices: [0.5]\n", "got [0.5]"),
        ("devices: [true]\n", "got [True]"),
        ("devices: {0: 1}\n", "got {0: 1}"),
        ("devices: 0,,1\n", "got '0,,1'"),
        ("policy:\n", "policy: expects one of auto, lossless, latest, got None"),
        ("det_ht: 0.5\n", "config.yml:1: unknown key 'det_ht'; did you mean 'det_th'?"),
        ("max_fram: 5\n", "did you mean 'max_frame'?"),
        ("1: 2\n", "unknown key '1'"),
        ("det_th: 0.1\ndet_th: 0.2\n", "config.yml:2: det_th is set a second time (first at "),
        ("max_frames: 1\nmax_frame: 2\n", "config.yml:2: max_frame is set a second time"),
        ("- det_th\n- 0.5\n", "config.yml:1: expects lines of the form 'key: value'"),
        ("width: 5\ndet_th: [0.1\n", "config.yml:3: "),
        ("det_th: 0.1\n  width: 5\n", "config.yml:2: "),
        ("det_th: \x01\n", "not readable as YAML"),
        ("det_th: 0.1\n---\ndet_th: 0.2\n", "another document"),
        ("? [a, b]\n: c\n", "unhashable key"),
        ("det_th: !!python/object:os.system {}\n", "could not determine a constructor"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, fragment: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("[0, 1]", (0, 1)),
        ("[cpu, CPU]", ("cpu", "cpu")),
        ("1", (1,)),
        ("cpu, 0", ("cpu", 0)),
        ("[]", ()),
        ("", ()),
    ],
)
def test_devices_are_numbers_and_cpu(tmp_path: Path, text: str, devices: Any) -> None:
    assert _load(tmp_path, f"devices: {text}\n").devices == devices


def test_an_unknown_key_without_a_likeness_gets_no_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'zzz'$"):
        _load(tmp_path, "zzz: 1\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("image_input: 2024-13-45\n", id="a date that is none"),
        pytest.param("width: 0x_\n", id="a number without digits"),
        pytest.param("max_vis_fps: 1" + 400 * "0" + "\n", id="a number too large to calculate with"),
        pytest.param("det_th: " + 5000 * "[", id="brackets without end"),
        pytest.param('width: !!int ""\n', id="a number of nothing"),
        pytest.param("width: !!bool x\n", id="a truth that is none"),
        pytest.param("width: !!timestamp x\n", id="a time that is none"),
    ],
)
def test_a_value_that_yaml_cannot_make_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        _load(tmp_path, text)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_bytes(b"det_th: 0.5 # \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"config\.yml: not a text file in UTF-8"):
        load_config(file, environment={})


def test_a_missing_file_is_refused_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file or directory.*splitdet init"):
        load_config(tmp_path / "none.yml", environment={})


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load_config(tmp_path, environment={})


@pytest.mark.parametrize(
    ("overrides", "fragment"),
    [
        (["det_th"], "--set det_th: expects key=value"),
        (["det_ht=0.5"], "--set det_ht=0.5: unknown key 'det_ht'; did you mean 'det_th'?"),
        (["=0.5"], "unknown key ''"),
        (["det_th="], "--set det_th=: det_th: expects a number from 0 to 1, got None"),
        (["det_th=2"], "--set det_th=2: det_th: expects a number from 0 to 1, got 2"),
        (["width=[1"], "--set width=[1: '[1' is not readable as a value"),
        (['width=!!int ""'], "'!!int \"\"' is not readable as a value"),
        (["width=!!bool x"], "'!!bool x' is not readable as a value"),
        (["width=!!timestamp x"], "'!!timestamp x' is not readable as a value"),
    ],
)
def test_a_bad_override_is_refused(tmp_path: Path, overrides: List[str], fragment: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, "", overrides=overrides)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "text", "fragment"),
    [
        ("SPLITDET_DET_TH", "much", "SPLITDET_DET_TH: det_th: expects a number from 0 to 1, got 'much'"),
        ("SPLITDET_DET_HT", "0.5", "SPLITDET_DET_HT: unknown key 'det_ht'"),
        ("SPLITDET_WIDTH", "{", "SPLITDET_WIDTH: '{' is not readable as a value"),
    ],
)
def test_a_bad_variable_of_the_environment_is_refused(
    tmp_path: Path, variable: str, text: str, fragment: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, "", environment={variable: text})
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("web_token", "12345", "12345"),
        ("web_token", "123:45", "123:45"),
        ("web_token", "@home", "@home"),
        ("web_token", "'12345'", "12345"),
        ("web_token", '"12 345 "', "12 345 "),
        ("web_token", "\"it's", "\"it's"),
        ("web_token", '"', '"'),
        ("web_token", "", ""),
        ("web_token", "no", "no"),
        ("image_input", "*.jpg", "*.jpg"),
        ("movie_input", "2024", "2024"),
        ("event_log", "my #1.log", "my #1.log"),
        ("event_log", " my.log ", "my.log"),
        ("engine", "TensorFlow", "tensorflow"),
        ("camera_input", "2", 2),
        ("camera_input", "'2'", "2"),
        ("camera_input", "@home", "@home"),
    ],
)
def test_text_needs_no_quotes_on_the_command_line_and_in_the_environment(
    tmp_path: Path, key: str, text: str, value: object
) -> None:
    assert getattr(_load(tmp_path, "", overrides=[f"{key}={text}"]), key) == value
    environment = {f"SPLITDET_{key.upper()}": text}
    assert getattr(_load(tmp_path, "", environment=environment), key) == value


def test_text_in_a_section_needs_no_quotes_either(tmp_path: Path) -> None:
    config = _load(
        tmp_path, "", overrides=["camera.size=640"], environment={"SPLITDET_CAMERA_ADDRESS": "1"}
    )
    assert (config.camera.size, config.camera.address) == ("640", "1")


def test_numbers_and_arrays_of_numpy_are_taken() -> None:
    corners = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]]
    config = make_config(
        det_th=np.float32(0.5),
        batch_size=np.int64(2),
        split_model=np.bool_(False),
        classes=[np.int32(3), "car"],
        roi=np.array(corners),
        camera={"fps": np.float64(15)},
    )
    plain = {"det_th": 0.5, "batch_size": 2, "split_model": False, "classes": [3, "car"]}
    assert config == make_config(**plain, roi=corners, camera={"fps": 15})


def test_a_number_of_numpy_that_is_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"argument: det_th: expects a number from 0 to 1, got 7\.0$"):
        make_config(det_th=np.float32(7))


def test_a_bad_argument_is_refused() -> None:
    with pytest.raises(ConfigError, match="argument: batch_size: expects a whole number from 1 to 1024"):
        make_config(batch_size=0)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        Config().det_th = 0.1  # type: ignore[misc]


def test_a_section_is_read_key_by_key(tmp_path: Path) -> None:
    camera = _load(tmp_path, "camera:\n  kind: usb\n  device: /dev/video1\n").camera
    assert (camera.kind, camera.device, camera.fps) == ("usb", "/dev/video1", 30.0)


def test_a_section_may_stand_on_one_line(tmp_path: Path) -> None:
    assert _load(tmp_path, "camera: {kind: csi, flip: 2, wbmode: shade}\n").camera.wbmode == "shade"


@pytest.mark.parametrize("line", ["camera:", "camera: {}"])
def test_an_empty_section_gives_the_defaults(tmp_path: Path, line: str) -> None:
    assert _load(tmp_path, line + "\n") == Config()


def test_a_key_of_a_section_is_set_from_everywhere(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("camera: {kind: usb, fps: 10, device: 1}\n", encoding="utf-8")
    camera = load_config(
        tmp_path / "config.yml",
        overrides=["camera.fps=15"],
        environment={"SPLITDET_CAMERA_KIND": "test", "SPLITDET_CAMERA_FPS": "5"},
    ).camera
    assert (camera.kind, camera.fps, camera.device) == ("test", 15.0, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("camera:\n  kind: usb\n  knid: 1\n", r"config.yml:3: unknown key 'camera.knid'; did you"),
        ("camera:\n  fps: 5\n  fps: 6\n", r"config.yml:3: fps is set a second time \(first at .*:2\)"),
        ("camera:\n  kind: cis\n", "config.yml:2: camera.kind: expects one of none, csi"),
        ("camera:\n  flip: 8\n", "camera.flip: expects one of none, .*, or a number from 0 to 7, got 8"),
        ("camera:\n  flip: upside\n", "camera.flip: expects one of none, .*, got 'upside'"),
        ("camera:\n  port: [1]\n", "camera.port: expects a whole number from 1 to 65535, got"),
        ("camera: usb\n", "config.yml:1: camera: expects lines of the form 'key: value', got 'usb'"),
        ("camera: [usb]\n", "config.yml:1: camera: expects lines of the form 'key: value'"),
    ],
)
def test_a_wrong_line_in_a_section_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _load(tmp_path, text)
