"""`splitdet bench`: how fast models are on this machine, split and not split."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, List

from splitdet.config import Config, load_config
from splitdet.config.schema import CLIP
from splitdet.errors import EXIT_FAILED, EXIT_OK, ConfigError, NoFileError

COMPARE = "compare"
_AXES = {"model_path": "MODEL", "engine": "--engine", "split_model": "--split", "visualize": "--display"}
"""Keys of config.yml that options of their own are for."""


def add_commands(commands: Any) -> None:
    """Add `bench` to the command line."""
    parser = commands.add_parser(
        "bench",
        help="measure speed: split against not split, and any other setting",
        description="Measure every combination of the options that may be repeated, round after round "
        "in turn, each run in a process of its own. 'splitdet bench compare A.json B.json' puts two "
        "results side by side.",
    )
    parser.add_argument(
        "models", metavar="MODEL", nargs="+", help="name or file; or: compare A.json B.json"
    )
    parser.add_argument(
        "--input",
        metavar="INPUT",
        help="where the frames come from: a video, a folder of pictures, or what else 'splitdet run' "
        "takes (default: movie_input)",
    )
    _add_axes(parser)
    parser.add_argument("--rounds", metavar="N", type=int, default=3, help="default: %(default)s")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=float,
        default=4.0,
        help="to measure for, each case and round (default: %(default)s)",
    )
    parser.add_argument(
        "--warm-up",
        metavar="S",
        type=float,
        default=1.0,
        help="seconds before that, which do not count (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        metavar="FPS",
        type=float,
        default=0.0,
        help="give so many frames a second, as a camera does; older ones are dropped (default: as fast "
        "as they are taken, and none is dropped)",
    )
    parser.add_argument("--config", metavar="FILE", help="settings (default: config.yml, if there)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="any key of config.yml"
    )
    parser.add_argument("--json", metavar="FILE", default="", help="write all figures as JSON")
    parser.add_argument("--markdown", metavar="FILE", default="", help="write the table as Markdown")
    parser.add_argument("--chart", metavar="FILE", default="", help="draw the rates (.png, .svg, .pdf)")
    parser.set_defaults(work=_bench)


def _add_axes(parser: argparse.ArgumentParser) -> None:
    """The options that may be repeated."""
    parser.add_argument(
        "--engine",
        action="append",
        metavar="ENGINE",
        help="as in config.yml (default: tensorflow, and auto where others are installed)",
    )
    parser.add_argument(
        "--split", action="append", choices=("yes", "no"), help="default: both, where a model has a cut"
    )
    parser.add_argument(
        "--size",
        action="append",
        metavar="WxH",
        help="frames of that size, in memory; 'source': as the input gives them, decoding included "
        "(default: 160x120, 544x288 and 1280x720)",
    )
    parser.add_argument(
        "--display",
        action="append",
        metavar="HOW",
        help="off, inline or worker; the last two with @30 for at most 30 pictures a second "
        "(default: off)",
    )
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=VALUE,VALUE",
        help="compare these values of a key of config.yml",
    )


def _bench(options: argparse.Namespace) -> int:
    if options.models[0] == COMPARE:
        return _compare(options)
    from splitdet.bench.case import SIZES, matrix
    from splitdet.bench.chart import check_chart, draw
    from splitdet.bench.compare import SCHEMA
    from splitdet.bench.facts import facts
    from splitdet.bench.measure import Plan, as_records, measure
    from splitdet.bench.report import about, as_markdown, as_table
    from splitdet.bench.subject import subject
    from splitdet.evaluate.compare import combinations
    from splitdet.sinks.files import write_json, write_text

    _check(options)
    if options.chart:
        check_chart(options.chart)
    config = load_config(options.config, options.set)
    variants = combinations(options.vary, "--vary")
    for variant in variants:  # each is measured in a process of its own, which would find it late
        load_config(options.config, [*options.set, *(f"{k}={v}" for k, v in variant.items())])
    cases = matrix(
        [subject(name, options.engine, options.split) for name in options.models],
        options.size or SIZES,
        options.display or ["off"],
        variants,
    )
    if not cases:
        raise ConfigError("nothing to measure: only tensorflow and tensorrt run what is not split")
    plan = Plan(
        input=options.input if options.input is not None else _default_input(config),
        config=options.config,
        overrides=options.set,
        rounds=options.rounds,
        seconds=options.seconds,
        warm_up_s=options.warm_up,
        rate=options.rate,
    )
    records = as_records(measure(cases, plan))
    content: Dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "bench",
        "machine": facts(_command()),
        "plan": {
            name: getattr(plan, name) for name in ("input", "rounds", "seconds", "warm_up_s", "rate")
        },
        "settings": list(plan.overrides),
        "rows": records,
    }
    print(f"{as_table(records)}\n\n{about(content)}", flush=True)
    if options.json:
        write_json(options.json, content)
    if options.markdown:
        write_text(options.markdown, as_markdown(content))
    ran = any(not record["reason"] for record in records)
    if options.chart and ran:
        draw(content, options.chart)
    return EXIT_OK if ran else EXIT_FAILED


def _check(options: argparse.Namespace) -> None:
    if options.rounds < 1 or options.seconds <= 0 or options.warm_up < 0 or options.rate < 0:
        raise ConfigError("--rounds is 1 or more, --seconds over 0, --warm-up and --rate 0 or more")
    for name in ("seconds", "warm_up", "rate"):
        value = getattr(options, name)
        if not math.isfinite(value):
            raise ConfigError(f"--{name.replace('_', '-')} {value}: expects a number that is finite")
    for word in [*options.set, *options.vary]:
        key = word.partition("=")[0].strip()
        if key in _AXES:
            raise ConfigError(f"{word}: here {_AXES[key]} says that")


def _default_input(config: Config) -> str:
    """`movie_input`; NoFileError where that is the clip of `splitdet demo`, and was not fetched."""
    if config.movie_input == CLIP and not Path(CLIP).is_file():
        raise NoFileError(
            f"{CLIP}: no such file; name other frames with --input, such as --input synthetic:300, or "
            "fetch it with: splitdet demo"
        )
    return config.movie_input


def _command() -> str:
    """What was typed."""
    return " ".join(["splitdet", *map(shlex.quote, sys.argv[1:])])


def _compare(options: argparse.Namespace) -> int:
    from splitdet.bench.compare import compare, read_result
    from splitdet.sinks.files import write_text

    files: List[str] = options.models[1:]
    if len(files) != 2:
        raise ConfigError("splitdet bench compare: expects two files, A.json B.json")
    text = compare(*map(read_result, files))
    print(text, flush=True)
    if options.markdown:
        write_text(options.markdown, text)
    return EXIT_OK
