"""`splitdet plot`: the traces of runs as a picture."""

from __future__ import annotations

import argparse
from typing import Any

from splitdet.errors import EXIT_OK


def add_commands(commands: Any) -> None:
    """Add `plot` to the command line."""
    parser = commands.add_parser(
        "plot",
        help="draw what each thread did when, from the traces of runs",
        description="Draw what 'splitdet run --trace FILE' wrote, one run above the other.",
    )
    parser.add_argument("traces", metavar="TRACE.json", nargs="+", help="a file of --trace")
    parser.add_argument("--out", metavar="PICTURE", default="trace.png", help="default: trace.png")
    parser.add_argument(
        "--frames",
        metavar="N",
        type=int,
        default=8,
        help="show as much time as the slowest run takes for N frames (default: 8)",
    )
    parser.set_defaults(work=_plot)


def _plot(options: argparse.Namespace) -> int:
    from splitdet.trace.plot import headline, plot
    from splitdet.trace.read import read_trace

    runs = [read_trace(path) for path in options.traces]
    plot(runs, options.out, max(1, options.frames))
    for path, run in zip(options.traces, runs):
        print(f"{path}: {headline(run)}")
    print(f"written     {options.out}")
    return EXIT_OK
