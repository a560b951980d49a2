"""A picture of what a dataset holds."""

from __future__ import annotations

from pathlib import Path

from splitdet.compat import extra
from splitdet.data.statistics import PART_TITLES, SIZE_STEPS, Statistics
from splitdet.errors import DataError

MOST_CLASSES = 60
SUFFIXES = (".png", ".svg", ".pdf", ".jpg")


def write_chart(statistics: Statistics, path: Path) -> None:
    """Boxes of each class and part, and how large boxes are, as a .png, .svg, .pdf or .jpg.

    Raises:
        DataError: `path` ends otherwise.
        ExtraError: matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise DataError("{}: a chart is a {}".format(path, ", ".join(SUFFIXES)))
    with extra("train"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    total = statistics.total
    classes = [label for label, _ in total.boxes.most_common(MOST_CLASSES)]
    figure = Figure(figsize=(10, 2.5 + 0.22 * len(classes)), constrained_layout=True)
    FigureCanvasAgg(figure)
    by_class, by_size = figure.subplots(1, 2, gridspec_kw={"width_ratios": [2, 1]})
    left = [0] * len(classes)
    for name, part in statistics.parts.items():
        counts = [part.boxes[label] for label in classes]
        by_class.barh(range(len(classes)), counts, left=left, label=PART_TITLES.get(name, name))
        left = [a + b for a, b in zip(left, counts)]
    by_class.set_yticks(range(len(classes)))
    by_class.set_yticklabels([label.replace("$", r"\$") for label in classes])
    by_class.invert_yaxis()
    left_out = len(total.boxes) - len(classes)
    by_class.set_xlabel(
        "boxes" + (f" (the {left_out} rarest classes are not shown)" if left_out else "")
    )
    if any(statistics.parts):
        by_class.legend(loc="lower right")
    steps = [index / SIZE_STEPS for index in range(SIZE_STEPS)]
    by_size.bar(steps, total.box_sizes, width=1 / SIZE_STEPS, align="edge")
    by_size.set_xlabel("size: root of the share of the picture")
    by_size.set_ylabel("boxes")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(str(path), dpi=100)
