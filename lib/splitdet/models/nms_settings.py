"""What a graph's NMS does, read off the graph: every step from the results back to the cut.

The Object Detection API writes the same steps out for each class. Of the N boxes, rows with a
greater score than the threshold are taken; clipped to the window; those without area dropped;
in two-stage detectors, made parts of the window; then suppressed. All classes are put together,
sorted by score, and cut off. A step may be missing; one that is not known, or that differs between
classes, is a reason not to replace the graph's own NMS.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from splitdet.compat import tensorflow
from splitdet.errors import CutError
from splitdet.graph.cut import Port
from splitdet.graph.graph import Graph
from splitdet.models.nms_class import ClassNms, ClassReader
from splitdet.models.structure import RESULTS
from splitdet.models.walk import UNEXPECTED, Walk
from splitdet.nms import Clip, NmsSettings, Ties

if TYPE_CHECKING:
    from splitdet.models.parts import GraphParts

_ROW = range(20)
_CORNERS = ("ymin", "xmin", "ymax", "xmax")


class Habits(NamedTuple):
    """What differs between versions of TensorFlow's NMS, CombinedNonMaxSuppression left out.

    See the fields of `NmsSettings`.
    """

    equal_suppresses: bool = False
    repeats_flat: bool = False
    ties: Ties = Ties.BY_INDEX


TENSORFLOW_2 = Habits()
"""Those of present versions."""


def read_settings(parts: GraphParts, like: Optional[Habits] = None) -> NmsSettings:
    """The settings of the NMS behind the cut of a detector.

    Args:
        like: habits to follow; None: those of the TensorFlow that is installed.

    Raises:
        CutError: it does something that `nms.suppress` does not; the message says where.
        EngineError: TensorFlow's habits are wanted, but it does not load.
    """
    if not parts.cut:
        raise CutError("it is not cut before its NMS")
    try:
        settings = _Reader(parts.graph, parts.cut, parts.results, like).read()
    except UNEXPECTED as error:
        raise CutError(f"its NMS is put together in another way ({error})") from None
    if not 0 <= settings.iou_threshold <= 1 or settings.score_threshold < 0:
        raise CutError(
            f"its thresholds must be 0..1 for overlap and not negative for scores; they are "
            f"{settings.iou_threshold} and {settings.score_threshold}"
        )
    return settings


@lru_cache(maxsize=None)
def habits() -> Habits:
    """Those of the TensorFlow that is installed, found out by trying."""
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        boxes, scores = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None])
        chosen = tf.image.non_max_suppression(boxes, scores, len(_ROW), iou_threshold=0.5)
    with tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        of_half, of_flat, of_equal = (
            session.run(chosen, {boxes: some, scores: of_some}).tolist()
            for some, of_some in (
                ([[0, 0, 1, 1], [0, 0, 0.5, 1]], [0.9, 0.8]),
                ([[0, 0, 0, 1]], [0.9]),
                ([[0, left, 1, left + 1] for left in _ROW], [0.9] * len(_ROW)),
            )
        )
    ties = Ties.BY_INDEX if of_equal == list(_ROW) else Ties.BY_CLASS
    return Habits(of_half == [0], len(of_flat) > 1, ties)


class _Reader:
    """Reads `graph` from `results` back to `cut`."""

    def __init__(
        self, graph: Graph, cut: Sequence[Port], results: Sequence[Port], like: Optional[Habits]
    ) -> None:
        self._graph = graph
        self._walk = Walk(graph)
        self._cut = cut
        self._like = like
        self._results = [port.tensor for port in results[: len(RESULTS)]]

    def read(self) -> NmsSettings:
        """The settings."""
        walk = self._walk
        boxes, scores, classes, count = self._results
        offset = 0.0
        if walk.is_operation(classes, "Add", "AddV2"):
            classes, constant = walk.inputs(classes, "Add", "AddV2")
            offset = walk.number(constant)
        if walk.is_operation(boxes, "CombinedNonMaxSuppression"):
            settings = self._combined(boxes, (scores, classes, count))
        else:
            settings = self._written_out(boxes, scores, classes, count)
        return replace(settings, class_offset=settings.class_offset + int(offset))

    def _combined(self, boxes: str, others: Sequence[str]) -> NmsSettings:
        walk = self._walk
        name = walk.node(boxes).name
        outputs = [walk.source(boxes)]
        for tensor in others:
            outputs.append(walk.source(self._uncast(tensor)))
        if outputs != [f"{name}:{number}" for number in range(4)]:
            raise CutError("its results are not what CombinedNonMaxSuppression gives")
        inputs = walk.inputs(boxes, "CombinedNonMaxSuppression")
        roles = {walk.source(port.tensor): port.role for port in self._cut}
        if [roles.get(walk.source(tensor)) for tensor in inputs[:2]] != ["boxes", "scores"]:
            raise CutError("CombinedNonMaxSuppression does not read what the graph is cut at")
        limits = [walk.number(tensor) for tensor in inputs[2:]]
        return NmsSettings(
            score_threshold=limits[3],
            iou_threshold=limits[2],
            max_per_class=int(limits[0]),
            max_total=int(limits[1]),
            class_offset=0,
            clip=Clip.AFTER if walk.flag(boxes, "clip_boxes", missing=1) else Clip.NEVER,
            drops_flat=False,
            ties=Ties.UNSPECIFIED,
        )

    def _written_out(self, boxes: str, scores: str, classes: str, count: str) -> NmsSettings:
        walk = self._walk
        one_frame = [walk.of_frame(tensor) for tensor in (boxes, scores, classes)]
        if walk.rows_limit(self._uncast(walk.of_frame(self._uncast(count)))) is not None:
            raise CutError("num_detections is not the number of its detections")
        limits, indices, together = [], [], []
        for tensor in one_frame:
            padded_to, tensor = self._unpadded(tensor)
            limit, order, tensor = self._unsorted(tensor)
            limits.append([size for size in (padded_to, limit) if size is not None])
            indices.append(order)
            together.append(self._parts(tensor))
        if len(set(indices)) != 1 or limits[0] != limits[1] or limits[0] != limits[2]:
            raise CutError("boxes, scores and classes are not sorted and cut off together")
        order = walk.inputs(indices[0], "TopKV2")[0]
        if self._parts(order) != together[1]:
            raise CutError("detections are not sorted by their scores")
        return self._of_classes(together, min(limits[0]))

    def _of_classes(self, together: Sequence[Sequence[str]], max_total: int) -> NmsSettings:
        """The settings that all classes have in common.

        Args:
            together: for boxes, scores and ids, what is kept of each class.
        """
        reader = ClassReader(self._walk, self._cut)
        found = [reader.read(number, *kept) for number, kept in enumerate(zip(*together[:2]))]
        numbers = list(range(len(found)))
        columns = [column for column, _ in found]
        if columns not in ([0] * len(found), numbers):
            raise CutError("the boxes are not one for all classes, nor one for each")
        offsets = {reader.number(ids) - number for number, ids in enumerate(together[2])}
        steps = {of_class for _, of_class in found}
        if len(offsets) != 1 or len(steps) != 1:
            differing = [
                name
                for name in ClassNms._fields
                if len({getattr(of_class, name) for of_class in steps}) > 1
            ]
            raise CutError("its classes differ in {}".format(", ".join(differing) or "their numbers"))
        of_class = steps.pop()
        has_count = any(port.role == "count" for port in self._cut)
        if has_count != of_class.uses_count:
            raise CutError("it is not cut at what says how many of its boxes are real")
        constant = self._walk.numbers(of_class.window) if of_class.window else None
        if constant is not None and len(constant) != len(_CORNERS):
            raise CutError(f"its window has {len(constant)} numbers")
        return NmsSettings(
            score_threshold=of_class.score_threshold,
            iou_threshold=of_class.iou_threshold,
            max_per_class=of_class.max_boxes,
            max_total=max_total,
            class_offset=offsets.pop(),
            clip=Clip.BEFORE if of_class.is_clipped else Clip.NEVER,
            window=None if constant is None else (constant[0], constant[1], constant[2], constant[3]),
            drops_flat=of_class.drops_flat,
            to_window_frame=of_class.to_window_frame,
            **(self._like or habits())._asdict(),
        )

    def _parts(self, tensor: str) -> List[str]:
        """What is put together of all classes; where there is just one class, that itself."""
        walk = self._walk
        if walk.is_operation(tensor, "ConcatV2"):
            return walk.concatenated(tensor, 0)
        return [walk.source(tensor)]

    def _uncast(self, tensor: str) -> str:
        walk = self._walk
        return walk.inputs(tensor, "Cast")[0] if walk.is_operation(tensor, "Cast") else tensor

    def _unpadded(self, tensor: str) -> Tuple[Optional[int], str]:
        """What a result was before it was padded with zeros, and the size it was cut off at."""
        walk = self._walk
        if walk.is_operation(tensor, "Pad"):
            return None, walk.source(walk.inputs(tensor, "Pad")[0])
        padded, cut_off = walk.inputs(tensor, "Merge")
        rows, indices = walk.gathered(cut_off)
        if walk.concatenated(padded, 0)[0] != rows:
            raise CutError("its results are not padded as detectors of the zoo pad them")
        return self._first(indices), rows

    def _unsorted(self, tensor: str) -> Tuple[Optional[int], str, str]:
        """How many rows are reported, what sorts them, and the rows as they were before."""
        walk = self._walk
        rows, indices = walk.gathered(tensor)
        limit = None
        if not walk.is_operation(indices, "TopKV2"):
            limit = self._first(indices)
            rows, indices = walk.gathered(rows)
        limits = [limit, walk.rows_limit(walk.inputs(indices, "TopKV2")[1])]
        if not indices.endswith(":1"):
            raise CutError("rows are not taken in the order of their scores")
        return min((size for size in limits if size is not None), default=None), indices, rows

    def _first(self, indices: str) -> Optional[int]:
        """How many rows `indices` take from the top."""
        walk = self._walk
        numbers = walk.numbers(indices)
        if numbers is not None and numbers == list(range(len(numbers))):
            return len(numbers)
        begin, end, step = walk.inputs(indices, "Range")
        if (walk.number(begin), walk.number(step)) != (0, 1):
            raise CutError("not all of the first detections are reported")
        return walk.rows_limit(end)
