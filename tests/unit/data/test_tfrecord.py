"""TFRecord files, measured by TensorFlow's own reader and writer."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any, List

import pytest

from splitdet.compat import tensorflow
from splitdet.data.findings import Kind
from splitdet.data.tfrecord import (
    FOOTER_BYTES,
    HEADER_BYTES,
    DamagedRecord,
    RecordIndex,
    is_record_file,
    masked_checksum,
    read_record,
    write_record,
)

CONTENTS = [b"first", b"", b"\x00\xff" * 5000, b"last"]


@pytest.fixture
def by_tensorflow(tmp_path: Path) -> Path:
    """A file that TensorFlow has written."""
    path = tmp_path / "tensorflow.record"
    with tensorflow().io.TFRecordWriter(str(path)) as writer:
        for content in CONTENTS:
            writer.write(content)
    return path


def by_us(path: Path, contents: List[bytes]) -> Path:
    with open(str(path), "wb") as file:
        for content in contents:
            write_record(file, content)
    return path


def whole(path: Path) -> List[bytes]:
    """Every record that is whole."""
    found = []
    for offset in RecordIndex(path).offsets:
        try:
            found.append(read_record(path, offset))
        except DamagedRecord:
            continue
    return found


def kinds(path: Path) -> List[Kind]:
    return [finding.kind for finding in RecordIndex(path).findings]


def test_what_tensorflow_writes_is_read(by_tensorflow: Path) -> None:
    assert whole(by_tensorflow) == CONTENTS
    assert kinds(by_tensorflow) == []


def test_what_is_written_is_what_tensorflow_writes_to_the_byte(
    by_tensorflow: Path, tmp_path: Path
) -> None:
    assert by_us(tmp_path / "ours.record", CONTENTS).read_bytes() == by_tensorflow.read_bytes()


def test_tensorflow_reads_what_is_written(tmp_path: Path) -> None:
    path = by_us(tmp_path / "ours.record", CONTENTS)
    assert list(tensorflow().python_io.tf_record_iterator(str(path))) == CONTENTS


def test_writing_tells_how_many_bytes_it_took(tmp_path: Path) -> None:
    path = tmp_path / "one.record"
    with open(str(path), "wb") as file:
        count = write_record(file, b"abc")
    assert count == path.stat().st_size == HEADER_BYTES + 3 + FOOTER_BYTES


def test_a_record_with_damaged_data_costs_only_itself(by_tensorflow: Path) -> None:
    data = bytearray(by_tensorflow.read_bytes())
    data[data.index(b"first")] ^= 1
    by_tensorflow.write_bytes(bytes(data))
    assert whole(by_tensorflow) == CONTENTS[1:]
    with pytest.raises(DamagedRecord, match="checksum"):
        read_record(by_tensorflow, 0)


def test_a_damaged_length_costs_only_its_record(by_tensorflow: Path) -> None:
    offset = RecordIndex(by_tensorflow).offsets[2]
    data = bytearray(by_tensorflow.read_bytes())
    data[offset] ^= 1
    by_tensorflow.write_bytes(bytes(data))
    assert whole(by_tensorflow) == [CONTENTS[0], CONTENTS[1], CONTENTS[3]]
    assert kinds(by_tensorflow) == [Kind.BAD_CHECKSUM]


def test_tensorflow_itself_would_lose_the_rest(by_tensorflow: Path) -> None:
    data = bytearray(by_tensorflow.read_bytes())
    data[0] ^= 1
    by_tensorflow.write_bytes(bytes(data))
    assert whole(by_tensorflow) == CONTENTS[1:]
    with pytest.raises(tensorflow().errors.DataLossError):
        list(tensorflow().python_io.tf_record_iterator(str(by_tensorflow)))


@pytest.mark.parametrize("missing", [1, FOOTER_BYTES, FOOTER_BYTES + 3])
def test_a_file_that_is_cut_off_keeps_its_whole_records(by_tensorflow: Path, missing: int) -> None:
    by_tensorflow.write_bytes(by_tensorflow.read_bytes()[:-missing])
    assert whole(by_tensorflow) == CONTENTS[:3]
    assert kinds(by_tensorflow) == [Kind.CUT_OFF_FILE]


def test_a_file_that_ends_in_rubbish_keeps_its_records(by_tensorflow: Path) -> None:
    by_tensorflow.write_bytes(by_tensorflow.read_bytes() + b"rubbish")
    assert whole(by_tensorflow) == CONTENTS
    assert kinds(by_tensorflow) == [Kind.CUT_OFF_FILE]


def test_a_length_that_leads_behind_the_end_is_not_followed(tmp_path: Path) -> None:
    length = (1 << 39).to_bytes(8, "little")
    path = tmp_path / "large.record"
    path.write_bytes(length + masked_checksum(length).to_bytes(4, "little") + b"little")
    assert whole(path) == []
    assert kinds(path) == [Kind.CUT_OFF_FILE]


@pytest.mark.parametrize("content", [b"\x1f\x8b" + b"compressed" * 9, b"words, not records " * 9])
def test_another_file_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.record"
    path.write_bytes(content)
    assert whole(path) == []
    assert kinds(path) == [Kind.BROKEN_ANNOTATION]
    assert not is_record_file(path)


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    path = tmp_path / "empty.record"
    path.write_bytes(b"")
    assert whole(path) == []
    assert kinds(path) == []


def test_a_record_file_is_known_by_its_beginning(by_tensorflow: Path) -> None:
    assert is_record_file(by_tensorflow)
    assert not is_record_file(by_tensorflow.with_name("none"))


def test_an_index_takes_little_memory(tmp_path: Path) -> None:
    path = by_us(tmp_path / "many.record", [b"x" * 100_000] * 100)
    tracemalloc.start()
    try:
        index: Any = RecordIndex(path)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert len(index) == 100
