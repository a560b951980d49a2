"""`splitdet doctor`: what this machine has for splitdet, and what to do about what is missing."""

from __future__ import annotations

import argparse
from typing import Any


def add_commands(commands: Any) -> None:
    """Add `doctor` to the command line."""
    parser = commands.add_parser(
        "doctor",
        help="tell what this machine has, and the fix beside each finding",
        description="Tell what this machine has for splitdet, and what to do about what is missing. "
        "Nothing is changed.",
    )
    parser.add_argument("--config", metavar="FILE", help="settings (default: config.yml, if there)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="any key of config.yml"
    )
    parser.add_argument(
        "--pipeline",
        action="store_true",
        help="print the GStreamer pipeline of the section camera, and stop; needs no camera",
    )
    parser.set_defaults(work=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from splitdet.config import load_config
    from splitdet.sources.camera import camera_pipeline

    config = load_config(options.config, options.set)
    if options.pipeline:
        print(camera_pipeline(config.camera, (config.height, config.width)))
    return 0
