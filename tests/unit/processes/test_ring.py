"""Pictures in memory that several processes see."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Iterator, List

import numpy as np
import pytest

import worker_jobs
from splitdet.processes.memory import SharedFile
from splitdet.processes.ring import NoRoom, Ring, Slot
from worker_jobs import PATIENCE_S, Heard, shared_mappings


def picture(value: int, side_px: int = 10) -> np.ndarray:
    return np.full((side_px, side_px, 3), value, np.uint8)


def fill(ring: Ring, count: int) -> List[Slot]:
    slots = [ring.put(picture(value)) for value in range(count)]
    return [slot for slot in slots if slot is not None]


def test_a_picture_is_copied_into_a_slot() -> None:
    ring = Ring(2)
    original = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    slot = ring.put(original)
    assert slot is not None
    original[:] = 0
    np.testing.assert_array_equal(ring.view(slot).ravel(), np.arange(18))


def test_pictures_that_are_not_contiguous_are_copied_too() -> None:
    ring = Ring(1)
    original = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)[::2, 5:9]
    slot = ring.put(original)
    assert slot is not None
    np.testing.assert_array_equal(ring.view(slot), original)


def test_slots_do_not_overlap() -> None:
    ring = Ring(3)
    slots = fill(ring, 3)
    assert [set(ring.view(slot).ravel().tolist()) for slot in slots] == [{0}, {1}, {2}]


def test_no_slot_is_given_while_all_are_taken() -> None:
    ring = Ring(2)
    first, _ = fill(ring, 2)
    assert ring.put(picture(9)) is None
    ring.give_back(first)
    assert ring.put(picture(9)) == first


def started(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_whoever_waits_for_a_slot_gets_the_one_that_is_given_back() -> None:
    ring = Ring(1)
    (slot,) = fill(ring, 1)
    got: List[Any] = []
    thread = started(lambda: got.append(ring.put(picture(7), wait=True)))
    ring.give_back(slot)
    thread.join(PATIENCE_S)
    assert got == [slot]


def test_a_larger_picture_gets_a_slot_once_all_have_been_given_back() -> None:
    ring = Ring(2)
    first, second = fill(ring, 2)
    large = picture(7, side_px=200)
    ring.give_back(first)
    assert ring.put(large) is None
    np.testing.assert_array_equal(ring.view(second), picture(1))
    ring.give_back(second)
    slot = ring.put(large)
    assert slot is not None
    np.testing.assert_array_equal(ring.view(slot), large)


def test_memory_that_was_reserved_is_not_claimed_again() -> None:
    ring = Ring(2)
    ring.reserve(picture(0, side_px=200).nbytes)
    fill(ring, 1)
    assert ring.put(picture(0, side_px=200)) is not None


@pytest.fixture
def no_large_files() -> Iterator[None]:
    """No file may grow over 64 KiB: as on a file system that is full, claiming more fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_large_files")
def test_too_little_memory_is_an_error_when_it_is_claimed(tmp_path: Path) -> None:
    ring = Ring(4, [str(tmp_path)])
    problem = rf"no room for 2 MiB of shared memory \({tmp_path}: File too large"
    with pytest.raises(NoRoom, match=problem):
        ring.reserve(2**19)


@pytest.mark.usefixtures("no_large_files")
def test_a_ring_that_could_not_grow_still_takes_what_it_has_room_for() -> None:
    ring = Ring(2)
    with pytest.raises(NoRoom):
        ring.put(picture(0, side_px=1000))
    assert len(fill(ring, 2)) == 2


def test_a_folder_that_is_too_small_is_passed_over_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    allocate = os.posix_fallocate

    def without_small(descriptor: int, offset: int, size: int) -> None:
        if str(small) in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allocate(descriptor, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", without_small)
    ring = Ring(2, [str(small), str(large)])
    slot = ring.put(picture(5))
    assert slot is not None
    np.testing.assert_array_equal(ring.view(slot), picture(5))
    assert len(caplog.messages) == 1
    assert f"{small}: No space left on device" in caplog.text
    assert f"using a file in {large}" in caplog.text


def test_a_small_file_system_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small file system")
    try:
        shared = SharedFile(str(tmp_path))
        with pytest.raises(OSError, match="No space left"):
            shared.claim(2**20)
        shared.claim(2**15)
        shared.array(0, (2**15,))
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_folder_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    ring = Ring(1, [str(tmp_path / "nowhere"), str(tmp_path)])
    assert len(fill(ring, 1)) == 1


def test_no_folder_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match=r"no shared memory \(.*nowhere: No such file"):
        Ring(1, [str(tmp_path / "nowhere")])


@pytest.fixture
def shared_ring(tmp_path: Path) -> Iterator[Any]:
    """A ring, and a worker that looks into it."""
    ring = Ring(2, [str(tmp_path)])
    with Heard(worker_jobs.look, ring) as heard:
        yield ring, heard


def test_a_worker_sees_what_was_put_into_the_ring(shared_ring: Any) -> None:
    ring, heard = shared_ring
    for side_px in (10, 200, 50, 600):  # grows on the way
        slots = [ring.put(picture(value, side_px)) for value in (1, 2)]
        for slot, value in zip(slots, (1, 2)):
            heard.worker.send(slot)
            np.testing.assert_array_equal(heard.message(), picture(value, side_px))
            ring.give_back(slot)


def test_the_memory_has_no_name_while_it_is_in_use(shared_ring: Any, tmp_path: Path) -> None:
    ring, heard = shared_ring
    heard.worker.send(ring.put(picture(3)))
    heard.message()
    for pid in (os.getpid(), heard.worker.pid):
        mine = [named for path, named in shared_mappings(pid) if str(tmp_path) in path]
        assert mine == [False]
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_is_killed_takes_no_slot_with_it(shared_ring: Any, tmp_path: Path) -> None:
    ring, heard = shared_ring
    slots = fill(ring, 2)
    heard.worker.send(slots[0])
    heard.message()
    os.kill(heard.worker.pid, signal.SIGKILL)
    heard.loss()
    for slot in slots:
        ring.give_back(slot)
    assert len(fill(ring, 2)) == 2
    assert list(tmp_path.iterdir()) == []
