"""Workers: started fresh, heard when they die, and gone when whoever started them is."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Iterator

import pytest

import worker_jobs
from places import ROOT
from splitdet.errors import EngineError, StageError
from worker_jobs import PATIENCE_S, Heard, shared_mappings


@pytest.fixture
def echo() -> Iterator[Heard]:
    """A worker that answers."""
    with Heard(worker_jobs.echo) as heard:
        yield heard


def test_messages_come_back_in_order(echo: Heard) -> None:
    for number in range(100):
        echo.worker.send(number)
    assert [echo.message() for _ in range(100)] == list(range(100))


def test_several_threads_may_send(echo: Heard) -> None:
    big = "x" * 100_000  # more than a pipe takes at once
    threads = [
        threading.Thread(target=lambda: [echo.worker.send(big) for _ in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert {echo.message() for _ in range(40)} == {big}
    for thread in threads:
        thread.join(PATIENCE_S)


def test_a_worker_starts_fresh_without_the_main_module_and_deaf_to_signals() -> None:
    with Heard(worker_jobs.about_itself) as heard:
        main, has_tensorflow, blocked = heard.message()
    assert main is None
    assert not has_tensorflow
    assert {signal.SIGINT, signal.SIGTERM} <= blocked


def test_starting_a_worker_leaves_our_own_signals_as_they_were(echo: Heard) -> None:
    assert not {signal.SIGINT, signal.SIGTERM} & signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("own error", EngineError, "no such engine"),
        ("any error", StageError, "worker 0 failed: RuntimeError: broken on purpose"),
        ("kill", StageError, "worker 0 was killed by SIGKILL"),
        ("exit", StageError, "worker 0 ended with exit code 7"),
        ("return", StageError, "worker 0 ended with exit code 0"),
    ],
)
def test_any_end_of_a_worker_is_told_with_its_cause(kind: str, error: Any, text: str) -> None:
    with Heard(worker_jobs.fail, kind) as heard:
        loss = heard.loss()
    assert type(loss) is error
    assert str(loss) == text


def test_a_worker_that_is_killed_from_outside_is_told_at_once(echo: Heard) -> None:
    os.kill(echo.worker.pid, signal.SIGKILL)
    assert str(echo.loss()) == "worker 0 was killed by SIGKILL"


def test_sending_to_a_dead_worker_is_no_error(echo: Heard) -> None:
    os.kill(echo.worker.pid, signal.SIGKILL)
    echo.loss()
    echo.worker.send("nobody reads this")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_of_the_terminal_do_not_end_a_worker(number: int, echo: Heard) -> None:
    echo.worker.send("here")
    echo.message()
    os.kill(echo.worker.pid, number)
    echo.worker.send("still here")
    assert echo.message() == "still here"


def test_what_a_worker_logs_is_logged_here_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "splitdet"), Heard(worker_jobs.log) as heard:
        heard.loss()
    assert caplog.messages == ["worker 0: slow: 5 ms"]
    assert caplog.records[0].name == "splitdet.engines"


@pytest.mark.parametrize("work", [worker_jobs.echo, worker_jobs.hang])
def test_a_worker_that_is_closed_is_gone_and_not_told_as_lost(work: Any) -> None:
    heard = Heard(work)
    heard.worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(heard.worker.pid, 0)
    assert not heard.is_lost


def test_a_worker_may_be_closed_twice(echo: Heard) -> None:
    echo.worker.close()
    echo.worker.close()


def test_a_worker_that_holds_the_interpreter_is_killed_when_closed() -> None:
    heard = Heard(worker_jobs.freeze)
    heard.message()
    heard.worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(heard.worker.pid, 0)


def start_program(code: str) -> subprocess.Popen[str]:
    """A Python of its own; its pipes end when it and its workers have ended."""
    folders = [str(ROOT / "lib"), str(ROOT / "tests")]
    return subprocess.Popen(
        [sys.executable, "-c", "import worker_jobs; " + code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_ends_when_its_parent_is_killed_and_nothing_is_left(tmp_path: Path) -> None:
    program = start_program(f"worker_jobs.wait_to_be_killed({str(tmp_path)!r})")
    assert program.stdout is not None
    parent, child = map(int, program.stdout.readline().split())
    os.kill(parent, signal.SIGKILL)
    assert program.communicate(timeout=PATIENCE_S) == ("", "")
    assert not Path(f"/proc/{child}/maps").exists() or shared_mappings(child) == []
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_does_not_close_its_worker_ends_all_the_same() -> None:
    program = start_program("worker_jobs.Heard(worker_jobs.hang).message(); print('done')")
    assert program.communicate(timeout=PATIENCE_S) == ("done\n", "")
    assert program.returncode == 0
