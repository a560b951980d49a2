"""TFRecord files: a row of byte strings, each with its length and two checksums.

    length: uint64 | checksum of the length: uint32 | data | checksum of the data: uint32

in little endian, as in TensorFlow's tensorflow/core/lib/io/record_writer.cc. TensorFlow's own reader
gives up a file at its first damaged record. This one goes on behind it, knows where each record begins,
and needs no TensorFlow. The checksums are those of Google's library.
"""

from __future__ import annotations

import struct
from array import array
from pathlib import Path
from typing import BinaryIO, Callable, Iterator, List

from splitdet.compat import extra
from splitdet.data.findings import Finding, Kind

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size + _CHECKSUM.size
FOOTER_BYTES = _CHECKSUM.size
_MASK = 0xA282EAD8
_BLOCK_BYTES = 1 << 20


class DamagedRecord(Exception):
    """A record whose checksum is wrong, or whose end is missing."""


def masked_checksum(data: bytes) -> int:
    """CRC-32C, turned by 15 bits, plus a constant: as TensorFlow's crc32c.h masks it."""
    return _mask(_crc32c()(data))


def _crc32c() -> Callable[[bytes], int]:
    with extra("train"):
        import google_crc32c
    value: Callable[[bytes], int] = google_crc32c.value
    return value


def _mask(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def write_record(file: BinaryIO, data: bytes) -> int:
    """Append one record; how many bytes it takes."""
    length = _LENGTH.pack(len(data))
    file.write(length + _CHECKSUM.pack(masked_checksum(length)))
    file.write(data)
    file.write(_CHECKSUM.pack(masked_checksum(data)))
    return HEADER_BYTES + len(data) + FOOTER_BYTES


def read_record(path: Path, offset: int) -> bytes:
    """The record that begins at `offset`, a place that `RecordIndex` gives.

    Raises:
        DamagedRecord: its checksum is wrong, or the file is shorter than it was.
        OSError: the file cannot be read.
    """
    with open(str(path), "rb") as file:
        file.seek(offset)
        length = _length(file.read(HEADER_BYTES))
        data = file.read(length)
        end = file.read(FOOTER_BYTES)
    if len(data) < length or len(end) < FOOTER_BYTES:
        raise DamagedRecord("the file ends inside of it")
    if _CHECKSUM.unpack(end)[0] != masked_checksum(data):
        raise DamagedRecord("its data has another checksum than it should")
    return data


def _length(header: bytes) -> int:
    """Bytes of data behind a header; DamagedRecord where it is none."""
    length, checksum = header[: _LENGTH.size], header[_LENGTH.size :]
    if len(header) < HEADER_BYTES or _CHECKSUM.unpack(checksum)[0] != masked_checksum(length):
        raise DamagedRecord("no record begins here")
    return int(_LENGTH.unpack(length)[0])


def is_record_file(path: Path) -> bool:
    """Whether a file begins with a record."""
    try:
        with open(str(path), "rb") as file:
            _length(file.read(HEADER_BYTES))
    except (OSError, DamagedRecord):
        return False
    return True


class RecordIndex:
    """Where the records of a file begin. Only their headers are read.

    Args:
        path: a TFRecord file without compression.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offsets = array("Q")
        self.findings: List[Finding] = []
        with open(str(path), "rb") as file:
            size = file.seek(0, 2)
            for offset in self._walk(file, size):
                self.offsets.append(offset)

    def __len__(self) -> int:
        return len(self.offsets)

    def _walk(self, file: BinaryIO, size: int) -> Iterator[int]:
        offset = 0
        while offset < size:
            file.seek(offset)
            try:
                end = offset + HEADER_BYTES + _length(file.read(HEADER_BYTES)) + FOOTER_BYTES
            except DamagedRecord:
                following = _next_header(file, offset + 1, size)
                self._found_gap(offset, following, size)
                offset = following
                continue
            if end > size:
                self._found(Kind.CUT_OFF_FILE, offset, f"{end - size} bytes are missing")
                return
            yield offset
            offset = end

    def _found_gap(self, offset: int, following: int, size: int) -> None:
        if following < size:
            what = f"{following - offset} bytes cannot be read; goes on behind them"
            self._found(Kind.BAD_CHECKSUM, offset, what)
        elif offset == 0:
            self._found(Kind.BROKEN_ANNOTATION, offset, "not a TFRecord file, or a compressed one")
        else:
            self._found(Kind.CUT_OFF_FILE, offset, f"the last {size - offset} bytes are no record")

    def _found(self, kind: Kind, offset: int, what: str) -> None:
        self.findings.append(Finding(kind, f"{self.path.name}: byte {offset}", what))


def _next_header(file: BinaryIO, offset: int, size: int) -> int:
    """Where the next record begins; `size` where there is none."""
    crc32c = _crc32c()
    while offset + HEADER_BYTES <= size:
        file.seek(offset)
        block = file.read(_BLOCK_BYTES)
        for start in range(len(block) - HEADER_BYTES + 1):
            length = block[start : start + _LENGTH.size]
            # lengths from 2**40 on (a terabyte) are none, and cost no checksum
            if length[5:] == b"\0\0\0" and _CHECKSUM.unpack_from(block, start + _LENGTH.size)[
                0
            ] == _mask(crc32c(length)):
                end = offset + start + HEADER_BYTES + _LENGTH.unpack(length)[0] + FOOTER_BYTES
                if end <= size:
                    return offset + start
        offset += len(block) - HEADER_BYTES + 1
    return size
