"""Rates as a picture."""

from __future__ import annotations

from typing import Any, Mapping

from splitdet.bench.report import case_words
from splitdet.compat import extra
from splitdet.errors import ConfigError, SinkError

COLOURS = {True: "#3f76c0", False: "#c9b18a"}
"""Split, and not."""
ROW_IN, AROUND_IN, WIDTH_IN = 0.32, 1.1, 9.0
_DPI = 110


def check_chart(path: str) -> None:
    """Refuse, before anything is measured, what could not be drawn.

    Raises:
        ExtraError: matplotlib is not installed.
        ConfigError: it draws no such files.
    """
    with extra("plot"):
        from matplotlib.backend_bases import FigureCanvasBase
    ending = path.rpartition(".")[2].lower()
    if ending not in FigureCanvasBase.get_supported_filetypes():
        raise ConfigError(f"--chart {path}: matplotlib does not draw .{ending}; name a .png")


def draw(content: Mapping[str, Any], path: str) -> None:
    """A bar for the mean rate of each case that ran, with its standard deviation.

    Raises:
        ExtraError: matplotlib is not installed.
        SinkError: the picture cannot be written.
    """
    with extra("plot"):
        from matplotlib.figure import Figure
    records = [record for record in content["rows"] if not record["reason"]]
    names = [
        ", ".join(word for word in words.values() if word)
        for words in case_words([record["case"] for record in records])
    ]
    figure = Figure(figsize=(WIDTH_IN, ROW_IN * len(records) + AROUND_IN), constrained_layout=True)
    axes = figure.subplots()
    means = [record["fps"]["mean"] for record in records]
    axes.barh(
        range(len(records)),
        means,
        xerr=[record["fps"]["std"] or 0.0 for record in records],
        color=[COLOURS[record["case"]["split"]] for record in records],
        ecolor="0.3",
    )
    for row, record in enumerate(records):
        mean, end = record["fps"]["mean"], record["fps"]["mean"] + (record["fps"]["std"] or 0.0)
        axes.text(end, row, f" {mean:.1f}", va="center", ha="left", fontsize=8)
    axes.set_yticks(range(len(records)))
    axes.set_yticklabels(names)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("frames per second")
    machine = content["machine"]
    title = [machine["board"] or machine["cpu"], *machine["gpus"], f"{machine['cores']} cores"]
    axes.set_title(", ".join(title), loc="left", fontsize=10)
    try:
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror}") from None
