"""OpenVINO: the whole graph, by its own pipeline of asynchronous requests (AsyncInferQueue).

Set up as its documentation advises for throughput: the performance hint, a fixed input size, and
the colour order turned inside of the graph.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Iterable, Iterator, Tuple

import numpy as np
from base import SIZE_PX, Answer, Peer, Unable, for_segmenter


class OpenVinoAsync(Peer):
    """As many requests at once as the device wants."""

    def open(self) -> None:
        """See `Peer.open`."""
        import openvino
        from openvino import AsyncInferQueue, Core, Layout
        from openvino.preprocess import ColorFormat, PrePostProcessor

        self.title = f"OpenVINO {openvino.__version__.split('-')[0]}, AsyncInferQueue, whole graph"
        core = Core()
        try:
            model = core.read_model(self.graph)
            if not self.segments:
                model.reshape([1, *SIZE_PX, 3])
                processor = PrePostProcessor(model)
                processor.input().tensor().set_layout(Layout("NHWC")).set_color_format(ColorFormat.BGR)
                processor.input().preprocess().convert_color(ColorFormat.RGB)
                model = processor.build()
            compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
        except RuntimeError as error:
            raise Unable(" ".join(str(error).split())[:300]) from None
        self._done: Deque[Tuple[int, Answer]] = deque()
        self._queue = AsyncInferQueue(compiled)
        self._queue.set_callback(self._take)
        self._places = [] if self.segments else _places(compiled.outputs)

    def _take(self, request: Any, index: int) -> None:
        """One request is done; on a thread of OpenVINO's."""
        tensors = [request.get_output_tensor(place).data for place in self._places or [0]]
        if self.segments:
            self._done.append((index, tensors[0][0].copy()))
        else:
            self._done.append((index, self.cut_off(*(tensor[0] for tensor in tensors))))

    def run(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[int, Answer]]:
        """See `Peer.run`."""
        for index, frame in enumerate(frames):
            image = for_segmenter(frame) if self.segments else frame[np.newaxis]
            self._queue.start_async({0: image}, index)  # waits for a request that is free
            while self._done:
                yield self._done.popleft()
        self._queue.wait_all()
        while self._done:
            yield self._done.popleft()


def _places(outputs: Any) -> Tuple[int, ...]:
    """Where boxes, scores and classes are; the outputs have kept the names of the graph's ends."""
    names = ("detection_boxes", "detection_scores", "detection_classes")
    found = []
    for name in names:
        match = [
            place
            for place, output in enumerate(outputs)
            if any(word.split(":")[0] == name for word in output.get_names())
        ]
        if len(match) != 1:
            raise Unable(f"no output is called {name}")
        found.append(match[0])
    return tuple(found)
