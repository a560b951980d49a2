"""What is done: one line of JSON for each shard, written when its file of results is whole."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence

from splitdet.cluster.inputs import Shard
from splitdet.errors import ConfigError
from splitdet.files import written_whole
from splitdet.sources.base import Skipped

FILE = "done.jsonl"
SKIPPED_FILE = "skipped.jsonl"


class Done(NamedTuple):
    """What came of a shard."""

    file: str
    """Its results, in the folder of the run."""
    frames: int
    """Pictures or frames in it."""
    skipped: List[Skipped]


class Ledger:
    """The ledger of a folder. A run that was killed, even within a line, is gone on with.

    A shard counts as done if its line is there and its file too, so a file that somebody deletes is
    made again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._skipped_path = folder / SKIPPED_FILE
        there = {entry.name for entry in os.scandir(str(folder))}
        self._digests: Dict[int, str] = {}
        self.frames = 0
        self.skipped = 0
        # a run that was killed within a line has left it without an end
        self._head = "\n" if self._path.exists() else ""
        for line in self._latest().values():
            if line["file"] in there:
                self._count(line)
        self.before = len(self._digests)
        """Shards that an earlier run has done."""

    def __len__(self) -> int:
        return len(self._digests)

    def has(self, shard: Shard) -> bool:
        """Whether it is done.

        Raises:
            ConfigError: another shard was done under its number.
        """
        digest = self._digests.get(shard.number)
        if digest not in (None, shard.digest):
            raise ConfigError(
                f"{self._path.parent}: the inputs have changed since (first in shard {shard.number}, "
                f"at {shard.items[0]}); write to another folder"
            )
        return digest is not None

    def add(self, shard: Shard, done: Done) -> None:
        """Note that a shard is done."""
        line = {
            "shard": shard.number,
            "file": done.file,
            "digest": shard.digest,
            "frames": done.frames,
            "skipped": [list(piece) for piece in done.skipped],
        }
        with open(str(self._path), "a", encoding="ascii") as file:
            file.write(self._head + json.dumps(line) + "\n")
        self._head = ""
        self._count(line)

    def check_end(self, count: int) -> None:
        """See that what is done is of the inputs, which are `count` shards.

        Raises:
            ConfigError: there is more.
        """
        if self._digests and max(self._digests) >= count:
            raise ConfigError(
                f"{self._path.parent}: the inputs have changed since: they are {count} shards, and "
                f"shard {max(self._digests)} is done; write to another folder"
            )

    def write_skipped(self, of_streams: Sequence[Skipped] = ()) -> None:
        """Write a list of all that could not be read; without any, there is none.

        Args:
            of_streams: what this run could not read of live streams, which are never noted as done.
        """
        if not self.skipped and not of_streams:
            if self._skipped_path.exists():  # of an earlier run
                self._skipped_path.unlink()
            return
        of_shards = (piece for line in self._latest().values() for piece in line["skipped"])
        with written_whole(self._skipped_path) as file:
            for where, reason in itertools.chain(of_shards, of_streams):
                file.write((json.dumps({"where": where, "reason": reason}) + "\n").encode("ascii"))

    def _count(self, line: Dict[str, Any]) -> None:
        if line["shard"] not in self._digests:
            self._digests[line["shard"]] = line["digest"]
            self.frames += line["frames"]
            self.skipped += len(line["skipped"])

    def _latest(self) -> Dict[int, Dict[str, Any]]:
        """The last line of each shard: one whose file was deleted has been done again."""
        return {line["shard"]: line for line in self._lines()}

    def _lines(self) -> Iterator[Dict[str, Any]]:
        """Its whole lines."""
        if not self._path.exists():
            return
        with open(str(self._path), encoding="ascii", errors="replace") as file:
            for text in file:
                try:
                    yield json.loads(text)
                except ValueError:
                    continue  # cut off; its shard is done again
