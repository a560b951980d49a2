"""From what a user named to numbered shards, without ever holding all names at once."""

from __future__ import annotations

import os
from enum import Enum
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from splitdet.engines.cache import key_of
from splitdet.errors import SourceError
from splitdet.sources.choose import is_stream
from splitdet.sources.images import has_wildcard, is_image
from splitdet.sources.synthetic import PREFIX

LIST_SUFFIXES = (".txt", ".lst")
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm")


class Kind(Enum):
    """What is in a shard, and what its file of results is called."""

    PICTURES = "part"
    VIDEO = "video"
    STREAMS = "stream"


class Shard(NamedTuple):
    """What a worker takes in one piece."""

    number: int
    """0, 1, 2, .. in the order of the inputs."""
    kind: Kind
    items: Tuple[str, ...]
    """Paths or addresses."""
    first: int = 0
    """How many pictures are in the shards before it."""

    @property
    def name(self) -> str:
        """Of its file of results, without suffix: `part-000012`."""
        return f"{self.kind.value}-{self.number:06d}"

    @property
    def digest(self) -> str:
        """Of the names in it."""
        return key_of(self.kind.value, *map(os.fsencode, self.items))[:16]


def cut(specs: Sequence[str], pictures: int, streams: int) -> Iterator[Shard]:
    """The shards of some inputs: the same each time, as long as the files are the same.

    Args:
        specs: folders, lists of paths (.txt, .lst), files, addresses.
        pictures: how many of them are in a shard.
        streams: how many of them are in a shard.

    Raises:
        SourceError: nothing there, or not readable.
    """
    sizes = {Kind.PICTURES: pictures, Kind.STREAMS: streams, Kind.VIDEO: 1}
    waiting: Dict[Kind, List[str]] = {kind: [] for kind in sizes}
    number = first = 0
    for item in _all_items(specs):
        kind = _kind_of(item)
        waiting[kind].append(item)
        if len(waiting[kind]) == sizes[kind]:
            yield Shard(number, kind, tuple(waiting[kind]), first)
            number += 1
            first += len(waiting[kind]) if kind is Kind.PICTURES else 0
            waiting[kind] = []
    for kind, rest in waiting.items():
        if rest:
            yield Shard(number, kind, tuple(rest), first)
            number += 1
    if not number:
        raise SourceError(f"{', '.join(specs)}: no pictures and no videos")


def _kind_of(item: str) -> Kind:
    if is_image(item) and not is_stream(item):
        return Kind.PICTURES
    return Kind.STREAMS if is_stream(item) or item.isdecimal() else Kind.VIDEO


def _all_items(specs: Sequence[str]) -> Iterator[str]:
    for spec in specs:
        if is_stream(spec) or spec.isdecimal() or spec.startswith(PREFIX):
            yield spec
        elif has_wildcard(spec):
            raise SourceError(f"{spec}: --cluster takes a folder or a list of paths, and no wildcard")
        elif not os.path.exists(spec):
            raise SourceError(f"{spec}: no such file or folder")
        elif os.path.isdir(spec):
            yield from _in_folder(spec)
        elif spec.lower().endswith(LIST_SUFFIXES):
            yield from _in_list(spec)
        else:
            yield spec


def _in_folder(folder: str) -> Iterator[str]:
    """Pictures and videos under a folder, sorted by path; the names of one folder are held at a time."""
    try:
        with os.scandir(folder) as entries:
            # with its slash, a folder stands where its files stand in the list of all paths
            found = sorted(
                entry.name + os.sep if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) or (_is_wanted(entry.name) and entry.is_file())
            )
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}") from None
    for name in found:
        path = os.path.join(folder, name)
        if name.endswith(os.sep):
            yield from _in_folder(path[: -len(os.sep)])
        else:
            yield path


def _is_wanted(name: str) -> bool:
    return is_image(name) or name.lower().endswith(VIDEO_SUFFIXES)


def _in_list(path: str) -> Iterator[str]:
    """The lines of a file; empty ones are left out."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                if line.strip():
                    yield line.rstrip("\r\n")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
