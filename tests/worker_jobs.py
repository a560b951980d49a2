"""What workers do in tests: functions of a module, as a worker must be given."""

from __future__ import annotations

import ctypes
import logging
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

from splitdet.errors import EngineError
from splitdet.processes.ring import Ring
from splitdet.processes.worker import Link, Worker

PATIENCE_S = 20.0  # whatever takes longer hangs


class Heard:
    """Starts a worker, and keeps what it says and how it is lost."""

    def __init__(self, work: Any, *arguments: Any) -> None:
        self._messages: queue.Queue[Any] = queue.Queue()
        self._losses: queue.Queue[Any] = queue.Queue()
        self.worker = Worker(
            "worker 0", work, *arguments, hear=self._messages.put, lost=self._losses.put
        )

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *unused: object) -> None:
        self.worker.close()

    def message(self) -> Any:
        """The next message."""
        return self._messages.get(timeout=PATIENCE_S)

    def loss(self) -> Any:
        """Why it is lost."""
        return self._losses.get(timeout=PATIENCE_S)

    @property
    def is_lost(self) -> bool:
        """Whether anything was said of a loss."""
        return not self._losses.empty()


def echo(link: Link) -> None:
    """Send back what comes."""
    while True:
        link.send(link.receive())


def about_itself(link: Link) -> None:
    """Say what a worker finds around it."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    main = getattr(sys.modules["__main__"], "__file__", None)
    link.send((main, "tensorflow" in sys.modules, {int(number) for number in blocked}))


def fail(link: Link, kind: str) -> None:
    """End in one of several ways."""
    if kind == "own error":
        raise EngineError("no such engine")
    if kind == "any error":
        raise RuntimeError("broken\non purpose")
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "exit":
        os._exit(7)


def log(link: Link) -> None:
    """Tell people something."""
    logging.getLogger("splitdet.engines").warning("slow: %d ms", 5)
    logging.getLogger("splitdet.engines").debug("not asked for")


def hang(link: Link) -> None:
    """Never return, as a call into a library may not."""
    link.send("hanging")
    threading.Event().wait()


def freeze(link: Link) -> None:
    """Never return, and let no other thread of the process run."""
    link.send("freezing")
    ctypes.PyDLL(None).sleep(1000)


def look(link: Link, ring: Ring) -> None:
    """Say what lies in each slot, and keep it in view."""
    views: List[np.ndarray] = []
    while True:
        views.append(ring.view(link.receive()))
        link.send(views[-1].copy())


def shared_mappings(pid: int) -> List[Tuple[str, bool]]:
    """Path of each file that the process shares with others in memory, and whether it has a name."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    paths = [line.split(None, 5)[5] for line in lines if " rw-s " in line]
    return [(path, not path.endswith(" (deleted)")) for path in paths]


def wait_to_be_killed(folder: str) -> None:
    """Share a picture with a worker, say both process numbers, and wait."""
    ring = Ring(2, [folder])
    heard = Heard(look, ring)
    heard.worker.send(ring.put(np.ones((100, 100, 3), np.uint8)))
    heard.message()
    print(os.getpid(), heard.worker.pid, flush=True)
    threading.Event().wait()
