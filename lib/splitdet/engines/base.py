"""What every engine offers: it compiles a part of a graph to something that runs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import ClassVar, Optional, Sequence, Tuple

from splitdet.errors import EngineError
from splitdet.graph.cut import Part
from splitdet.graph.graph import attribute, split_name
from splitdet.types import Tensors

EVERYTHING = ("",)
"""Prefix of all names: the whole part runs on the CPU."""


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def frame_shape(part: Part) -> Tuple[Optional[int], int, int]:
    """What a network takes: batch, None where it varies; height and width.

    Raises:
        EngineError: not one input, or its size is not known.
    """
    names = [split_name(tensor)[0] for tensor in part.inputs]
    shapes = [attribute(node, "shape").shape for node in part.graph_def.node if node.name in names]
    dims = [int(dim.size) for dim in shapes[0].dim] if len(shapes) == 1 else []
    if len(dims) != 4 or min(dims[1:]) < 1 or dims[3] != 3:
        raise EngineError(f"engines run networks that take one (B, H, W, 3), and not {dims}")
    return (dims[0] if dims[0] > 0 else None), dims[1], dims[2]


class Runner(ABC):
    """A compiled part. It owns its memory until `close`."""

    @abstractmethod
    def run(self, tensors: Tensors) -> Tensors:
        """Compute the part's outputs; safe from several threads at once.

        Args:
            tensors: one array for each input of the part, in its order.
        """

    @abstractmethod
    def close(self) -> None:
        """Give memory and devices back; nothing may be running."""


class Engine(ABC):
    """Who computes a part of a graph."""

    starts_at: ClassVar[str] = "image"
    """What it takes: `image`, the frame as it is, or `resized`, what the network's resize gives."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Name, version and device, for people."""

    @abstractmethod
    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """Make `part` ready to run.

        Args:
            on_cpu: nodes whose names begin with one of these run on the CPU; `EVERYTHING`: all do.
        """
