"""What is known of a tensor before anything runs, and what rules ask of it."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from splitdet.graph.cut import Shape


class Fact(NamedTuple):
    """What is known of a tensor."""

    shape: Shape = None
    value: Optional[np.ndarray] = None
    """Array of objects, for small tensors. Inside, None is a size that a shape does not tell, most
    often the batch, and ANY is a number of which nothing is known."""


NOTHING = Fact()
ANY = ...


def objects(array: Any) -> np.ndarray:
    """An array of Python numbers and None."""
    return np.asarray(array, dtype=object)


def known_shape(fact: Fact) -> Tuple[Optional[int], ...]:
    """The shape; ValueError where not even the number of axes is known."""
    if fact.shape is None:
        raise ValueError("unknown rank")
    return fact.shape


def known_value(fact: Fact) -> np.ndarray:
    """The value; ValueError where nothing is known of it."""
    if fact.value is None:
        raise ValueError("unknown value")
    return fact.value


def ints(fact: Fact) -> List[int]:
    """The numbers of a value; TypeError where one is not known."""
    return [int(number) for number in known_value(fact).ravel()]
