"""What a graph's NMS does to the boxes of one class, read off the graph from the end to the cut."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from splitdet.errors import CutError
from splitdet.graph.cut import Port
from splitdet.graph.graph import attribute, split_name
from splitdet.models.walk import Walk

_SORTS = ("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3")
_ALL = (0, 1, 2, 3)


class ClassNms(NamedTuple):
    """The steps that the boxes of one class go through."""

    score_threshold: float
    iou_threshold: float
    max_boxes: int
    is_clipped: bool
    drops_flat: bool
    to_window_frame: bool
    window: str
    """Full name, in all frames of the batch; empty where there is none."""
    uses_count: bool
    """Whether only the first boxes are real, and a tensor says how many."""


class ClassReader:
    """Reads the steps of each class back to the tensors that the graph is cut at.

    Each method raises CutError where the graph does something else than detectors of the zoo.
    """

    def __init__(self, walk: Walk, cut: Sequence[Port]) -> None:
        self._walk = walk
        self._cut: Dict[str, Port] = {walk.source(port.tensor): port for port in cut}
        self._uses_count = False

    def read(self, number: int, boxes: str, scores: str) -> Tuple[int, ClassNms]:
        """Which of the boxes of each row class `number` has, and its steps.

        Args:
            boxes: what is kept of the class.
            scores: the same.
        """
        walk = self._walk
        boxes, chosen = walk.gathered(boxes)
        scores, chosen_scores = walk.gathered(scores)
        node = walk.expect(chosen, *_SORTS)
        inputs = [walk.source(tensor) for tensor in walk.inputs(chosen, *_SORTS)]
        reported = (chosen_scores, boxes, scores)
        if not all(map(walk.is_same, (chosen, *inputs[:2]), reported)):
            raise CutError(f"{node.name!r} does not choose from what is reported")
        limit = walk.rows_limit(inputs[2])
        if limit is None:
            raise CutError(f"{node.name!r} has no limit")
        threshold = walk.number(inputs[4]) if len(inputs) > 4 else float("-inf")
        iou = walk.number(inputs[3]) if len(inputs) > 3 else attribute(node, "iou_threshold").f
        # the steps before it, last one first; each is there or not
        framed, boxes = self._unframed(boxes)
        drops_flat, boxes, scores = self._with_flat_ones(boxes, scores)
        clipped, boxes = self._unclipped(boxes)
        if walk.is_operation(boxes, "Gather", "GatherV2"):
            boxes, scores, condition = self._unfiltered(boxes, scores)
            values, constant = walk.inputs(condition, "Greater")
            if walk.source(values) != scores:
                raise CutError(f"{node.name!r} reads boxes that were not chosen by their scores")
            threshold = max(threshold, walk.number(constant))
        column, clipped_before = self._column_of_boxes(boxes)
        if self._column_of_scores(scores) != number:
            raise CutError(f"{node.name!r} does not read the scores of class {number}")
        windows = {name for name in (framed, clipped, clipped_before) if name}
        if len(windows) > 1:
            raise CutError(f"{node.name!r} reads boxes of two windows")
        return column, ClassNms(
            score_threshold=threshold,
            iou_threshold=iou,
            max_boxes=limit,
            is_clipped=bool(clipped or clipped_before),
            drops_flat=drops_flat,
            to_window_frame=bool(framed),
            window=windows.pop() if windows else "",
            uses_count=self._uses_count,
        )

    def number(self, ids: str) -> int:
        """The number that all rows of `ids` have."""
        walk = self._walk
        if walk.is_operation(ids, "Fill"):
            return int(walk.number(walk.inputs(ids, "Fill")[1]))
        zeros, constant = walk.inputs(ids, "Add", "AddV2")
        walk.expect(zeros, "ZerosLike")
        return int(walk.number(constant))

    def _unframed(self, boxes: str) -> Tuple[str, str]:
        """The window that `boxes` are parts of, empty if they are not; and they before that."""
        walk = self._walk
        parts = self._four_parts(boxes, "Mul")
        if not parts:
            return "", boxes
        windows: Set[str] = set()
        moved: Set[str] = set()
        for number, (scale, column) in enumerate(parts):
            one, size = walk.inputs(scale, "RealDiv", "Div")
            far, near = (walk.columns(name) for name in walk.inputs(size, "Sub"))
            axis = number % 2
            if walk.number(one) != 1 or (far.numbers, near.numbers) != ((axis + 2,), (axis,)):
                raise CutError(f"{split_name(boxes)[0]!r} is not scaled by the size of a window")
            if walk.columns(column).numbers != (number,):
                raise CutError(f"{split_name(boxes)[0]!r} mixes the corners of boxes")
            windows |= {far.tensor, near.tensor}
            moved.add(walk.columns(column).tensor)
        if len(moved) != 1:
            raise CutError(f"{split_name(boxes)[0]!r} mixes boxes")
        before, corner = walk.inputs(moved.pop(), "Sub")
        corners = [walk.columns(name) for name in walk.inputs(corner, "Pack")]
        if [corner.numbers for corner in corners] != [(0,), (1,), (0,), (1,)]:
            raise CutError(f"{split_name(boxes)[0]!r} is not moved by the corner of a window")
        windows |= {corner.tensor for corner in corners}
        return self._window(boxes, windows), walk.source(before)

    def _unclipped(self, boxes: str, axis: int = 1) -> Tuple[str, str]:
        """The window that `boxes` were clipped to, empty if they were not; and they before that."""
        walk = self._walk
        if not walk.is_operation(boxes, "ConcatV2"):
            return "", boxes
        windows: Set[str] = set()
        before: Set[str] = set()
        numbers: List[int] = []
        for part in walk.concatenated(boxes, axis):
            lesser, low = walk.inputs(part, "Maximum")
            column, high = (walk.columns(name) for name in walk.inputs(lesser, "Minimum"))
            near = walk.columns(low)
            if near.numbers != tuple(number % 2 for number in column.numbers) or high.numbers != tuple(
                number % 2 + 2 for number in column.numbers
            ):
                raise CutError(f"{split_name(boxes)[0]!r} is not clipped to a window")
            numbers.extend(column.numbers)
            before.add(column.tensor)
            windows |= {high.tensor, near.tensor}
        if tuple(numbers) != _ALL or len(before) != 1:
            raise CutError(f"{split_name(boxes)[0]!r} mixes the corners of boxes")
        return self._window(boxes, windows), before.pop()

    def _with_flat_ones(self, boxes: str, scores: str) -> Tuple[bool, str, str]:
        """Whether boxes without area were dropped; and boxes and scores before that."""
        walk = self._walk
        if not walk.is_operation(boxes, "Gather", "GatherV2"):
            return False, boxes, scores
        all_boxes, all_scores, condition = self._unfiltered(boxes, scores)
        area, least = walk.inputs(condition, "Greater")
        if not walk.is_operation(area, "Squeeze"):
            return False, boxes, scores
        sides = walk.inputs(walk.inputs(area, "Squeeze")[0], "Mul")
        corners = [walk.columns(name) for side in sides for name in walk.inputs(side, "Sub")]
        numbers = [corner.numbers for corner in corners]
        if (
            walk.number(least) != 0
            or numbers != [(2,), (0,), (3,), (1,)]
            or {corner.tensor for corner in corners} != {all_boxes}
        ):
            raise CutError(f"{split_name(boxes)[0]!r} does not take the boxes that have an area")
        return True, all_boxes, all_scores

    def _unfiltered(self, boxes: str, scores: str) -> Tuple[str, str, str]:
        """Boxes and scores before some were chosen, and the condition for being chosen."""
        all_boxes, rows = self._walk.gathered(boxes)
        all_scores, rows_of_scores = self._walk.gathered(scores)
        if rows != rows_of_scores:
            raise CutError(f"{split_name(boxes)[0]!r} and its scores are not chosen together")
        return all_boxes, all_scores, self._walk.condition(rows)

    def _four_parts(self, boxes: str, operation: str) -> List[List[str]]:
        """What the four corners of boxes are computed from; none unless by `operation`."""
        walk = self._walk
        if not walk.is_operation(boxes, "ConcatV2"):
            return []
        parts = walk.concatenated(boxes, 1)
        if len(parts) != len(_ALL) or not all(walk.is_operation(part, operation) for part in parts):
            return []
        return [walk.inputs(part, operation) for part in parts]

    def _window(self, boxes: str, names: Set[str]) -> str:
        """The window that all of `names` are, in all frames of the batch."""
        found = {self._walk.whole_batch(name) for name in names}
        name = found.pop()
        is_window = name in self._cut and self._cut[name].role == "window"
        if found or not (is_window or self._walk.numbers(name)):
            raise CutError(f"{split_name(boxes)[0]!r} needs one window, known or cut at")
        return name

    def _column_of_boxes(self, boxes: str) -> Tuple[int, str]:
        """Which of the boxes of each row this is, and the window that all were clipped to."""
        walk = self._walk
        if walk.is_operation(boxes, "Unpack") and walk.flag(boxes, "axis") == 1:
            self._expect_rows(walk.inputs(boxes, "Unpack")[0], "boxes")
            return split_name(boxes)[1], ""
        table, number = walk.second_axis(boxes)
        window, table = self._unclipped(table, 2)
        self._expect_rows(table, "boxes")
        return number, window

    def _column_of_scores(self, scores: str) -> int:
        """The number of the class that these are the scores of."""
        walk = self._walk
        if not walk.is_operation(scores, "Reshape"):
            table, number = walk.second_axis(scores)
        else:
            flat = walk.inputs(scores, "Reshape")
            table, begin, size = walk.inputs(flat[0], "Slice")
            start = walk.numbers(begin)
            sizes = walk.inputs(size, "Pack")
            walk.rows_limit(sizes[0])
            if start is None or len(start) != 2 or start[0] != 0 or walk.number(sizes[1]) != 1:
                raise CutError(f"{split_name(scores)[0]!r} does not take the scores of one class")
            number = int(start[1])
        self._expect_rows(table, "scores")
        return number

    def _expect_rows(self, table: str, role: str) -> None:
        """Raise unless `table` is one frame's part of what the graph is cut at, or its first rows."""
        walk = self._walk
        table = walk.source(table)
        if walk.is_operation(table, "Reshape"):
            table, shape = walk.inputs(table, "Reshape")
            sizes = walk.numbers(shape) or []
            if [size for size in sizes if size < 0] != [-1] or sizes[0] != -1:
                raise CutError(f"{split_name(table)[0]!r} is not taken row by row")
        if walk.is_operation(table, "Slice"):
            table, begin, size = walk.inputs(table, "Slice")
            rows, *others = walk.inputs(size, "Pack")
            if any(walk.numbers(begin) or [1]) or any(walk.number(name) != -1 for name in others):
                raise CutError(f"not all of {split_name(table)[0]!r} is suppressed")
            self._expect_count(rows)
        port = self._cut.get(walk.whole_batch(table))
        if port is None or port.role != role:
            raise CutError(f"{split_name(walk.whole_batch(table))[0]!r} is not what the graph is cut at")

    def _expect_count(self, rows: str) -> None:
        """Raise unless `rows` is the number of all rows, or of the real ones as the cut has it."""
        walk = self._walk
        rows = walk.whole_batch(rows)
        if rows in self._cut and self._cut[rows].role == "count":
            self._uses_count = True
            return
        factors = walk.inputs(rows, "Mul")
        shapes = [port.shape for port in self._cut.values() if port.role == "scores"]
        counts = [walk.number(name) for name in factors if walk.numbers(name)]
        ones = [walk.number(walk.inputs(name, "Fill")[1]) for name in factors if not walk.numbers(name)]
        if ones != [1] or not shapes[0] or counts != [shapes[0][1]]:
            raise CutError(f"{split_name(rows)[0]!r} is not the number of boxes")
