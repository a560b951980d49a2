"""What every engine offers: it compiles a part of a graph to something that runs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import ClassVar, Optional, Sequence

from splitdet.graph.cut import Part
from splitdet.nms import NmsSettings
from splitdet.types import Tensors

EVERYTHING = ("",)
"""Prefix of all names: the whole part runs on the CPU."""


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Runner(ABC):
    """A compiled part. It owns its memory until `close`."""

    size_bytes: int = 0
    """Of the file that the engine runs it from; 0 where it does not tell."""

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

    def compile_frames(
        self, part: Part, nms: Optional[NmsSettings], at_least: float, inside: bool
    ) -> Optional[Runner]:
        """Make a network ready to take frames as they are; None where this engine cannot do that.

        The runner takes a tensor for each frame, uint8 (H, W, 3), BGR, and resizes them as
        `resize.resize_bilinear` does. With `nms` it gives what `plan.SuppressedBack` takes.

        Args:
            part: its outputs are scores and boxes.
            nms: what is to be suppressed behind it; None: nothing.
            at_least: least score that is wanted; see `nms.suppress`.
            inside: suppress by the engine's own operation, as part of the network, rather than keep
                what the graph keeps, to the bit.
        """
        return None
