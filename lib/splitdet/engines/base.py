"""What every engine offers: it compiles a part of a graph to something that runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Optional, Type, TypeVar

from splitdet.graph.cut import Part
from splitdet.types import Tensors

R = TypeVar("R", bound="Runner")


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

    def __enter__(self: R) -> R:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


class Engine(ABC):
    """Who computes a part of a graph."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Name, version and device, for people."""

    @abstractmethod
    def compile(self, part: Part, on_cpu: str) -> Runner:
        """Make `part` ready to run.

        Args:
            on_cpu: nodes whose names begin so run on the CPU; the empty string means all of them.
        """
