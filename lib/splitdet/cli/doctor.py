"""`splitdet doctor`: what this machine has for splitdet, and what to do about what is missing."""

from __future__ import annotations

import argparse
import json
from typing import Any

from splitdet.errors import EXIT_FAILED, EXIT_OK


def add_commands(commands: Any) -> None:
    """Add `doctor` to the command line."""
    parser = commands.add_parser(
        "doctor",
        help="tell what this machine has, and the fix beside each finding",
        description="Tell what this machine has for splitdet, and what to do about what is missing. "
        "Nothing is changed; exit code 1 where something is missing that every run needs.",
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
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(work=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    if options.pipeline:
        return _print_pipeline(options)
    from splitdet.doctor.examine import examine
    from splitdet.doctor.findings import PROBLEM, table

    findings = examine()
    if options.json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        print(table(findings))
    return EXIT_FAILED if any(finding.state == PROBLEM for finding in findings) else EXIT_OK


def _print_pipeline(options: argparse.Namespace) -> int:
    from splitdet.config import load_config
    from splitdet.sources.camera import camera_pipeline

    config = load_config(options.config, options.set)
    size_px = (config.height, config.width)
    print(camera_pipeline(config.camera, size_px, config.latency == "low"))
    return EXIT_OK
