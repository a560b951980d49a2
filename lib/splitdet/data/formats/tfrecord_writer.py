"""TFRecord files for the Object Detection API, in shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Dict, List

from splitdet.data.example import encode_example
from splitdet.data.formats.base import Writer
from splitdet.data.records import Record
from splitdet.data.tfrecord import write_record

SHARD_BYTES = 256 << 20
"""A shard is closed when it has so many. Small enough to copy, large enough to be read at full speed."""


class TFRecordWriter(Writer):
    """Writes `train.record-00000-of-00003` and so on, `data.record-..` for records of no part.

    How many shards there are is known in the end only, so that is when they get their names.
    """

    shard_bytes: int = SHARD_BYTES

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._shards: Dict[str, List[Path]] = {}
        self._open: Dict[str, BinaryIO] = {}

    def write(self, record: Record) -> None:
        """See `Writer.write`."""
        part = record.part or "data"
        file = self._open.get(part)
        if file is None or file.tell() >= self.shard_bytes:
            file = self._next_shard(part)
        self.bytes_written += write_record(file, encode_example(record, self.ids))

    def _next_shard(self, part: str) -> BinaryIO:
        if part in self._open:
            self._open[part].close()
        shards = self._shards.setdefault(part, [])
        shards.append(self.folder / f"{part}-{len(shards)}.part")
        self._open[part] = self.opened.enter_context(shards[-1].open("wb"))
        return self._open[part]

    def close(self) -> None:
        """See `Writer.close`."""
        for part, shards in self._shards.items():
            self._open[part].close()
            for number, shard in enumerate(shards):
                name = f"{part}.record-{number:05d}-of-{len(shards):05d}"
                shard.rename(self.folder / name)
        super().close()
