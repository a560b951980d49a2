"""`splitdet run --cluster`: gives shards to workers, and sees that each is done once."""

from __future__ import annotations

import itertools
import logging
import sys
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Sequence

from splitdet.cluster.crew import ATTEMPTS, Crew, Ended, check_address
from splitdet.cluster.inputs import Kind, Shard, cut
from splitdet.cluster.ledger import SKIPPED_FILE, Done, Ledger
from splitdet.cluster.locks import only_one
from splitdet.cluster.manifest import manifest_of, run_digest, settle
from splitdet.cluster.progress import Progress
from splitdet.config import Config
from splitdet.config.streams import Playback
from splitdet.errors import EXIT_OK, EXIT_SKIPPED, ConfigError, ExtraError, SplitdetError, StageError
from splitdet.files import PARTIAL_SUFFIX
from splitdet.sinks.files import write_json, writing

MOST_FAILED = 10
"""Shards that may fail for good before the run ends: then it is not the pictures."""
_OLDEST_PYTHON = (3, 9)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClusterJob:
    """What to run.

    Args:
        sources: folders, lists of paths, files, addresses; see `cut`.
        folder: for the results.
        address: see `Crew`.
        summary: file for the summary; empty for none.
    """

    config: Config
    sources: Sequence[str]
    folder: str
    address: str
    summary: str = ""


def run_on_cluster(job: ClusterJob, hire: Callable[..., Crew] = Crew) -> int:
    """Run until all shards are done, and print the summary; the exit code.

    The same job again does what is not done yet.

    Raises:
        SplitdetError: what failed. What was done until then is kept, and not done again.
    """
    if sys.version_info < _OLDEST_PYTHON:
        raise ExtraError("--cluster needs Python 3.9 or newer, as Ray does")
    _check(job)
    check_address(job.address)
    folder = Path(job.folder)
    with writing(job.folder):
        folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder):
        settle(folder, manifest_of(job.config, job.sources))
        for left in folder.glob("*" + PARTIAL_SUFFIX):  # of workers that were killed
            left.unlink()
        return _Run(job, folder, hire).run()


class _Run:
    """The loop of the main thread."""

    def __init__(self, job: ClusterJob, folder: Path, hire: Callable[..., Crew]) -> None:
        self._job = job
        self._folder = folder
        self._hire = hire
        self._ledger = Ledger(folder)
        self._listed = 0
        self._again: Deque[Shard] = deque()
        self._attempts: Counter[int] = Counter()
        self._failed: List[str] = []
        self._of_streams = Done("", 0, [])
        self._progress = Progress(self._all_shards, self._ledger.before, job.config.fps_interval)

    def run(self) -> int:
        """See `run_on_cluster`."""
        error: Optional[SplitdetError] = None
        try:
            self._work()
            self._ledger.check_end(self._listed)
        except SplitdetError as failure:
            error = failure
            raise
        finally:
            self._progress.close()
            with writing(str(self._folder)):
                self._ledger.write_skipped(self._of_streams.skipped)
            summary = self._summary(error)
            print(format_summary(summary), flush=True)
            if self._job.summary:
                write_json(self._job.summary, summary)
        if self._failed:
            raise StageError(f"not done: {'; '.join(self._failed)}; the same command tries again")
        return EXIT_SKIPPED if summary["skipped"] else EXIT_OK

    def _all_shards(self) -> Iterator[Shard]:
        options = self._job.config.cluster
        return cut(self._job.sources, options.images, options.streams)

    def _to_do(self) -> Iterator[Shard]:
        """What is not done yet, in order, listed as workers have time."""
        for shard in self._all_shards():
            self._listed += 1
            if not self._ledger.has(shard):
                yield shard

    def _work(self) -> None:
        coming = self._to_do()
        first = next(coming, None)
        if first is None:
            return
        config, folder = self._job.config, str(self._folder.resolve())
        crew = self._hire(self._job.address, config, folder, run_digest(self._folder))
        try:
            self._serve(crew, itertools.chain([first], coming))
        finally:
            crew.close()

    def _serve(self, crew: Crew, coming: Iterator[Shard]) -> None:
        """Keep all workers busy until nothing is left."""
        while True:
            if not self._again:
                self._again.extend(itertools.islice(coming, 1))
            if self._again and crew.give(self._again[0]):
                self._again.popleft()
            elif self._again or crew.is_busy:
                ended = crew.wait()
                self._progress.begin()
                if ended is not None:
                    self._hear(ended)
            else:
                return

    def _hear(self, ended: Ended) -> None:
        if ended.done is not None:
            self._note(ended.shard, ended.done)
            return
        self._again.extendleft(reversed(ended.waiting))
        shard = ended.shard
        if not (ended.died and shard.kind is Kind.STREAMS):  # these may outlive many workers
            self._attempts[shard.number] += 1
        if self._attempts[shard.number] < ATTEMPTS:
            log.warning("%s; %s goes to another worker", ended.error, shard.name)
            self._again.appendleft(shard)
            return
        log.error("%s; %s (from %s on) is left out", ended.error, shard.name, shard.items[0])
        self._failed.append(f"{shard.name} ({ended.error})")
        if len(self._failed) == MOST_FAILED:
            raise StageError(f"{MOST_FAILED} shards have failed, the last with: {ended.error}")

    def _note(self, shard: Shard, done: Done) -> None:
        for piece in done.skipped:
            log.warning("%s: %s; skipped", *piece)
        if shard.kind is Kind.STREAMS:
            log.info("%s has ended", shard.name)
            before = self._of_streams
            self._of_streams = Done("", before.frames + done.frames, [*before.skipped, *done.skipped])
            return
        with writing(str(self._folder)):
            self._ledger.add(shard, done)
        self._progress.done(done.frames)

    def _summary(self, error: Optional[SplitdetError]) -> Dict[str, Any]:
        ledger, streams = self._ledger, self._of_streams
        return {
            "folder": self._job.folder,
            "shards": len(ledger),
            "shards_before": ledger.before,
            "shards_failed": self._failed,
            "frames_out": ledger.frames + streams.frames,
            "skipped": ledger.skipped + len(streams.skipped),
            "elapsed_s": self._progress.elapsed_s,
            "fps": self._progress.fps,
            "error": str(error) if error else None,
        }


def format_summary(summary: Dict[str, Any]) -> str:
    """The summary for people."""
    skipped = f", see {SKIPPED_FILE}" if summary["skipped"] else ""
    return "\n".join(
        [
            f"shards      {summary['shards']} done, {summary['shards_before']} of them before; "
            f"failed: {len(summary['shards_failed'])}",
            f"frames      {summary['frames_out']} out; skipped: {summary['skipped']}{skipped}",
            f"rate        {summary['fps']:.1f} frames per second over {summary['elapsed_s']:.2f} s",
            f"written     {summary['folder']}",
        ]
    )


def _check(job: ClusterJob) -> None:
    """Refuse what a cluster does not do."""
    for key in ("max_frames", "events", "web"):
        if getattr(job.config, key):
            raise ConfigError(f"{key} is not for --cluster; leave it out")
    plain, wanted = Playback(), job.config.playback
    # the others do nothing for pictures, which have no times
    keys = [key for key in ("stride", "loop") if getattr(wanted, key) != getattr(plain, key)]
    if not keys:
        return
    for shard in cut(job.sources, pictures=1, streams=1):
        if shard.kind is Kind.PICTURES:
            raise ConfigError(
                f"playback.{keys[0]} is not for pictures with --cluster, as {shard.items[0]} is one; "
                "leave it out, or leave the pictures to another run"
            )
