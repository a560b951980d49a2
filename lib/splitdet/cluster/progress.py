"""How far a run is, and when it will be done."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any, Callable, Iterable, Optional

from tqdm import tqdm

from splitdet.cluster.inputs import Kind, Shard
from splitdet.errors import SourceError


class Progress:
    """A bar where there is a terminal, else a line every `interval_s`.

    How much there is in all is counted by a thread, as the list may take longer to read than the
    workers to begin.

    Args:
        all_shards: lists them once more.
        before: how many were done by an earlier run.
    """

    def __init__(
        self, all_shards: Callable[[], Iterable[Shard]], before: int, interval_s: float
    ) -> None:
        self._all_shards = all_shards
        self._before = before
        self._interval_s = interval_s
        self._total: Optional[int] = None
        self._done = 0
        self._frames = 0
        self._began_s: Optional[float] = None
        self._told_s = 0.0
        self._bar: Any = tqdm(initial=before, unit=" shards", disable=None, leave=False)
        self._closing = False
        threading.Thread(target=self._count, name="count", daemon=True).start()

    @property
    def elapsed_s(self) -> float:
        """Since the first worker was ready."""
        return 0.0 if self._began_s is None else time.perf_counter() - self._began_s

    @property
    def fps(self) -> float:
        """Frames a second, of this run."""
        return self._frames / self.elapsed_s if self._frames else 0.0

    def begin(self) -> None:
        """A worker is ready; only the first one counts."""
        if self._began_s is None:
            self._began_s = self._told_s = time.perf_counter()

    def done(self, frames: int) -> None:
        """A shard is done, with so many frames in it."""
        self._done += 1
        self._frames += frames
        self._bar.set_postfix_str(f"{self.fps:.0f} frames/s", refresh=False)
        self._bar.update()
        now_s = time.perf_counter()
        if self._bar.disable and now_s - self._told_s >= self._interval_s:
            self._told_s = now_s
            tqdm.write(self.line())

    def line(self) -> str:
        """How far it is, for people."""
        total, done = self._total, self._before + self._done
        of = f" of {total:,}" if total else ""
        left = ""
        if total:
            seconds = (total - done) * self.elapsed_s / self._done
            left = f", {tqdm.format_interval(seconds)} to go"
        return f"{done:,}{of} shards, {self.fps:.1f} frames/s{left}"

    def close(self) -> None:
        """Take the bar away."""
        self._closing = True
        self._bar.close()

    def _count(self) -> None:
        """The thread's work."""
        count = 0
        with suppress(SourceError):  # whoever does the work hears of it too
            for shard in self._all_shards():
                if self._closing:
                    return
                count += shard.kind is not Kind.STREAMS  # these never end
            self._total = self._bar.total = count
