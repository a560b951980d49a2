"""What every sink offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Optional

import numpy as np

from splitdet.types import Detections, Frame


class Sink(ABC):
    """Takes results, in the order of capture, from one thread."""

    needs_picture = False
    """It wants the frame with its results drawn."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where it writes to, for people."""

    @abstractmethod
    def write(self, frame: Frame, found: Detections, picture: Optional[np.ndarray]) -> None:
        """Take one result.

        Args:
            picture: uint8 (H, W, 3), BGR, where `needs_picture`; not to be changed.

        Raises:
            SinkError: it cannot be written.
        """

    def close(self) -> None:
        """Finish what was written. Called once, also after an error."""
        return
