"""`splitdet COMMAND`."""

from __future__ import annotations

import argparse
from typing import List, NoReturn, Optional

import splitdet
from splitdet.cli import (
    bench,
    build,
    data,
    demo,
    doctor,
    eval,
    export,
    inspect,
    models,
    plot,
    run,
    train,
)
from splitdet.cli.console import guarded


def main(arguments: Optional[List[str]] = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    guarded(lambda: dispatch(arguments))


def dispatch(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; its exit code. Errors are raised."""
    options = make_parser().parse_args(arguments)
    return int(options.work(options))


def make_parser() -> argparse.ArgumentParser:
    """What the command line takes; `work` of what it gives does it."""
    parser = argparse.ArgumentParser(
        prog="splitdet", description="Real-time detection with TensorFlow frozen graphs."
    )
    parser.add_argument("--version", action="version", version="splitdet " + splitdet.__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (
        *(run, models, inspect, build, data, train, export),
        *(eval, bench, doctor, plot, demo),
    ):
        module.add_commands(commands)
    return parser
