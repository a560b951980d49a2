"""A record and its picture in line."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from damage import cmyk, exif
from datasets import BOXES, HEIGHT_PX, WIDTH_PX, encoded, pixels, record
from splitdet.data.findings import Kind
from splitdet.data.pictures import decode_upright
from splitdet.data.records import ImageBytes, ImageFile, Record
from splitdet.data.settle import Settled, settle

JPEG = encoded(pixels(1))


def with_image(data: bytes, name: str = "p1.jpg") -> Record:
    return replace(record(1, name=name), image=ImageBytes(data))


def settled(one: Record) -> Record:
    found = settle(one).record
    assert found is not None
    return found


def kinds(outcome: Settled) -> List[Kind]:
    return [finding.kind for finding in outcome.findings]


def test_a_good_record_stays_as_it_is_to_the_byte() -> None:
    outcome = settle(record(1))
    assert outcome.record == record(1)
    assert outcome.findings == []


def test_the_stored_picture_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    one = replace(record(1), image=ImageFile(tmp_path / "a.jpg"))
    assert settle(one).stored == ImageFile(tmp_path / "a.jpg")
    assert settled(one).image.read() == JPEG


def test_a_size_that_is_not_told_is_filled_in() -> None:
    one = settled(replace(record(1), width_px=0, height_px=0))
    assert (one.width_px, one.height_px, one.boxes) == (WIDTH_PX, HEIGHT_PX, BOXES)


def test_boxes_of_a_picture_that_was_shrunk_are_scaled_with_it() -> None:
    boxes = tuple(box.scaled(10, 10) for box in BOXES)
    outcome = settle(replace(record(1, boxes), width_px=960, height_px=640))
    assert kinds(outcome) == [Kind.WRONG_SIZE]
    assert outcome.record is not None
    for box, before in zip(outcome.record.boxes, BOXES):
        np.testing.assert_allclose(box.edges, before.edges)


def test_boxes_for_another_shape_are_given_up() -> None:
    outcome = settle(replace(record(1), width_px=64, height_px=640))
    assert outcome.record is None
    assert kinds(outcome) == [Kind.WRONG_SIZE]
    assert str(outcome.findings[0]) == (
        "p1.jpg: the picture has 96x64 pixels, its annotation says 64x640"
    )


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_that_exif_turns_is_turned_where_the_boxes_are_for_that(orientation: int) -> None:
    data = exif(orientation)(JPEG)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    height, width = expected.shape[:2]
    outcome = settle(replace(with_image(data), width_px=width, height_px=height))
    assert kinds(outcome) == [Kind.TURNED_PICTURE]
    assert outcome.record is not None
    found = cv2.imdecode(np.frombuffer(outcome.record.image.read(), np.uint8), cv2.IMREAD_COLOR)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 2
    assert settle(outcome.record).findings == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_pillow_turns_it(orientation: int) -> None:
    from PIL import Image, ImageOps

    data = exif(orientation)(JPEG)
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(decode_upright(data)[:, :, ::-1], expected)


def test_a_picture_is_turned_though_another_exif_tag_is_broken() -> None:
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    resolution = struct.pack("<HHI4s", 0x011A, 2, 4, b"abc\0")  # XResolution as text
    tags = b"II*\0" + struct.pack("<IH", 8, 2) + orientation + resolution + bytes(4)
    block = b"Exif\0\0" + tags
    data = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + JPEG[2:]
    np.testing.assert_array_equal(decode_upright(data), decode_upright(exif_only(6)))
    outcome = settle(replace(with_image(data), width_px=HEIGHT_PX, height_px=WIDTH_PX))
    assert kinds(outcome) == [Kind.TURNED_PICTURE]


def exif_only(orientation: int) -> bytes:
    """The picture with that tag, and otherwise to the byte as it was."""
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + tag + bytes(4)
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + JPEG[2:]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_picture_stays_as_it_is_stored_where_the_boxes_are_for_that(orientation: int) -> None:
    data = exif(orientation)(JPEG)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    outcome = settle(with_image(data))
    assert outcome.record is not None
    found = cv2.imdecode(np.frombuffer(outcome.record.image.read(), np.uint8), cv2.IMREAD_COLOR)
    assert (outcome.record.width_px, outcome.record.height_px) == (WIDTH_PX, HEIGHT_PX)
    assert found.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert np.abs(found.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".tiff"])
def test_other_formats_become_png_pixel_for_pixel(suffix: str) -> None:
    data = encoded(pixels(1), suffix)
    outcome = settle(with_image(data, "x/a" + suffix))
    assert kinds(outcome) == [Kind.OTHER_FORMAT]
    assert outcome.record is not None
    assert outcome.record.name == "x/a.png"
    found = cv2.imdecode(np.frombuffer(outcome.record.image.read(), np.uint8), cv2.IMREAD_COLOR)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(found, expected)


def test_printers_colours_become_rgb() -> None:
    outcome = settle(with_image(cmyk(JPEG)))
    assert kinds(outcome) == [Kind.ODD_COLOURS]
    assert outcome.record is not None
    found = cv2.imdecode(np.frombuffer(outcome.record.image.read(), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(found.astype(int) - pixels(1)).mean() < 10


def test_sixteen_bits_become_eight() -> None:
    grey = pixels(1)[..., 0]
    outcome = settle(with_image(encoded(grey.astype(np.uint16) * 257, ".png"), "a.png"))
    assert outcome.record is not None
    found = cv2.imdecode(np.frombuffer(outcome.record.image.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[..., 0], grey)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (encoded(pixels(1), ".png"), "a.jpg", "a.png"),
        (JPEG, "a.PNG", "a.jpg"),
        (JPEG, "a", "a.jpg"),
        (JPEG, "a.JPEG", "a.JPEG"),
    ],
)
def test_a_name_fits_the_format(data: bytes, name: str, expected: str) -> None:
    assert settled(with_image(data, name)).name == expected


def test_grey_pictures_stay_grey() -> None:
    data = encoded(pixels(1)[..., 0])
    assert settled(with_image(data)).image.read() == data


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_pictures_of_every_format_are_known_to_be_cut_off(suffix: str) -> None:
    data = encoded(pixels(1), suffix)
    outcome = settle(with_image(data[: len(data) * 3 // 4]))
    assert outcome.record is None
    assert kinds(outcome)[0] in (Kind.CUT_OFF_PICTURE, Kind.NOT_A_PICTURE)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    outcome = settle(replace(record(1), image=ImageFile(tmp_path)))
    assert outcome.record is None
    assert outcome.findings[0].what == "Is a directory"


def test_copies_share_a_checksum_and_look_alikes_nearly_a_hash() -> None:
    one, other = settle(record(1)), settle(with_image(encoded(pixels(1), ".png"), "a.png"))
    assert one.sha256 == settle(replace(record(1), name="b.jpg")).sha256
    assert one.sha256 != other.sha256
    bits = np.unpackbits(np.frombuffer(one.hash, np.uint8) ^ np.frombuffer(other.hash, np.uint8))
    assert len(bits) == 256
    assert bits.sum() <= 8
