"""What runs in a worker: one `Detector`, and shard after shard through the usual pipeline."""

from __future__ import annotations

import logging
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

from splitdet.addresses import without_password
from splitdet.assemble import assemble
from splitdet.cluster.inputs import Kind, Shard
from splitdet.cluster.ledger import Done
from splitdet.cluster.locks import claim_cores, one_first
from splitdet.cluster.manifest import model_digest, read_manifest, run_digest
from splitdet.config import Config
from splitdet.detector import Detector
from splitdet.engines.base import usable_cores
from splitdet.errors import ConfigError, SourceError
from splitdet.files import partial_of
from splitdet.processes.devices import ENGINES_THAT_PREPARE, NO_GPU
from splitdet.sinks.base import Sink
from splitdet.sinks.files import free_path, writing
from splitdet.sinks.json_lines import JsonSink
from splitdet.sources.base import Skipped, Source
from splitdet.sources.choose import open_source
from splitdet.sources.images import ImageSource
from splitdet.types import Batch


class Opened(NamedTuple):
    """What a worker says when it is ready."""

    host: str
    process: int
    engine: str
    """See `Described.description`."""
    startup_s: Dict[str, float]
    """See `Detector.startup_s`."""


class ShardWorker:
    """Makes the files of results.

    Args:
        config: of the run.
        place: the working folder, against which paths are read.
        folder: of the results.
        digest: of the manifest in it.
        cpus: how many cores it has.
        gpu: whether it has a GPU; CUDA_VISIBLE_DEVICES then says which.
    """

    def __init__(
        self, config: Config, place: str, folder: str, digest: str, cpus: int, gpu: bool
    ) -> None:
        device = "gpu" if gpu else "cpu"
        self._config = replace(config, devices=(), device=device, max_frames=0)
        self._place = place
        self._folder = Path(folder)
        self._digest = digest
        self._cpus = cpus
        self._gpu = gpu
        self._detector: Any = None
        self._cores: Any = None

    def open(self) -> Opened:
        """Load the model; the first of a machine builds and measures what the others then find.

        Raises:
            ConfigError: this machine does not see the files that the one with the command sees.
            SplitdetError: the model cannot be loaded here.
        """
        self._see_the_same()
        _log_to_stderr()
        # CUDA reads these when it is first used, and nothing has used it yet in this process
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        if not self._gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = NO_GPU
        self._cores = claim_cores(self._cpus)
        if self._config.engine in ENGINES_THAT_PREPARE:
            with one_first("build"):
                self._detector = Detector.from_config(self._config)
        else:
            self._detector = Detector.from_config(self._config)
        self._detector.warm_up()
        return Opened(
            *(platform.node(), os.getpid()),
            *(self._detector.engine.description, self._detector.startup_s),
        )

    def make(self, shard: Shard) -> Done:
        """Detect in all of a shard, and write what was found. Its file appears whole or not at all,
        but that of live streams, which grows, and gets a new name each time.

        Raises:
            SinkError: the results cannot be written.
            StageError: a stage failed.
        """
        if shard.kind is Kind.STREAMS:
            path = Path(free_path(str(self._folder / f"{shard.name}.jsonl")))
            frames, skipped = self._detect(shard, self._lines(path, len(shard.items) > 1))
            return Done(path.name, frames, skipped)
        path = self._folder / f"{shard.name}.{self._config.cluster.format}"
        with writing(str(path)), partial_of(path) as partial:
            frames, skipped = self._detect(shard, self._sink(partial))
            with open(str(partial), "rb") as file:
                os.fsync(file.fileno())  # whole on the disk before it has its name
        return Done(path.name, frames, skipped)

    def _detect(self, shard: Shard, sink: Sink) -> Tuple[int, List[Skipped]]:
        """How many frames went into the sink, which is closed, and what could not be read."""

        def write(batch: Batch) -> None:
            for frame, found in zip(batch.frames, batch.results):
                sink.write(frame, found, None)

        # a shard counts as done, so nothing of its files may be dropped
        policy = self._config.policy if shard.kind is Kind.STREAMS else "lossless"
        self._detector.config = replace(self._detector.config, policy=policy)
        skipped: List[Skipped] = []
        frames = 0
        try:
            source = self._source(shard)
            skipped = source.skipped
            with assemble(source, self._detector, write) as pipeline:
                for batch in pipeline:
                    frames += len(batch.frames)
        except SourceError as error:  # one video of millions; what was found in it stays
            skipped.append(Skipped(without_password(", ".join(shard.items)), str(error)))
        finally:
            sink.close()
        return frames, skipped

    def _source(self, shard: Shard) -> Source:
        if shard.kind is Kind.PICTURES:
            return ImageSource(shard.name, shard.items, shard.first, usable_cores())
        return open_source(list(shard.items), self._config, patient=shard.kind is Kind.STREAMS)

    def _sink(self, path: Path) -> Sink:
        if self._config.cluster.format == "parquet":
            from splitdet.sinks.parquet import ParquetSink

            return ParquetSink(str(path), self._detector.labels, self._config.json_box_px)
        return self._lines(path, with_stream=False)

    def _lines(self, path: Path, with_stream: bool) -> Sink:
        return JsonSink(str(path), self._detector.labels, self._config.json_box_px, with_stream)

    def _see_the_same(self) -> None:
        """Raise ConfigError where this machine has other files."""
        try:
            os.chdir(self._place)
        except OSError as error:
            raise ConfigError(
                f"{platform.node()}: {self._place}: {error.strerror}; all machines need the same files "
                "under the same paths"
            ) from None
        if run_digest(self._folder) != self._digest:
            raise ConfigError(
                f"{platform.node()}: does not see the same {self._folder}; it must lie on storage that "
                "all machines share"
            )
        if model_digest(self._config) != read_manifest(self._folder)["model"]:
            raise ConfigError(
                f"{platform.node()}: {self._config.model_path} is another file than on the machine with "
                "the command; copy it there"
            )


def _log_to_stderr() -> None:
    """What is worth a warning; Ray brings it to the one who runs the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("splitdet")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
