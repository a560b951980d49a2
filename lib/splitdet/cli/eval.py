"""`splitdet eval`: how much of a labelled dataset a model finds, and what each setting costs."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any, Dict, List

from splitdet.config import load_config
from splitdet.errors import EXIT_FAILED, EXIT_OK, ConfigError

log = logging.getLogger(__name__)


def add_commands(commands: Any) -> None:
    """Add `eval` to the command line."""
    parser = commands.add_parser(
        "eval",
        help="measure mAP, mIoU and speed on a labelled dataset",
        description="Run a model over a labelled dataset, or take a file of results, and print COCO's "
        "and Pascal VOC's figures. Boxes of low scores are evaluated too, whatever det_th says.",
    )
    parser.add_argument("--model", metavar="NAME|FILE", help="model_path of config.yml")
    parser.add_argument(
        "--dataset",
        metavar="PATH",
        required=True,
        help="a COCO file (.json), a folder with one, or a folder of Pascal VOC",
    )
    parser.add_argument("--images", metavar="FOLDER", default="", help="the pictures of the dataset")
    parser.add_argument(
        "--results", metavar="FILE", default="", help="COCO results, or a run's --json; no model runs"
    )
    parser.add_argument("--limit", metavar="N", type=int, default=0, help="only the first N pictures")
    parser.add_argument(
        "--speed-s",
        metavar="S",
        type=float,
        default=3.0,
        help="measure the speed for S seconds (default: %(default)s; 0: not at all)",
    )
    parser.add_argument("--config", metavar="FILE", help="settings (default: config.yml, if there)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="any key of config.yml"
    )
    parser.add_argument(
        "--compare",
        metavar="KEY=VALUE,VALUE",
        nargs="+",
        default=[],
        help="evaluate with every combination of these settings, and make one table",
    )
    parser.add_argument("--json", metavar="FILE", default="", help="write all figures as JSON")
    parser.add_argument("--markdown", metavar="FILE", default="", help="write the tables as Markdown")
    parser.add_argument("--charts", metavar="FOLDER", default="", help="write pictures of the scores")
    parser.add_argument(
        "--save-results", metavar="FILE", default="", help="write all detections as COCO results"
    )
    parser.set_defaults(work=_eval)


def _eval(options: argparse.Namespace) -> int:
    if options.limit < 0 or not 0 <= options.speed_s < float("inf"):
        raise ConfigError("--limit is 0 or more, --speed-s a finite number of seconds, 0 or more")
    return _compare(options) if options.compare else _evaluate(options)


def _evaluate(options: argparse.Namespace) -> int:
    from splitdet.evaluate.evaluate import Task, evaluate
    from splitdet.evaluate.report import as_markdown, as_record

    values = {} if options.model is None else {"model_path": options.model}
    config = load_config(options.config, options.set, values=values)
    if options.charts:
        from splitdet.evaluate.charts import drawing, write_charts

        drawing()  # if it is missing, that is said before the model runs
    evaluation = evaluate(
        Task(
            config,
            options.dataset,
            options.images,
            options.results,
            options.limit,
            options.speed_s,
        )
    )
    record = as_record(evaluation)
    _write(options, as_markdown(record), record)
    if options.charts:
        for file in write_charts(Path(options.charts), evaluation):
            print(f"written  {file}")
    if options.save_results:
        from splitdet.evaluate.found import coco_record
        from splitdet.sinks.files import write_text

        results = [coco_record(one) for one in evaluation.found]
        write_text(options.save_results, json.dumps(results))
        print(f"written  {options.save_results}")
    return EXIT_OK


def _compare(options: argparse.Namespace) -> int:
    from splitdet.evaluate.compare import (
        as_records,
        as_table,
        combinations,
        reference_engine,
        run_variant,
        with_reference,
    )
    from splitdet.zoo.find import find_model

    for name in ("results", "charts", "save_results"):
        if getattr(options, name):
            raise ConfigError("--{}: not together with --compare".format(name.replace("_", "-")))
    values = {} if options.model is None else {"model_path": options.model}
    config = load_config(options.config, options.set, values=values)
    base = {"engine": config.engine, "precision": config.precision}
    engine = reference_engine(find_model(config.model_path))
    variants = with_reference(combinations(options.compare), base, engine)
    precisions = []
    for settings in variants:  # each runs in a process of its own, which would find a mistake late
        changed = [*options.set, *(f"{key}={value}" for key, value in settings.items())]
        precisions.append(load_config(options.config, changed, values=values).precision)
    rows = []
    for settings, precision in zip(variants, precisions):
        log.info("%s", " ".join(f"{key}={value}" for key, value in settings.items()))
        rows.append(run_variant(settings, precision, _words(options)))
    _write(options, as_table(rows), {"schema": 1, "rows": as_records(rows)})
    return EXIT_OK if any(row.record for row in rows) else EXIT_FAILED


def _words(options: argparse.Namespace) -> List[str]:
    """The options that all rows of a comparison share."""
    words = ["--dataset", options.dataset, "--limit", str(options.limit)]
    words += ["--speed-s", str(options.speed_s)]
    for name in ("model", "images", "config"):
        if getattr(options, name):
            words += ["--" + name, getattr(options, name)]
    for setting in options.set:
        words += ["--set", setting]
    return words


def _write(options: argparse.Namespace, text: str, record: Dict[str, Any]) -> None:
    from splitdet.sinks.files import write_json, write_text

    print(text, flush=True)
    if options.json:
        write_json(options.json, record)
    if options.markdown:
        write_text(options.markdown, text)
