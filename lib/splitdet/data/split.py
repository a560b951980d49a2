"""Dividing a dataset into train, val and test, so that every class is in each of them and none leaks.

Iterative stratification: K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the Stratification of Multi-Label
Data", 2011, on groups of pictures instead of single ones. Copies, look-alikes and, if wanted, pictures
that share a piece of their name (frames of one video) are one group, and stay on one side.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Counter as CounterType
from typing import Dict, Iterable, List, Optional, Set

from splitdet.data.records import PARTS
from splitdet.errors import DataError

_ANY = ""
"""Stands for a picture as such, whatever is in it."""


@dataclass(frozen=True)
class Member:
    """What a split has to know of a picture."""

    position: int
    """Of its record in a pass over the dataset."""
    name: str
    classes: Iterable[str]


def parse_shares(text: str) -> Dict[str, float]:
    """Shares of the parts, from `train=0.8,val=0.1,test=0.1`; they add up to 1 afterwards.

    Raises:
        DataError: it is not of that form.
    """
    shares: Dict[str, float] = {}
    for word in text.split(","):
        part, _, share = word.partition("=")
        try:
            shares[part.strip()] = float(share)
        except ValueError:
            shares = {}
            break
    total = sum(shares.values())
    if not set(shares) <= set(PARTS) or not 0 < total < float("inf") or min(shares.values()) <= 0:
        raise DataError(
            "--parts {}: expects shares of {}, such as train=0.8,val=0.1,test=0.1".format(
                text, ", ".join(PARTS)
            )
        )
    return {part: share / total for part, share in shares.items()}


def join_by_name(members: Iterable[Member], groups: Dict[int, int], pattern: str) -> None:
    """Put pictures whose names have the same piece into one group.

    Args:
        groups: position to group; changed.
        pattern: a regular expression; the piece is what its first brackets match, else all of it.

    Raises:
        DataError: it is no regular expression.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"--group {pattern}: not a regular expression ({error})") from None
    leaders: Dict[Optional[str], int] = {}
    joined: Dict[int, int] = {}
    for member in members:
        match = compiled.search(member.name)
        if match:
            piece = match.group(1) if compiled.groups else match.group()
            group, other = groups[member.position], leaders.setdefault(piece, groups[member.position])
            joined[_top(joined, group)] = _top(joined, other)
    for position, group in groups.items():
        groups[position] = _top(joined, group)


def _top(joined: Dict[int, int], group: int) -> int:
    while joined.get(group, group) != group:
        group = joined[group]
    return group


def assign(
    members: Iterable[Member], groups: Dict[int, int], shares: Dict[str, float], seed: int = 0
) -> Dict[int, str]:
    """The part of each picture, by its position; the same for the same input and seed.

    Args:
        groups: position to group; pictures of a group come into the same part.
        shares: part to its share, 0..1, 1 in all.
    """
    contents: Dict[int, CounterType[str]] = {}
    insiders: Dict[int, List[int]] = {}
    for member in members:
        group = groups[member.position]
        contents.setdefault(group, Counter()).update({_ANY, *member.classes})
        insiders.setdefault(group, []).append(member.position)
    parts = _assign_groups(contents, shares, random.Random(seed))
    return {position: part for group, part in parts.items() for position in insiders[group]}


def _assign_groups(
    contents: Dict[int, CounterType[str]], shares: Dict[str, float], chance: random.Random
) -> Dict[int, str]:
    """The part of each group.

    Args:
        contents: group to class to how many of its pictures have that.
    """
    total: CounterType[str] = Counter()
    having: Dict[str, Set[int]] = {}
    for group, content in contents.items():
        total.update(content)
        for label in content:
            having.setdefault(label, set()).add(group)
    wanted = {part: {label: share * total[label] for label in total} for part, share in shares.items()}
    parts: Dict[int, str] = {}
    while having:
        # the rarest class first, as it leaves the least choice; pictures without boxes come last
        label = min(having, key=lambda one: (one == _ANY, len(having[one]), one))
        waiting = sorted(having.pop(label))
        chance.shuffle(waiting)
        waiting.sort(key=lambda group: -contents[group][label])  # large groups while there is room
        for group in waiting:
            part = max(wanted, key=lambda one: (wanted[one][label], wanted[one][_ANY], chance.random()))
            parts[group] = part
            for other, count in contents[group].items():
                wanted[part][other] -= count
                if other in having:
                    having[other].discard(group)
        having = {one: groups for one, groups in having.items() if groups}
    return parts
