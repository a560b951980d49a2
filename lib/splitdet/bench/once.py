"""One run of one case, in a process of its own: `python -m splitdet.bench.once TASK RESULT`.

It is the run of `splitdet run` and run_video.py, with frames of a benchmark and a `Sampler` beside it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from splitdet.cli.console import guarded
from splitdet.config import load_config
from splitdet.errors import EXIT_OK, ConfigError, SinkError, StageError


@dataclass(frozen=True)
class Task:
    """What the process is to do."""

    overrides: List[str]
    """`key=value` of config.yml."""
    config: Optional[str]
    """The file that they override; None for config.yml, if there."""
    input: str
    """See `frames.Input`, as the next four."""
    size_px: Optional[Tuple[int, int]]
    seconds: float
    """To measure for, after the warm-up."""
    rate: float
    warm_up_s: float
    """Since the first frame; not measured."""


def run_task(task: Task) -> Dict[str, Any]:
    """The summary of the run, with `usage`: see the module of that name.

    Raises:
        SplitdetError: it cannot run here, failed, or had too little time.
    """
    from splitdet.bench.frames import Input
    from splitdet.bench.usage import Sampler, summary
    from splitdet.job import Job
    from splitdet.run import run
    from splitdet.sinks.window import why_no_window

    config = load_config(task.config, task.overrides)
    if config.visualize and why_no_window():
        raise SinkError(f"no window: {why_no_window()}")
    frames = Input(task.input, config, task.size_px, task.warm_up_s + task.seconds, task.rate)
    sampler = Sampler()
    sampler.start()
    try:
        outcome = run(Job(config, frames.source, save="", warm_up_s=task.warm_up_s))
    finally:
        sampler.stop()
        frames.close()
    found = outcome.summary
    _check(found, outcome.exit_code, task)
    begin_s = (frames.began_s or 0.0) + task.warm_up_s
    return {**found, "usage": summary(sampler.samples, begin_s, frames.ended_s)}


def _check(found: Dict[str, Any], exit_code: int, task: Task) -> None:
    """Refuse a run that has shown nothing, or has lost frames."""
    if exit_code != EXIT_OK:
        raise StageError("it was stopped")
    finished = sum(part["frames_out"] for part in found["streams"])
    if found["frames_in"] != finished + sum(found["dropped"].values()):
        raise StageError(
            "{} frames in, {} out, dropped: {dropped}".format(found["frames_in"], finished, **found)
        )
    if found["frames_out"] < 2:
        raise ConfigError(
            f"{task.seconds:g} s are too few for two frames after a warm-up of {task.warm_up_s:g} s; "
            "raise --seconds"
        )


def main() -> int:
    """Read the task, run, and write the result."""
    task = Task(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    if task.size_px is not None:
        task = Task(**{**asdict(task), "size_px": tuple(task.size_px)})
    Path(sys.argv[2]).write_text(json.dumps(run_task(task)), encoding="utf-8")
    return EXIT_OK


if __name__ == "__main__":
    guarded(main)
