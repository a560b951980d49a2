"""Source, detector and stages put together."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from splitdet.config import Config, make_config
from splitdet.detector import Detector
from splitdet.errors import StallError
from splitdet.pipeline.pipeline import Pipeline, Stage
from splitdet.sources.base import Source
from splitdet.sources.choose import open_source
from splitdet.sources.memory import MemorySource
from splitdet.track import Trackers
from splitdet.types import Batch, Detections, Frame

AnySource = Union[int, str, Path, Source, Sequence[Union[int, str, Path]], Iterable[np.ndarray]]
SPARE_LOSSLESS = 2  # batches beside those with a feeder, so that no feeder ever waits for one
SPARE_LATEST = 1  # every batch that waits is older when it is shown


def is_lossless(config: Config, source: Source) -> bool:
    """Whether every frame is to be processed."""
    return not source.live if config.policy == "auto" else config.policy == "lossless"


def assemble(
    source: Source,
    detector: Detector,
    output: Optional[Callable[[Batch], None]] = None,
    leave: Callable[[StallError], None] = lambda error: None,
    done: Optional[Callable[[Batch], None]] = None,
) -> Pipeline:
    """The pipeline `source -> prepare -> accelerator -> cpu [-> track] [-> output]`.

    Args:
        output: takes finished batches in order, on a thread of its own.
        leave, done: see `Pipeline`; `done` needs an `output`.

    Raises:
        ConfigError: `track` is set, but what it needs is not installed.
    """
    config = detector.config
    low = config.latency == "low"
    feeders, cpu_feeders = (1, 1) if low else (detector.feeders, config.cpu_feeders)
    stages = [
        Stage("prepare", detector.prepare),
        Stage("accelerator", detector.accelerate, threads=feeders, admits=low),
        Stage("cpu", detector.suppress, threads=cpu_feeders),
    ]
    if config.track:
        stages.append(Stage("track", Trackers(config.track_memory_s), in_order=True))
    if output is not None:
        stages.append(Stage("output", output, in_order=True))
    lossless = is_lossless(config, source)
    if low:
        in_flight = 2 if detector.split else 1
    else:
        in_flight = feeders + cpu_feeders + (SPARE_LOSSLESS if lossless else SPARE_LATEST)
    return Pipeline(
        source,
        stages,
        lossless=lossless,
        in_flight=config.in_flight or in_flight,
        batch_size=config.batch_size,
        batch_timeout_s=config.batch_timeout_ms / 1000,
        limit=config.max_frames,
        stall_timeout_s=config.stall_timeout_s,
        leave=leave,
        done=done,
    )


def stream(
    source: AnySource, model: Union[str, Path, Detector], **config: Any
) -> Iterator[Tuple[Frame, Detections]]:
    """Frames with what was found in them, in the order of capture.

        for frame, found in splitdet.stream("street.mp4", "ssdlite_mobilenet_v2_coco_2018_05_09"):
            print(frame.index, found)

    Args:
        source: whatever `splitdet run` takes, a list of these (a frame's `stream` is its place there),
            a `Source`, or pictures as arrays (see `MemorySource`).
        model: whatever `Detector` takes, or a `Detector`, which is then left open.
        config: any key of config.yml; not together with a `Detector`.

    Raises:
        SplitdetError: the source, the model or a stage failed.
        TypeError: `source` is one picture, or there are settings beside a `Detector`.
    """
    if isinstance(source, np.ndarray) and source.ndim == 3:  # it would be read row by row
        raise TypeError("one picture: put it into a list: stream([image], ..)")
    if isinstance(model, Detector):
        if config:
            raise TypeError("the settings of a Detector are fixed; make it with them")
        detector = model
    else:
        settings = make_config(**{**config, "model_path": str(model)})
        detector = Detector.from_config(settings)
    try:
        with ExitStack() as made:
            opened = _opened(source, detector.config)
            made.callback(opened.close)  # if there is no pipeline to close it
            pipeline = assemble(opened, detector)
            made.pop_all()
        with pipeline:
            for batch in pipeline:
                yield from zip(batch.frames, batch.results)
    finally:
        if detector is not model:
            detector.close()


def _opened(source: AnySource, config: Config) -> Source:
    if isinstance(source, Source):
        return source
    if isinstance(source, (int, str, Path)):
        return open_source(_typed(source), config)
    if isinstance(source, (list, tuple)) and source and _are_inputs(source):
        return open_source([_typed(one) for one in source], config)
    return MemorySource(source, config.playback.copy)  # type: ignore[arg-type]


def _are_inputs(things: Sequence[object]) -> bool:
    return all(isinstance(one, (int, str, Path)) for one in things)


def _typed(spec: Union[int, str, Path]) -> Union[int, str]:
    """As it would have been typed."""
    return str(spec) if isinstance(spec, Path) else spec
