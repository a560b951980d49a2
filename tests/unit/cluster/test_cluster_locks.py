"""Locks between processes."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import IO, List

import pytest

from splitdet.cluster.locks import claim_cores, one_first, only_one
from splitdet.errors import SinkError

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(SinkError, match="another run writes there")
    with only_one(tmp_path), refused, only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_the_first_goes_in_alone_and_the_others_together(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()
    inside = threading.Barrier(2, timeout=20)
    waiting = threading.Semaphore(0)  # released by each who asks for a shared lock
    seen: List[bool] = []
    flock = fcntl.flock

    def watched_flock(file: IO[str], operation: int) -> None:
        if operation == fcntl.LOCK_SH:
            waiting.release()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", watched_flock)

    def first() -> None:
        with one_first("test"):
            began.set()
            ended.wait(20)

    def later() -> None:
        with one_first("test"):
            seen.append(ended.is_set())
            inside.wait()  # for the other one, which must be in as well

    threads = [threading.Thread(target=work) for work in (first, later, later)]
    threads[0].start()
    assert began.wait(20)
    for thread in threads[1:]:
        thread.start()
        assert waiting.acquire(timeout=20)
    ended.set()
    for thread in threads:
        thread.join(20)
    assert seen == [True, True]


def lock_file(folder: Path, name: str) -> Path:
    """Where the lock of this name lies."""
    return folder / f"splitdet-{os.getuid()}-{name}.lock"


def test_a_link_in_the_place_of_a_lock_is_refused_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("content")
    lock_file(tmp_path, "build").symlink_to(target)
    refused = pytest.raises(SinkError, match=r"splitdet-\d+-build\.lock: .+; remove it, or set TMPDIR")
    with refused, one_first("build"):
        pass
    assert target.read_text() == "content"


def test_a_lock_is_open_to_nobody_else_and_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        with one_first("build"):
            assert lock_file(tmp_path, "build").stat().st_mode & 0o777 == 0o600


@needs_affinity
def test_claimed_cores_are_used_by_nobody_else() -> None:
    cores = os.sched_getaffinity(0)
    claims, used = [], []

    def claim() -> None:
        claims.append(claim_cores(1))
        used.append(os.sched_getaffinity(0))  # of this thread

    for _ in range(len(cores) + 1):
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join()
    assert sorted(map(list, used[:-1])) == [[core] for core in sorted(cores)]
    assert (claims[-1], used[-1]) == (None, cores)  # none is left


@needs_affinity
def test_cores_are_free_again_when_whoever_had_them_is_gone() -> None:
    before = os.sched_getaffinity(0)
    try:
        for _ in range(3):
            claim = claim_cores(len(before))
            assert claim is not None
            claim.close()
    finally:
        os.sched_setaffinity(0, before)
