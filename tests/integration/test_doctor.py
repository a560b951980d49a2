"""`splitdet doctor` on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from commands import call, call_here


def test_the_doctor_looks_at_everything_and_finds_nothing_that_stops_a_run(tmp_path: Path) -> None:
    done = call("doctor", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {finding["what"]: finding for finding in json.loads(done.stdout)}
    for what in ("Python", "TensorFlow", "GPU", "OpenCV", "GStreamer", "PyAV", "Camera", "Screen"):
        assert found[what]["state"] in ("ok", "note")
        assert found[what]["text"]


def test_a_pipeline_is_printed_without_its_hardware(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("camera: {kind: csi, flip: 2, size: 1280x720}\n")
    done = call_here("doctor", "--pipeline", "--set", "camera.platform=nano", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nvarguscamerasrc sensor-id=0 wbmode=1 ! video/x-raw(memory:NVMM)")
    assert "nvvidconv flip-method=2" in done.stdout


def test_the_pipeline_that_is_printed_is_the_one_that_runs(tmp_path: Path) -> None:
    words = ("--set", "camera.kind=test", "--set", "latency=low")
    done = call("doctor", "--pipeline", *words, folder=tmp_path)
    assert done.stdout.endswith("appsink drop=true max-buffers=1 sync=false\n"), done.stderr


def test_a_pipeline_that_cannot_be_built_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = call_here("doctor", "--pipeline", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: camera.kind is none; expects csi, usb, rtsp, rtp or test\n"
