"""Pictures of scores: precision against recall, and what was taken for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from splitdet.compat import extra
from splitdet.evaluate.confusion import Confusion
from splitdet.evaluate.evaluate import Evaluation
from splitdet.evaluate.truth import GroundTruth
from splitdet.evaluate.voc_scores import MIN_IOU, Curve

NAMED_CLASSES = 10
"""Curves with a name; the others are thin and grey."""
SHOWN_CLASSES = 25
"""Rows of the confusion matrix; more could not be read."""


def write_charts(folder: Path, evaluation: Evaluation) -> List[Path]:
    """Write `precision_recall.png` and `confusion.png`; nothing where no boxes were evaluated.

    Returns:
        the files.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    scores, threshold = evaluation.boxes, evaluation.reported_from
    if scores is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        folder / "precision_recall.png": _draw_curves(evaluation.truth, scores.curves, threshold),
        folder / "confusion.png": _draw_confusion(scores.confusion, threshold),
    }
    for file, figure in figures.items():
        figure.savefig(str(file), dpi=100)
    return list(figures)


def _draw_curves(truth: GroundTruth, curves: Dict[int, Curve], threshold: float) -> Any:
    figure, axes = _figure(9, 6)
    # those with most objects last, and so above the others
    order = sorted(curves, key=lambda class_id: curves[class_id].objects)
    for place, class_id in enumerate(order, start=1):
        curve = curves[class_id]
        if not curve.objects:
            continue
        is_named = place > len(order) - NAMED_CLASSES
        style: Dict[str, Any] = {"color": "0.8", "linewidth": 0.7}
        if is_named:
            area = curve.ap10()
            style = {"label": f"{_plain(truth.classes[class_id])} {area:.2f} ({curve.objects})"}
        steps = np.concatenate([[0.0], curve.recall])
        heights = np.concatenate([curve.falling_precision(), [0.0]])
        line = axes.step(steps, heights, where="post", **style)[0]
        precision, recall = curve.at(threshold)
        if is_named and precision is not None:
            axes.plot([recall], [precision], "o", color=line.get_color())
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision, best from there on")
    axes.set_title(f"IoU {MIN_IOU:g}; dots: score {threshold:g}")
    lines, labels = axes.get_legend_handles_labels()
    axes.legend(
        *(lines[::-1], labels[::-1]),
        title="class, area below (objects)",
        fontsize="small",
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
    )
    return figure


def _draw_confusion(pairs: Confusion, threshold: float) -> Any:
    counts, names = _most_frequent(pairs)
    side = 3.5 + 0.32 * len(names)
    figure, axes = _figure(side, side)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts)):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            color=colour,
            fontsize="x-small",
        )
    ticks = range(len(names))
    axes.set_xticks(ticks)
    axes.set_xticklabels([_plain(name) for name in names], rotation=90)
    axes.set_yticks(ticks)
    axes.set_yticklabels([_plain(name) for name in names])
    axes.set_xlabel("found as")
    axes.set_ylabel("is")
    left_out = len(pairs.names) - len(names)
    rest = f"; {left_out} rarer classes are not shown" if left_out else ""
    axes.set_title(f"from score {threshold:g}, IoU {MIN_IOU:g}{rest}", fontsize="medium")
    return figure


def _most_frequent(pairs: Confusion) -> Tuple[np.ndarray, Sequence[str]]:
    """Counts and names of the classes with most objects, and of nothing."""

    totals = pairs.counts[:-1].sum(axis=1)
    keep = sorted(np.argsort(-totals, kind="stable")[:SHOWN_CLASSES].tolist())
    keep.append(len(pairs.names) - 1)
    return pairs.counts[np.ix_(keep, keep)], [pairs.names[row] for row in keep]


def _figure(width: float, height: float) -> Tuple[Any, Any]:
    """A figure of its own, in inches, with one pair of axes; no window, no global state."""
    figure_class, canvas_class = drawing()
    figure = figure_class(figsize=(width, height), constrained_layout=True)
    canvas_class(figure)
    return figure, figure.subplots()


def drawing() -> Tuple[Any, Any]:
    """The classes `Figure` and `FigureCanvasAgg`; ExtraError where matplotlib is not installed."""
    with extra("eval"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    return Figure, FigureCanvasAgg


def _plain(name: str) -> str:
    """A name that is not taken for a formula."""
    return name.replace("$", r"\$")
