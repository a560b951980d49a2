"""Pictures that are there more than once, to the byte or by their looks."""

from __future__ import annotations

from typing import Dict, Iterator, List, Set, Tuple

import numpy as np

from splitdet.data.findings import Findings, Kind
from splitdet.data.pictures import HASH_SIDE
from splitdet.data.records import Box, Record
from splitdet.data.settle import Settled

MOST_BITS = 20
"""Two pictures look alike when their hashes differ in at most so many of 256 bits. Unrelated photographs
differ in more than 50; copies at another scale or quality in fewer than 20."""
_HELD_OUT_FIRST = ("test", "val", "train", "")
_BITS = HASH_SIDE * HASH_SIDE
_ROWS_AT_ONCE = 1024
_ONES = np.array([bin(value).count("1") for value in range(256)], np.uint8)


class Duplicates:
    """Remembers a little of every picture, and finds those that are the same.

    What it keeps takes less than 1 kB a picture.
    """

    def __init__(self) -> None:
        self._titles: List[str] = []
        self._parts: List[str] = []
        self._positions: List[int] = []
        self._hashes: List[bytes] = []
        self._boxes: List[int] = []
        self._same: Dict[bytes, List[int]] = {}

    def add(self, position: int, settled: Settled, record: Record) -> None:
        """Remember a picture.

        Args:
            position: of its record in a pass over the dataset.
            record: the settled one.
        """
        self._same.setdefault(settled.sha256, []).append(len(self._titles))
        self._titles.append(record.title)
        self._parts.append(record.part)
        self._positions.append(position)
        self._hashes.append(settled.hash)
        self._boxes.append(hash(str(sorted(map(_key, record.boxes)))))

    def report(self, findings: Findings) -> Set[int]:
        """Tell what is there twice.

        Returns:
            positions of the copies. Of each picture one is kept: in test before val before train.
        """
        copies: Set[int] = set()
        for members in self._same.values():
            members = sorted(members, key=lambda one: (_HELD_OUT_FIRST.index(self._parts[one]), one))
            first = members[0]
            for other in members[1:]:
                copies.add(self._positions[other])
                what = "same as " + self._titles[first]
                leaks = self._parts[other] != self._parts[first]
                kind = Kind.LEAK if leaks else Kind.REPEATED_PICTURE
                findings.add(kind, self._titles[other], what)
                if self._boxes[other] != self._boxes[first]:
                    findings.add(Kind.CONTRADICTION, self._titles[other], what)
        originals = sorted(min(members) for members in self._same.values())
        for one, other in self._alike(originals):
            leaks = self._parts[one] != self._parts[other]
            kind = Kind.LOOK_ALIKE_LEAK if leaks else Kind.LOOK_ALIKE
            findings.add(kind, self._titles[other], "looks like " + self._titles[one])
        return copies

    def groups(self) -> Dict[int, int]:
        """Position of each picture to the number of its group: copies and look-alikes share one."""
        leader = list(range(len(self._titles)))

        def top(one: int) -> int:
            while leader[one] != one:
                leader[one] = leader[leader[one]]
                one = leader[one]
            return one

        pairs = [(members[0], other) for members in self._same.values() for other in members[1:]]
        pairs += self._alike([members[0] for members in self._same.values()])
        for one, other in pairs:
            leader[top(other)] = top(one)
        return {position: top(one) for one, position in enumerate(self._positions)}

    def _alike(self, members: List[int]) -> Iterator[Tuple[int, int]]:
        data = b"".join(self._hashes[one] for one in members)
        hashes = np.frombuffer(data, np.uint8).reshape(-1, _BITS // 8)
        for one, other in look_alikes(hashes):
            yield members[one], members[other]


def look_alikes(hashes: np.ndarray, most_bits: int = MOST_BITS) -> Iterator[Tuple[int, int]]:
    """Pairs of rows, each once, that differ in at most `most_bits` bits; of equal rows only neighbours.

    Rows that are so close agree in at least one of `most_bits + 1` bands, so only rows that share a
    band are compared.

    Args:
        hashes: uint8 (N, 32).
    """
    if not len(hashes):
        return
    unique, inverse = np.unique(hashes, axis=0, return_inverse=True)
    inverse = inverse.ravel()  # numpy 2.0 gives it a second axis
    members = np.argsort(inverse, kind="stable")
    equal = np.diff(inverse[members]) == 0
    yield from zip(members[:-1][equal].tolist(), members[1:][equal].tolist())
    first = members[np.searchsorted(inverse[members], np.arange(len(unique)))]
    seen: Set[Tuple[int, int]] = set()
    bits = np.unpackbits(unique, axis=1)
    for band in np.array_split(np.arange(_BITS), most_bits + 1):
        keys = bits[:, band].astype(np.int64) @ (1 << np.arange(len(band), dtype=np.int64))
        order = np.argsort(keys, kind="stable")
        for run in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            for pair in _close(unique, run, most_bits):
                if pair not in seen:
                    seen.add(pair)
                    one, other = sorted((int(first[pair[0]]), int(first[pair[1]])))
                    yield one, other


def _close(hashes: np.ndarray, run: np.ndarray, most_bits: int) -> Iterator[Tuple[int, int]]:
    """Pairs of the rows in `run` that are close enough."""
    for begin in range(0, len(run) if len(run) > 1 else 0, _ROWS_AT_ONCE):
        rows = run[begin : begin + _ROWS_AT_ONCE]
        differing = np.zeros((len(rows), len(run)), np.uint16)
        for column in range(hashes.shape[1]):
            differing += _ONES[hashes[rows, column][:, None] ^ hashes[run, column]]
        for i, j in zip(*np.nonzero(differing <= most_bits)):
            if begin + i < j:
                yield int(rows[i]), int(run[j])


def _key(box: Box) -> Tuple[str, List[str]]:
    return box.label, [f"{edge:.0f}" for edge in box.edges]
