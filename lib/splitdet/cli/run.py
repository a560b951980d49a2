"""`splitdet run`, and its three fronts run_image.py, run_video.py and run_stream.py."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, NoReturn, Optional

from splitdet.cli.console import debug_messages, guarded
from splitdet.config import Config, load_config
from splitdet.errors import EXIT_FAILED, ConfigError, NoFileError

if TYPE_CHECKING:
    from splitdet.sources.choose import Spec

INPUT_KEYS = {"image": "image_input", "video": "movie_input", "stream": "camera_input"}
PLACES = ("send", "json", "csv", "coco", "crops", "raw", "trace")
"""Options that name what results are written to."""


def add_commands(commands: Any) -> None:
    """Add `run` to the command line."""
    parser = commands.add_parser(
        "run",
        help="detect in pictures, a video, a camera or a stream",
        description="Detect in SOURCE, and write annotated pictures to SINK.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="number of a camera, file, folder, wildcard, address, GStreamer pipeline, 'camera' (as "
        "config.yml describes it) or csi://N (camera N of a Jetson)",
    )
    parser.add_argument(
        "sink",
        metavar="SINK",
        nargs="?",
        help="'window', 'none', a new video file, a folder for pictures, or what --send takes (default: "
        "as config.yml says)",
    )
    parser.add_argument(
        "--also",
        metavar="SOURCE",
        action="append",
        default=[],
        help="another source, read side by side with the first; may be repeated",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="run on the machines of a Ray cluster, with a file of results in SINK for every so many "
        "pictures: auto (the cluster that this machine is in), HOST:PORT, or local; see docs/cluster.md",
    )
    add_options(parser)
    parser.set_defaults(work=_run_command)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that `splitdet run` and the three scripts share."""
    parser.add_argument("--config", metavar="FILE", help="settings (default: config.yml, if there)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="any key of config.yml"
    )
    parser.add_argument("--model", metavar="NAME|FILE", help="model_path of config.yml")
    parser.add_argument("--no-split", action="store_true", help="run the whole graph in one piece")
    parser.add_argument("--no-display", action="store_true", help="open no window")
    parser.add_argument(
        "--save",
        metavar="PATH",
        nargs="?",
        const=True,
        help="write annotated pictures (default: under output_movie or output_image)",
    )
    parser.add_argument(
        "--send",
        metavar="PLACE",
        action="append",
        default=[],
        help="send annotated pictures: rtp://HOST:PORT, rtsp://HOST:PORT/PATH (served there), or a "
        "GStreamer pipeline that begins with appsrc; may be repeated",
    )
    parser.add_argument("--max-frames", metavar="N", type=int, help="stop after N frames")
    parser.add_argument("--json", metavar="FILE", default="", help="write one JSON line a frame")
    parser.add_argument("--summary", metavar="FILE", default="", help="write the summary as JSON")
    parser.add_argument("--csv", metavar="FILE", default="", help="write one row a detection")
    parser.add_argument("--coco", metavar="FILE", default="", help="write results in COCO's format")
    parser.add_argument("--crops", metavar="FOLDER", default="", help="write a picture a detection")
    parser.add_argument("--raw", metavar="PATH", default="", help="write frames with nothing drawn")
    parser.add_argument(
        "--trace", metavar="FILE", default="", help="write when each stage worked on each frame"
    )
    parser.add_argument("--print-config", action="store_true", help="print the settings, and stop")


def script(kind: str, arguments: Optional[List[str]] = None) -> NoReturn:
    """Body of run_image.py, run_video.py and run_stream.py."""

    def work() -> int:
        options = script_parser(kind).parse_args(arguments)
        return int(options.work(options))

    guarded(work)


def script_parser(kind: str) -> argparse.ArgumentParser:
    """What run_image.py, run_video.py or run_stream.py takes; `work` of what it gives does it."""
    key = INPUT_KEYS[kind]
    parser = argparse.ArgumentParser(description=f"Detect in the {key} that config.yml names.")
    parser.add_argument(
        "--input",
        metavar="INPUT",
        action="append",
        help=f"{key} of config.yml; several, one --input for each, are read side by side",
    )
    add_options(parser)
    parser.set_defaults(work=lambda options: _run_script(key, options))
    return parser


def _run_script(key: str, options: argparse.Namespace) -> int:
    values: Dict[str, Any] = {}
    if options.input is not None:
        is_camera = key == "camera_input"
        inputs = [int(one) if is_camera and one.isdecimal() else one for one in options.input]
        values = {key: inputs[0], "inputs": inputs if len(inputs) > 1 else []}
    config = _config(options, values)
    if config.inputs:
        return _run(options, config, list(config.inputs), None)
    if key == "camera_input" and options.input is None and config.camera.kind != "none":
        return _run(options, config, "camera", None)
    try:
        return _run(options, config, getattr(config, key), None)
    except NoFileError as error:
        if options.input is not None:
            raise
        raise ConfigError(f"{key} is {error}; name another with --input") from None


def _run_command(options: argparse.Namespace) -> int:
    from splitdet.sinks.send import is_sent

    if options.cluster:
        return _run_on_cluster(options)
    values: Dict[str, Any] = {}
    sink = options.sink
    if sink is not None and is_sent(sink):
        options.send.append(sink)
        sink = None
    if sink is not None and options.save is not None:
        raise ConfigError(f"SINK ({sink}) and --save say the same thing twice; leave one out")
    if sink and os.path.isfile(sink):  # of `clips/*.mp4` a shell makes two names
        raise ConfigError(
            f"{sink} is there already; write somewhere else, or --save {sink} to write over it, or "
            f"--also {sink} to read it as well"
        )
    if sink in ("none", "window"):
        values["visualize"] = sink == "window"
        values["save_to_file"] = False
        sink = ""
    source = [options.source, *options.also] if options.also else options.source
    return _run(options, _config(options, values), source, sink)


def _config(options: argparse.Namespace, values: Dict[str, Any]) -> Config:
    """The settings, with what plain flags say on top."""
    if options.model is not None:
        values["model_path"] = options.model
    if options.no_split:
        values["split_model"] = False
    if options.no_display:
        values["visualize"] = False
    if options.save is True:
        values["save_to_file"] = True
    if options.max_frames is not None:
        values["max_frames"] = options.max_frames
    return load_config(options.config, options.set, values=values)


def _run(options: argparse.Namespace, config: Config, source: Spec, sink: Optional[str]) -> int:
    if options.print_config:
        return _print_config(config)
    from splitdet.startup import importing

    with importing():
        from splitdet.job import Job
        from splitdet.run import run

    if config.debug_mode:
        debug_messages()
    save = options.save if isinstance(options.save, str) else sink
    places = {name: getattr(options, name) for name in (*PLACES, "summary")}
    outcome = run(Job(config, source, save, **places))
    if outcome.stuck:
        print(
            f"error: the {outcome.stuck[0]} stage does not return; leaving without it",
            file=sys.stderr,
            flush=True,
        )
        sys.stdout.flush()
        os._exit(outcome.exit_code or EXIT_FAILED)
    return outcome.exit_code


def _run_on_cluster(options: argparse.Namespace) -> int:
    for name in (*PLACES, "save"):
        if getattr(options, name):
            raise ConfigError(f"--{name} is not for --cluster, which writes parts of results to SINK")
    if options.sink in (None, "none", "window"):
        raise ConfigError("--cluster needs a folder for the results as SINK")
    config = _config(options, {})
    if options.print_config:
        return _print_config(config)
    if config.debug_mode:
        debug_messages()
    try:
        from splitdet.cluster.run import ClusterJob, run_on_cluster
    except ImportError as error:  # Windows
        raise ConfigError(f"--cluster needs Linux or macOS: there is no {error.name} here") from None
    sources = [options.source, *options.also]
    return run_on_cluster(ClusterJob(config, sources, options.sink, options.cluster, options.summary))


def _print_config(config: Config) -> int:
    from splitdet.config.write import as_yaml

    print(as_yaml(config), end="")
    return 0
