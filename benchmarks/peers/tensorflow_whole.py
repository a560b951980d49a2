"""TensorFlow: the whole graph in one session, frame by frame; its own threads use all cores."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Tuple

import numpy as np
from base import Answer, Peer, for_segmenter, rgb

RESULTS = ("detection_boxes:0", "detection_scores:0", "detection_classes:0")


def read_graph(path: Any) -> Any:
    """A frozen graph, as a GraphDef."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(path.read_bytes())
    return definition


class TensorFlowWhole(Peer):
    """A plain loop around `session.run`."""

    def open(self) -> None:
        """See `Peer.open`."""
        import tensorflow as tf

        self.title = f"TensorFlow {tf.__version__}, whole graph"
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(read_graph(self.graph), name="")
        self._session = tf.compat.v1.Session(graph=graph)

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            if self.segments:
                feed = {"ImageTensor:0": for_segmenter(frame)}
                yield index, self._session.run("SemanticPredictions:0", feed)[0]
            else:
                found = self._session.run(RESULTS, {"image_tensor:0": rgb(frame)})
                yield index, self.cut_off(*(tensor[0] for tensor in found))
