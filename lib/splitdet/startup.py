"""How long a start takes, and what for.

Four parts, each in seconds of wall time, none counted twice:

- `import`: loading modules, ours with OpenCV and numpy, and the library of the engine.
- `load`: reading the graph from its file, finding out what it is, and choosing its labels.
- `build`: making it ready to run: cutting, converting, quantizing, compiling and, for `engine: auto`,
  trying; or taking the outcome of an earlier time from the cache folder.
- `warm_up`: the first picture.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import Dict, Iterator


class _Imports(threading.local):
    """Seconds that this thread has spent loading modules, and that no start has counted yet."""

    seconds = 0.0
    is_inside = False


_imports = _Imports()


@contextmanager
def importing() -> Iterator[None]:
    """What is done inside counts as loading modules; it may be nested."""
    if _imports.is_inside:
        yield
        return
    begin_s = time.perf_counter()
    _imports.is_inside = True
    try:
        yield
    finally:
        _imports.is_inside = False
        _imports.seconds += time.perf_counter() - begin_s


def _take_imports() -> float:
    seconds, _imports.seconds = _imports.seconds, 0.0
    return seconds


class StartUp:
    """Takes the times of one start.

    Attributes:
        spans_s: what is known so far, by the names above.
    """

    def __init__(self) -> None:
        self.spans_s: Dict[str, float] = {"import": _take_imports()}
        self._begin_s = time.perf_counter()

    def lap(self, name: str) -> None:
        """Everything since the last lap was `name`, but for the modules loaded meanwhile."""
        now_s = time.perf_counter()
        imported_s = _take_imports()
        self.spans_s["import"] += imported_s
        self.spans_s[name] = now_s - self._begin_s - imported_s
        self._begin_s = now_s
