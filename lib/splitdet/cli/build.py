"""`splitdet build`: a TensorRT engine for the network of a model."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from pathlib import Path
from typing import Any, Optional, Tuple

from splitdet.errors import EXIT_FAILED, EXIT_OK, EngineError

log = logging.getLogger(__name__)


def add_commands(commands: Any) -> None:
    """Add `build` to the command line."""
    parser = commands.add_parser(
        "build",
        help="build a TensorRT engine for a model",
        description="Build a TensorRT engine for the network of a model, for the GPU of this machine, "
        "and keep it in the cache folder, where a run with the same settings finds it. Needs "
        "TensorRT 8.5 or newer. Not run on hardware: --dla, and anything on a Jetson.",
    )
    parser.add_argument("model", metavar="MODEL", help="a file, or a name under models/")
    parser.add_argument(
        "--precision", default="fp16", metavar="P", help="fp32, fp16 or int8 (default: %(default)s)"
    )
    parser.add_argument(
        "--batch", type=int, default=1, metavar="N", help="most frames that go through together"
    )
    parser.add_argument(
        "--workspace", type=int, metavar="MB", help="memory for one layer, in MiB; builds anew"
    )
    parser.add_argument("--dla", type=int, metavar="CORE", help="run on this DLA what it can run")
    parser.add_argument(
        "--calibration", default="", metavar="FOLDER", help="pictures that int8 finds its ranges with"
    )
    parser.add_argument("--level", type=int, metavar="L", help="how long to search, 0 to 5; builds anew")
    parser.add_argument(
        "--target",
        metavar="X.Y",
        help="build for a GPU of this compute capability, with TensorRT for RTX; none is needed here",
    )
    parser.add_argument(
        "--dataset",
        default="",
        metavar="PATH",
        help="measure the mAP on it, and warn where the precision costs too much; see `splitdet eval`",
    )
    parser.add_argument("--dump", action="store_true", help="print the layers of the engine")
    parser.set_defaults(work=_build)


def _build(options: argparse.Namespace) -> int:
    from splitdet.engines.tensorrt.api import find_api
    from splitdet.engines.tensorrt.dump import layers
    from splitdet.engines.tensorrt.engine import TensorRTEngine
    from splitdet.engines.tensorrt.options import BuildOptions
    from splitdet.loading import load_model, naming
    from splitdet.zoo.find import find_model

    settings = BuildOptions(
        precision=options.precision,
        batch=options.batch,
        workspace_mb=options.workspace or 0,
        dla_core=options.dla,
        calibration=options.calibration,
        level=options.level,
        target=_target(options.target),
    )
    path = find_model(options.model)
    engine = TensorRTEngine(settings)
    with naming(path):
        part = load_model(path).parts.network()
    told_how = options.workspace is not None or options.level is not None
    plan, file = engine.build(part, anew=told_how)
    if options.dump:
        print(layers(find_api(), plan))
    if not (file.is_file() and file.read_bytes().endswith(plan)):
        print(f"{file}: the engine could not be kept", file=sys.stderr)
        return EXIT_FAILED
    print(file)
    if options.dataset:
        _judge(path, options)
    return EXIT_OK


def _judge(graph: Path, options: argparse.Namespace) -> None:
    """What the engine costs in mAP; a warning where that is more than its precision may."""
    from splitdet.evaluate.compare import as_table, is_within, reference_engine, run_variant, verdict

    shared = ["--model", str(graph), "--dataset", options.dataset, "--speed-s", "0"]
    settings = {"engine": "tensorrt", "precision": options.precision}
    built = {
        "batch_size": options.batch,
        "calibration": options.calibration,
        "dla_core": -1 if options.dla is None else options.dla,
    }
    as_built = [word for key, value in built.items() for word in ("--set", f"{key}={value}")]
    plain = {"engine": reference_engine(graph), "precision": "fp32"}
    reference = run_variant(plain, "fp32", shared)
    row = run_variant(settings, options.precision, [*shared, *as_built])
    print(as_table([reference, row]))
    if not is_within(row, reference):
        log.warning(
            "mAP of this engine: %s; find out why before you use it (int8: calibrate with more "
            "pictures, of the kind that it will see)",
            verdict(row, reference),
        )


def _target(text: Optional[str]) -> Optional[Tuple[int, int]]:
    """`12.0`: major and minor."""
    if text is None:
        return None
    found = re.match(r"(\d{1,2})\.(\d)$", text)
    if not found:
        raise EngineError(f"--target {text}: expects a compute capability, as in 8.6")
    return int(found.group(1)), int(found.group(2))
