"""Traces as a picture: what each thread did when, one run above the other on the same scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence, Tuple, Union

from splitdet.errors import ConfigError, SinkError
from splitdet.trace.read import Recording

COLOURS = ("#8fb4e8", "#f6cf71", "#f89c8a", "#87c9b5", "#c3a6e6", "#b8d66b")
"""One frame after the other, so that a frame can be followed from thread to thread."""
WIDTH_IN, BARS_IN = 10.0, 9.0
"""Of the picture, and of what bars have of it beside the names of the threads."""
ROW_IN, AROUND_IN = 0.34, 0.95
"""Height of a thread, and of headline and scale of a run."""
_DPI = 110
_DIGIT_IN = 0.085


def plot(runs: Sequence[Recording], path: Union[str, Path], frames: int = 8) -> None:
    """Draw the middle of each run.

    Args:
        path: the picture; its ending says which kind (.png, .svg, .pdf).
        frames: the picture spans as much time as the slowest run takes for so many.

    Raises:
        ConfigError: matplotlib is not installed.
        SinkError: the picture cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("splitdet plot needs matplotlib: pip install 'splitdet[plot]'") from None
    shown_s = frames / min(run.fps for run in runs)
    heights_in = [ROW_IN * len(run.tracks) + AROUND_IN for run in runs]
    figure = Figure(figsize=(WIDTH_IN, sum(heights_in)), layout="constrained")
    grid = {"height_ratios": heights_in}
    for axes, run in zip(figure.subplots(len(runs), squeeze=False, gridspec_kw=grid)[:, 0], runs):
        _draw(axes, run, shown_s)
    try:
        figure.savefig(path, dpi=_DPI)
    except (OSError, ValueError) as error:  # ValueError: no such kind of picture
        reason = error.strerror if isinstance(error, OSError) else error
        raise SinkError(f"{path}: {reason}") from None


def _draw(axes: Any, run: Recording, shown_s: float) -> None:
    """One run: a row for each thread, a bar for each batch."""
    from_s = _middle(run, shown_s)
    rows = {track: row for row, track in enumerate(run.tracks)}
    for span in run.spans:
        left_ms, right_ms = (1000 * (time_s - from_s) for time_s in (span.begin_s, span.end_s))
        if right_ms >= 0 and left_ms <= 1000 * shown_s:
            row = rows[span.track]
            axes.barh(row, right_ms - left_ms, 0.8, left_ms, color=COLOURS[span.frame % len(COLOURS)])
            axes.vlines(left_ms, row - 0.4, row + 0.4, "dimgray", linewidth=0.6)
            _number(axes, span.frame, row, (left_ms, right_ms), 1000 * shown_s)
    axes.set_xlim(0, 1000 * shown_s)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), run.tracks)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("ms")
    axes.set_title(headline(run), loc="left", fontsize=11)


def _number(axes: Any, frame: int, row: int, edges_ms: Tuple[float, float], shown_ms: float) -> None:
    """The number of the frame, where its bar has room for it."""
    left_ms, right_ms = max(edges_ms[0], 0.0), min(edges_ms[1], shown_ms)
    if (right_ms - left_ms) / shown_ms * BARS_IN > _DIGIT_IN * len(str(frame)):
        middle_ms = (left_ms + right_ms) / 2
        axes.text(middle_ms, row, str(frame), ha="center", va="center", fontsize=8)


def _middle(run: Recording, shown_s: float) -> float:
    """Where the picture begins, so that it shows the middle of the run; seconds."""
    spare_s = run.end_s - run.begin_s - shown_s
    return run.begin_s + max(0.0, spare_s) / 2


def headline(run: Recording) -> str:
    """How fast a run was and, of a graph in two halves, how much they overlapped."""
    rate = f"{run.fps:.1f} frames per second"
    if not run.about.get("split"):
        return f"not split: {rate}"
    share = 100 * run.overlap("accelerator", "cpu")
    return f"split: {rate}, both halves at work {share:.0f} % of the time"
