"""Curves for TensorBoard, by TensorFlow's own writer; TensorBoard need not be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict


class EventFile:
    """Numbers and pictures of a run, in a folder that `tensorboard --logdir` shows."""

    def __init__(self, tf: Any, folder: Path) -> None:
        self._v1 = tf.compat.v1
        with tf.Graph().as_default():  # the writer of version 1 refuses to work outside a graph
            self._writer = self._v1.summary.FileWriter(str(folder))

    def add(self, values: Dict[str, float], step: int) -> None:
        """Write numbers of a step."""
        summary = self._v1.Summary()
        for name, value in values.items():
            summary.value.add(tag=name, simple_value=value)
        self._writer.add_summary(summary, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
