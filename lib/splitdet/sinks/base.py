"""What every sink offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, Iterable, Optional

import numpy as np

from splitdet.errors import SinkError
from splitdet.types import Detections, Frame

EVENTS_S = 0.02
"""How long a window may be without a look at its events: OpenCV has no call that waits for them and for
results at once."""


class Sink(ABC):
    """Takes results, in the order of capture, from one thread."""

    shows_first = False
    """It has room for one input: of several it gets the first alone."""

    @property
    def path(self) -> str:
        """Where it writes to, for people; empty where that is no file."""
        return ""

    @property
    def figures(self) -> Dict[str, Any]:
        """What it counted, for the summary of the run."""
        return {}

    def wants_picture(self) -> bool:
        """Whether it wants the next frame with its results drawn; asked once for each frame."""
        return False

    @abstractmethod
    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """Take one result.

        Args:
            picture: uint8 (H, W, 3), BGR, where `wants_picture` said so; not to be changed.

        Raises:
            SinkError: it cannot be written.
        """

    def close(self) -> None:
        """Finish what was written. Called once, also after an error."""
        return


def close_all(sinks: Iterable[Sink]) -> None:
    """Close each of them, whatever becomes of the others.

    Raises:
        SinkError: the first of those that could not be finished.
    """
    error: Optional[SinkError] = None
    for sink in sinks:
        try:
            sink.close()
        except SinkError as failure:
            error = error or failure
    if error is not None:
        raise error


class Viewer(Sink):
    """A sink that somebody looks at and that can end the run.

    `write` and `has_news` belong to the output thread, `is_paused` to both, everything else to the main
    thread.
    """

    shows_first = True
    not_shown = 0
    """Results that were written and not shown: not due, or others were still on their way."""

    @property
    def has_news(self) -> bool:
        """Whether `refresh` has something new to show; asked on the output thread."""
        return False

    @abstractmethod
    def refresh(self) -> int:
        """Show what was written last, if that is new.

        Returns:
            how many results were shown since the last call.
        """

    @abstractmethod
    def wants_to_quit(self) -> bool:
        """Whether the one who looks has had enough. May wait a moment for that while paused."""

    def is_paused(self) -> bool:
        """Whether what is shown stands still. A file then waits; a camera does not."""
        return False
