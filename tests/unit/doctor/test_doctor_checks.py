"""What the doctor finds on machines that a test lays out as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict

import cv2
import pytest

from splitdet.doctor import software, video
from splitdet.doctor.board import check_board
from splitdet.doctor.findings import NOTE, OK, PROBLEM, Finding, table
from splitdet.errors import EngineError
from splitdet.gstreamer import load

NANO = "NVIDIA Jetson Nano Developer Kit"
R32 = "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref"
MODES = "< POWER_MODEL ID=0 NAME=MAXN >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=1 NAME=5W >\n"


def machine(root: Path, files: Dict[str, str]) -> Path:
    """A file system with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def nano(root: Path, **more: str) -> Path:
    files = {"proc/device-tree/model": NANO + "\0", "etc/nv_tegra_release": R32}
    return machine(root, {**files, **more})


def by_name(findings: object) -> Dict[str, Finding]:
    return {finding.what: finding for finding in findings}  # type: ignore[attr-defined]


def test_a_driver_is_told_where_tensorflow_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15\n"
    root = machine(tmp_path, {"proc/driver/nvidia/version": text})
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert by_name(software.check_cuda(root))["CUDA"].text == "driver 550.54.15"


def test_on_another_machine_there_is_nothing_to_say_of_a_board(tmp_path: Path) -> None:
    assert check_board(tmp_path) == []


def test_a_board_says_what_it_is(tmp_path: Path) -> None:
    found = by_name(check_board(nano(tmp_path)))["Jetson"]
    assert (found.state, found.text) == (OK, f"{NANO}, L4T 32.7 (not run on hardware)")


@pytest.mark.parametrize(
    ("modes", "status", "state", "fix"),
    [
        (MODES, "pmode:0000 fmode:fanNull", OK, ""),
        (MODES, "pmode:0001 fmode:fanNull", NOTE, "sudo nvpmodel -m 0  # MAXN: faster"),
        ("< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=8 NAME=MAXN >", "pmode:0000", NOTE, "-m 8"),
        ("< POWER_MODEL ID=0 NAME=15W_2CORE >", "pmode:0000", OK, ""),
        ("", "", NOTE, "sudo nvpmodel -q"),
    ],
)
def test_the_power_mode_comes_with_the_command_for_the_fastest(
    tmp_path: Path, modes: str, status: str, state: str, fix: str
) -> None:
    root = nano(tmp_path, **{"etc/nvpmodel.conf": modes, "var/lib/nvpmodel/status": status})
    found = by_name(check_board(root))["Power mode"]
    assert found.state == state
    assert fix in found.fix
    assert bool(fix) == bool(found.fix)


@pytest.mark.parametrize(
    ("release", "lowest", "fix"),
    [
        (R32, "102000", "sudo jetson_clocks  #"),
        ("# R28 (release), REVISION: 2.1", "102000", "sudo ~/jetson_clocks.sh  #"),
        (R32, "1479000", ""),
    ],
)
def test_clocks_that_may_fall_come_with_the_command_that_holds_them(
    tmp_path: Path, release: str, lowest: str, fix: str
) -> None:
    cores = {}
    for core in range(4):
        folder = f"sys/devices/system/cpu/cpu{core}/cpufreq"
        cores[f"{folder}/scaling_min_freq"] = lowest
        cores[f"{folder}/cpuinfo_max_freq"] = "1479000"
    found = by_name(check_board(nano(tmp_path, **{**cores, "etc/nv_tegra_release": release})))["Clocks"]
    assert found.fix.startswith(fix)
    assert found.state == (NOTE if fix else OK)


def test_cameras_are_listed_once_each_with_what_keeps_them_from_being_opened(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "sys/class/video4linux/video0/name": "HD Webcam",
            "sys/class/video4linux/video0/index": "0",
            "sys/class/video4linux/video1/name": "HD Webcam",
            "sys/class/video4linux/video1/index": "1",
            "sys/class/video4linux/video10/name": "vi-output, imx219 7-0010",
            "dev/video0": "",
            "dev/video1": "",
            "dev/video10": "",
        },
    )
    webcam, csi = video.check_cameras(root)
    assert webcam.text == f"{root}/dev/video0: HD Webcam"
    assert "on the board's connector (not run on hardware)" in csi.text
    assert csi.fix == "camera: {kind: csi} in config.yml"


def test_a_camera_that_a_container_was_not_given_is_noted(tmp_path: Path) -> None:
    root = machine(tmp_path, {"sys/class/video4linux/video0/name": "HD Webcam"})
    (webcam,) = video.check_cameras(root)
    assert webcam.state == NOTE
    assert webcam.fix == f"in a container: docker run --device {root}/dev/video0"


def test_a_camera_that_does_not_open_is_noted_with_the_reason(tmp_path: Path) -> None:
    root = machine(tmp_path, {"sys/class/video4linux/video0/name": "HD Webcam"})
    (root / "dev/video0").mkdir(parents=True)  # opening a folder for writing fails
    (webcam,) = video.check_cameras(root)
    assert webcam.state == NOTE
    assert "Is a directory" in webcam.text


@pytest.mark.gstreamer
def test_elements_that_are_missing_come_with_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "has_element", lambda name: name not in ("rtspsrc", "v4l2src"))
    found = by_name(video.check_gstreamer())["Elements"]
    assert (found.state, found.text) == (NOTE, "there is no rtspsrc, v4l2src")
    assert found.fix == "sudo apt-get install gstreamer1.0-plugins-good"


def test_a_machine_without_a_camera_says_so(tmp_path: Path) -> None:
    assert video.check_cameras(tmp_path) == [Finding("Camera", OK, "none is connected")]


@pytest.mark.parametrize(("ffmpeg", "state"), [("YES", OK), ("NO", NOTE)])
def test_an_opencv_without_ffmpeg_is_noted(
    monkeypatch: pytest.MonkeyPatch, ffmpeg: str, state: str
) -> None:
    text = f"  Video I/O:\n    FFMPEG:   {ffmpeg}\n    GStreamer:   YES (1.20)\n    v4l/v4l2:  NO\n"
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: text)
    found = video.check_opencv()
    assert found.state == state
    assert f"FFMPEG {ffmpeg.lower()}, GStreamer yes, v4l/v4l2 no" in found.text


def test_without_gstreamer_the_packages_to_install_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "why_not", lambda: "no gi")
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "GStreamer: NO")
    (found,) = video.check_gstreamer()
    assert (found.state, found.fix.split()[:3]) == (NOTE, ["sudo", "apt-get", "install"])
    assert "python3-gi" in found.fix


def test_a_codec_that_is_missing_comes_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "has_element", lambda name: name == "avdec_h264")
    found = video._codec("H.264", ("nvv4l2decoder", "avdec_h264"), ("x264enc",))
    assert found.text == "decoded by avdec_h264, not encoded"
    assert found.fix == "sudo apt-get install gstreamer1.0-plugins-ugly"


@pytest.mark.parametrize(
    ("installed", "state", "text"),
    [("2.2.4", OK, "PyNvVideoCodec 2.2.4"), ("", NOTE, "not installed; the CPU decodes videos")],
)
def test_a_gpu_decodes_videos_where_the_package_is_there(
    monkeypatch: pytest.MonkeyPatch, installed: str, state: str, text: str
) -> None:
    monkeypatch.setattr(video, "has_nvidia_gpu", lambda: True)
    monkeypatch.setattr(video, "package_version", lambda name: installed)
    (found,) = video.check_nvdec()
    assert (found.state, found.text) == (state, text)


def test_a_tensorflow_that_does_not_load_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise EngineError("TensorFlow does not load (no such file)")

    monkeypatch.setattr(software, "tensorflow", fails)
    (found,) = software.check_tensorflow()
    assert (found.state, found.fix) == (PROBLEM, "pip install tensorflow")


def test_the_driver_is_read_from_where_it_says_so(tmp_path: Path) -> None:
    text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"
    root = machine(tmp_path, {"proc/driver/nvidia/version": text})
    (found,) = software.check_cuda(root)
    assert found.text.startswith("driver 550.54.15")


def test_the_table_puts_each_fix_below_its_finding_in_one_piece() -> None:
    fix = "sudo apt-get install " + " ".join(f"package{number}" for number in range(20))
    text = table([Finding("Python", OK, "3.11"), Finding("GStreamer", NOTE, "word " * 30, fix)])
    lines = text.splitlines()
    assert lines[0] == "ok       Python     3.11"
    assert lines[1].startswith("note     GStreamer  word")
    assert lines[-1].strip() == "-> " + fix
    assert max(map(len, lines[:-1])) <= 100
