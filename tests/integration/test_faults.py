"""Whatever goes wrong, wherever and whenever: the run ends at once, with one line and a code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import List

import pytest

from waiting import until

SCRIPT = str(Path(__file__).resolve().parents[1] / "faulty_run.py")
STAGES = ("source", "prepare", "accelerator", "cpu", "output")
FRAMES = ("0", "15", "29")  # the first, a middle and the last of 30
HANG_S = 120  # far above what a run takes; a run that is still there has hung


def run_with_fault(
    stage: str, kind: str, frame: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    command: List[str] = [sys.executable, SCRIPT, stage, kind, frame, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("stage", STAGES)
def test_an_error_in_any_stage_ends_the_run_with_its_cause(stage: str, frame: str) -> None:
    done = run_with_fault(stage, "raise", frame)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 + sum("no window" in line or "ready" in line for line in lines)
    assert lines[-1].startswith(f"error: the {stage} stage failed on")
    assert "RuntimeError: broken on purpose" in lines[-1]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("kind", "code", "name"), [("interrupt", 130, "Ctrl-C"), ("terminate", 143, "SIGTERM")]
)
def test_a_signal_ends_the_run_with_its_name_and_code(
    kind: str, code: int, name: str, stage: str, frame: str
) -> None:
    done = run_with_fault(stage, kind, frame)
    assert done.returncode == code
    assert f"stopped by {name}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("stage", [*STAGES, "window"])
def test_a_stage_that_stalls_is_named_by_the_watchdog(stage: str) -> None:
    done = run_with_fault(stage, "stall", "15", "--set", "stall_timeout_s=2")
    assert done.returncode == 1
    assert f"the {stage} stage has not answered for 2 s" in done.stderr


@pytest.mark.skipif(not hasattr(os, "WUNTRACED"), reason="no process is stopped here")
def test_a_run_that_was_stopped_with_ctrl_z_goes_on() -> None:
    command = [sys.executable, SCRIPT, "accelerator", "stop", "15", "--set", "stall_timeout_s=2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, errors


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals send no signal here")
def test_files_are_finished_when_the_terminal_is_closed(tmp_path: Path) -> None:
    coco, summary = tmp_path / "coco.json", tmp_path / "summary.json"
    command = [sys.executable, SCRIPT, "cpu", "hang up", "15", "--coco", str(coco)]
    done = subprocess.run(
        [*command, "--summary", str(summary)],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # whoever tests may ignore it
    )
    assert done.returncode == 129
    assert "stopped by SIGHUP" in done.stderr
    json.loads(coco.read_text())
    assert json.loads(summary.read_text())["frames_out"] > 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals send no signal here")
def test_under_nohup_a_run_outlives_its_terminal() -> None:
    command = ["nohup", sys.executable, SCRIPT, "cpu", "hang up", "15"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_gets_past_a_stage_that_does_not_return(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    command = [sys.executable, SCRIPT, "accelerator", "stall", "15", "--summary", str(summary)]
    process = subprocess.Popen(
        [*command, "--json", str(tmp_path / "frames.jsonl"), "--set", "fps_interval=0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it prints the detections of frame 0: the loop is running
    process.send_signal(2)
    _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "stopped by Ctrl-C" in errors
    assert json.loads(summary.read_text())["frames_out"] > 0


def test_a_second_signal_does_not_keep_files_from_being_finished(tmp_path: Path) -> None:
    coco, summary = tmp_path / "coco.json", tmp_path / "summary.json"
    command = [sys.executable, SCRIPT, "accelerator", "stall", "15", "--summary", str(summary)]
    process = subprocess.Popen(
        [*command, "--coco", str(coco)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()  # it prints the detections of frame 0: the loop is running
    process.send_signal(signal.SIGINT)
    while "stopped by Ctrl-C" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    json.loads(coco.read_text())
    assert json.loads(summary.read_text())["frames_out"] > 0


def test_ctrl_c_finishes_files_while_nobody_reads_what_is_printed(tmp_path: Path) -> None:
    lines, coco = tmp_path / "frames.jsonl", tmp_path / "coco.json"
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)  # full: the first line waits for ever
    command = [sys.executable, SCRIPT, "cpu", "raise", "999", "--json", str(lines), "--coco", str(coco)]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL) as process:
        until(lambda: lines.exists() and len(lines.read_text().splitlines()) == 30)
        process.send_signal(signal.SIGINT)
        until(lambda: coco.read_text().endswith("]\n"))
        os.close(writer)
        while os.read(reader, 1 << 16):  # until it has ended
            pass
    os.close(reader)
    assert process.returncode == 130
    json.loads(coco.read_text())


@pytest.mark.parametrize(("kind", "code"), [("raise", 1), ("interrupt", 130), ("terminate", 143)])
def test_what_ends_a_run_ends_it_while_it_is_paused(kind: str, code: int) -> None:
    assert run_with_fault("behind a pause", kind, "2").returncode == code


def test_the_q_key_ends_the_run_with_0() -> None:
    done = run_with_fault("window", "quit", "10")
    assert done.returncode == 0
    found = re.search(r"(\d+) in, (\d+) out", done.stdout)
    assert found is not None
    assert 10 <= int(found.group(2)) <= int(found.group(1))


def test_what_was_finished_before_an_error_has_been_written(tmp_path: Path) -> None:
    lines = tmp_path / "frames.jsonl"
    run_with_fault("source", "raise", "29", "--json", str(lines), "--summary", str(tmp_path / "s.json"))
    summary = json.loads((tmp_path / "s.json").read_text())
    written = [json.loads(line)["frame"] for line in lines.read_text().splitlines()]
    assert written == list(range(len(written)))
    assert len(written) == summary["frames_out"]
    assert summary["frames_in"] == summary["frames_out"] + sum(summary["dropped"].values())
    assert "broken on purpose" in summary["error"]
