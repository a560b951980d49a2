"""What every engine offers: it compiles a part of a graph to something that runs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import Callable, ClassVar, Iterator, NamedTuple, Optional, Sequence, Tuple

from splitdet.errors import EngineError, SplitdetError, one_line
from splitdet.graph.cut import Part
from splitdet.nms import NmsSettings
from splitdet.types import Tensors

EVERYTHING = ("",)
"""Prefix of all names: the whole part runs on the CPU."""


def usable_cores(most: int = 0) -> int:
    """Cores that this process may use, or `most` where that is less and not 0."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(cores, most or cores)


@contextmanager
def refusing(who: str) -> Iterator[None]:
    """Around the first work of `who` on a model: whatever it raises is an EngineError that names it."""
    try:
        yield
    except SplitdetError:
        raise
    except Exception as error:  # engines' own errors have no class in common
        raise EngineError(f"{who} does not run this model: {one_line(error)}") from error


def frame_shape(part: Part) -> Tuple[Optional[int], int, int]:
    """What a network takes: batch, None where it varies; height and width.

    Raises:
        EngineError: its size is not known, or it takes something else.
    """
    shape = part.input_shape
    if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None or shape[3] != 3:
        raise EngineError(f"engines run networks that take one (B, H, W, 3), and not {shape}")
    return shape[0], shape[1], shape[2]


class Runner(ABC):
    """A compiled part. It owns its memory until `close`."""

    size_bytes: int = 0
    """Of the file that the engine runs it from; 0 where it does not tell."""
    reads_remote: bool = False
    """Whether `run` takes a `RemotePicture` in place of a frame, and reads it where it is."""

    @abstractmethod
    def run(self, tensors: Tensors) -> Tensors:
        """Compute the part's outputs; safe from several threads at once.

        Args:
            tensors: one array for each input of the part, in its order.
        """

    @abstractmethod
    def close(self) -> None:
        """Give memory and devices back; nothing may be running."""


class Suppression(NamedTuple):
    """NMS that an engine is to do behind a network."""

    settings: NmsSettings
    at_least: Callable[[], float]
    """Gives the least score that is wanted at the time; see `nms.suppress`."""
    inside: bool
    """By the engine's own operation, as part of the network, rather than to keep what the graph keeps,
    to the bit."""


class Described(ABC):
    """Who computes, as far as people are told."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Name, version and device, for people."""


class Engine(Described):
    """Who computes a part of a graph."""

    starts_at: ClassVar[str] = "image"
    """What it takes where it has the choice: `image`, the frame as it is, or `resized`, what the
    network's resize gives."""

    @abstractmethod
    def compile(self, part: Part, on_cpu: Sequence[str]) -> Runner:
        """Make `part` ready to run.

        Args:
            on_cpu: nodes whose names begin with one of these run on the CPU; `EVERYTHING`: all do.
        """

    def is_ready(self, part: Part) -> bool:
        """Whether `part` compiles in seconds; for some engines that takes minutes the first time."""
        return True

    def compile_frames(self, part: Part, nms: Optional[Suppression] = None) -> Optional[Runner]:
        """Make a network ready to take frames as they are; None where this engine cannot do that.

        The runner takes a tensor for each frame, uint8 (H, W, 3), BGR, and resizes them as
        `resize.resize_bilinear` does. With `nms` it gives what `plan.SuppressedBack` takes.

        Args:
            part: its outputs are scores and boxes.
            nms: None: nothing is suppressed.
        """
        return None
