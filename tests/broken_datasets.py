"""Datasets with one thing wrong each.

Every case starts from four good pictures, `p0.jpg` to `p3.jpg`, and breaks one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import List, Optional

import numpy as np

from damage import (
    BOMB,
    FILE_READER,
    Break,
    alike_in,
    both,
    cmyk,
    delete,
    edit_bytes,
    edit_example,
    edit_json,
    edit_text,
    exif,
    huge,
    nothing,
    same_picture_in,
    with_box,
    write_first,
    written,
)
from datasets import BOXES, LABELS, encoded, pixels, record, records, write
from splitdet.data.findings import Kind
from splitdet.data.label_map import LABEL_MAP
from splitdet.data.records import Record


@dataclass(frozen=True)
class Case:
    """One way in which a dataset is broken."""

    format: str
    name: str
    kind: Kind
    damage: Break
    survivors: int = 4
    """Pictures of the fixed copy."""
    content: Optional[List[Record]] = None


voc = partial(Case, "voc")
coco = partial(Case, "coco")
yolo = partial(Case, "yolo")
kitti = partial(Case, "kitti")
openimages = partial(Case, "openimages")
tfrecord = partial(Case, "tfrecord")
XML, JPEG = "Annotations/p0.xml", "JPEGImages/p0.jpg"

CASES = [
    # annotation files
    voc("xml cut off", Kind.BROKEN_ANNOTATION, edit_bytes(XML, lambda data: data[:90]), 3),
    voc("xml empty", Kind.BROKEN_ANNOTATION, edit_bytes(XML, lambda data: b""), 3),
    voc("xml of something else", Kind.BROKEN_ANNOTATION, edit_bytes(XML, written("<page/>")), 3),
    voc("xml in no encoding", Kind.BROKEN_ANNOTATION, edit_bytes(XML, lambda d: b"\xff\x00" + d), 3),
    voc("entity bomb", Kind.HOSTILE_XML, edit_bytes(XML, written(BOMB)), 3),
    voc("entity that reads a file", Kind.HOSTILE_XML, edit_bytes(XML, written(FILE_READER)), 3),
    voc("absolute path", Kind.OUTSIDE_PATH, edit_text(XML, "p0.jpg", "/etc/p0.jpg")),
    coco(
        "path out of coco",
        Kind.OUTSIDE_PATH,
        edit_json(lambda c: c["images"][0].update(file_name="../../p0.jpg")),
        3,
    ),
    openimages(
        "path out of openimages",
        Kind.OUTSIDE_PATH,
        edit_text("annotations-bbox.csv", "\np0,", "\n../../p0,"),
    ),
    tfrecord(
        "path out of tfrecord",
        Kind.OUTSIDE_PATH,
        edit_example(lambda f: f["image/filename"].bytes_list.value.__setitem__(0, b"/etc/p0.jpg")),
    ),
    coco(
        "coco category without name",
        Kind.BROKEN_ANNOTATION,
        edit_json(lambda c: c["categories"].append({"id": 9})),
    ),
    coco(
        "coco image with odd id",
        Kind.BROKEN_ANNOTATION,
        edit_json(lambda c: c["images"].append({"id": [1], "file_name": "x.jpg"})),
    ),
    coco(
        "coco box of no image",
        Kind.UNLISTED_PICTURE,
        edit_json(lambda c: c["annotations"][0].update(image_id=99)),
    ),
    coco(
        "coco image id twice",
        Kind.REPEATED_ID,
        edit_json(lambda c: c["images"].append(dict(c["images"][0]))),
    ),
    coco(
        "coco annotation id twice",
        Kind.REPEATED_ID,
        edit_json(lambda c: c["annotations"].append(dict(c["annotations"][0]))),
    ),
    yolo(
        "yolo text in no encoding",
        Kind.BROKEN_ANNOTATION,
        edit_bytes("labels/p0.txt", lambda data: b"\xff\xfe" + data),
        3,
    ),
    openimages(
        "csv line with a column less",
        Kind.BROKEN_ANNOTATION,
        edit_text("annotations-bbox.csv", "p0,splitdet,", "p0,"),
    ),
    tfrecord("no example", Kind.BROKEN_ANNOTATION, lambda folder: write_first(folder, b"\xff" * 9), 3),
    tfrecord(
        "lists of different lengths",
        Kind.BROKEN_ANNOTATION,
        edit_example(lambda f: f["image/object/bbox/xmin"].float_list.value.pop()),
        3,
    ),
    tfrecord(
        "record with a wrong checksum",
        Kind.BAD_CHECKSUM,
        edit_bytes("*.record-*", lambda data: data[:400] + bytes([data[400] ^ 1]) + data[401:]),
        3,
    ),
    tfrecord(
        "record file cut off", Kind.CUT_OFF_FILE, edit_bytes("*.record-*", lambda data: data[:-100]), 3
    ),
    tfrecord(
        "shard missing",
        Kind.MISSING_SHARD,
        lambda folder: next(folder.glob("*.record-*")).rename(folder / "data.record-00000-of-00002"),
    ),
    # pictures
    voc("picture missing", Kind.MISSING_PICTURE, delete(JPEG), 3),
    coco("picture missing from coco", Kind.MISSING_PICTURE, delete("images/p0.jpg"), 3),
    kitti("picture missing from kitti", Kind.MISSING_PICTURE, delete("image_2/p0.jpg"), 3),
    openimages("picture missing from openimages", Kind.MISSING_PICTURE, delete("images/p0.jpg"), 3),
    tfrecord(
        "record without picture",
        Kind.MISSING_PICTURE,
        edit_example(lambda f: f.__delitem__("image/encoded")),
        3,
    ),
    voc("picture empty", Kind.EMPTY_PICTURE, edit_bytes(JPEG, lambda data: b""), 3),
    voc("picture cut off", Kind.CUT_OFF_PICTURE, edit_bytes(JPEG, lambda d: d[: len(d) // 2]), 3),
    yolo(
        "picture in yolo cut off",
        Kind.CUT_OFF_PICTURE,
        edit_bytes("images/p0.jpg", lambda data: data[: len(data) // 2]),
        3,
    ),
    voc("web page", Kind.NOT_A_PICTURE, edit_bytes(JPEG, written("<!DOCTYPE html><html>")), 3),
    openimages(
        "rubbish in openimages", Kind.NOT_A_PICTURE, edit_bytes("images/p0.jpg", written("no")), 3
    ),
    voc("picture of 60000x60000", Kind.HUGE_PICTURE, edit_bytes(JPEG, huge), 3),
    voc("size of another picture", Kind.WRONG_SIZE, edit_text(XML, ">96<", ">64<", ">64<", ">640<"), 3),
    voc(
        "size of the picture before it was shrunk",
        Kind.WRONG_SIZE,
        edit_text(XML, ">96<", ">960<", ">64<", ">640<"),
    ),
    tfrecord(
        "size of an example",
        Kind.WRONG_SIZE,
        edit_example(lambda f: f["image/width"].int64_list.value.__setitem__(0, 7)),
    ),
    voc("no size", Kind.NO_SIZE, edit_text(XML, ">96<", "><")),
    tfrecord(
        "no size in an example", Kind.NO_SIZE, edit_example(lambda f: f.__delitem__("image/height"))
    ),
    voc("png called jpg", Kind.WRONG_SUFFIX, edit_bytes(JPEG, lambda data: encoded(pixels(0), ".png"))),
    voc("webp", Kind.OTHER_FORMAT, edit_bytes(JPEG, lambda data: encoded(pixels(0), ".webp"))),
    voc("cmyk", Kind.ODD_COLOURS, edit_bytes(JPEG, cmyk)),
    voc(
        "16 bits",
        Kind.ODD_COLOURS,
        edit_bytes(JPEG, lambda data: encoded(pixels(0)[..., 0].astype(np.uint16) * 257, ".png")),
    ),
    voc("turned by exif", Kind.TURNED_PICTURE, edit_bytes(JPEG, exif(3))),
    # boxes
    voc("words for edges", Kind.BROKEN_BOX, edit_text(XML, "<xmin>10<", "<xmin>ten<")),
    voc("an edge missing", Kind.BROKEN_BOX, edit_text(XML, "<ymax>36</ymax>", "")),
    voc("nan", Kind.BROKEN_BOX, edit_text(XML, "<xmin>10<", "<xmin>nan<")),
    coco(
        "nan in coco",
        Kind.BROKEN_BOX,
        edit_json(lambda c: c["annotations"][0]["bbox"].__setitem__(0, float("nan"))),
    ),
    coco(
        "three numbers in coco", Kind.BROKEN_BOX, edit_json(lambda c: c["annotations"][0]["bbox"].pop())
    ),
    yolo("four words in yolo", Kind.BROKEN_BOX, edit_text("labels/p0.txt", "0 ", "")),
    kitti("fields missing in kitti", Kind.BROKEN_BOX, edit_text("label_2/p0.txt", " -1 -1 -1", "")),
    openimages(
        "word in openimages", Kind.BROKEN_BOX, edit_text("annotations-bbox.csv", "0.104167", "left")
    ),
    tfrecord(
        "infinity in tfrecord",
        Kind.BROKEN_BOX,
        edit_example(
            lambda f: f["image/object/bbox/xmax"].float_list.value.__setitem__(0, float("inf"))
        ),
    ),
    voc("left and right swapped", Kind.INVERTED_BOX, nothing, content=with_box(40, 5, 10, 30)),
    coco("top and bottom swapped", Kind.INVERTED_BOX, nothing, content=with_box(10, 30, 40, 5)),
    voc("no width", Kind.EMPTY_BOX, nothing, content=with_box(10, 5, 10, 30)),
    voc("beside the picture", Kind.OUTSIDE_BOX, nothing, content=with_box(100, 5, 120, 30)),
    yolo(
        "pixels in yolo",
        Kind.OUTSIDE_BOX,
        edit_text("labels/p0.txt", "0 0.260417 0.375000 0.312500 0.375000", "0 25 24 30 24"),
    ),
    voc("over the edge", Kind.OVERHANGING_BOX, nothing, content=with_box(-9, 5, 110, 30)),
    voc("tiny", Kind.TINY_BOX, nothing, content=with_box(10, 5, 10.5, 30)),
    voc("box twice", Kind.REPEATED_BOX, nothing, content=with_box(*BOXES[0].edges)),
    voc("no class", Kind.NO_CLASS, edit_text(XML, "<name>cat</name>", "")),
    voc("unknown class", Kind.UNKNOWN_CLASS, edit_text(XML, "<name>cat<", "<name>dog<")),
    yolo("unknown id in yolo", Kind.UNKNOWN_CLASS, edit_text("labels/p0.txt", "0 ", "7 ")),
    coco(
        "unknown id in coco",
        Kind.UNKNOWN_CLASS,
        edit_json(lambda c: c["annotations"][0].update(category_id=7)),
    ),
    tfrecord(
        "id and name disagree",
        Kind.OTHER_CLASS,
        edit_example(lambda f: f["image/object/class/label"].int64_list.value.__setitem__(0, 2)),
    ),
    # the dataset as a whole
    voc(
        "picture in train and test",
        Kind.LEAK,
        nothing,
        3,
        content=same_picture_in("train", "test", "train", "test"),
    ),
    voc("picture twice", Kind.REPEATED_PICTURE, nothing, 3, content=same_picture_in("", "", "", "")),
    voc(
        "picture twice with other boxes",
        Kind.CONTRADICTION,
        edit_text("Annotations/p1.xml", "<xmin>10<", "<xmin>20<"),
        3,
        content=same_picture_in("", "", "", ""),
    ),
    voc("smaller copy", Kind.LOOK_ALIKE, nothing, content=alike_in("", "", "", "")),
    voc(
        "smaller copy in test",
        Kind.LOOK_ALIKE_LEAK,
        nothing,
        content=alike_in("train", "test", "train", "test"),
    ),
    voc("picture without annotation", Kind.NO_ANNOTATION, delete(XML), 3),
    yolo("picture without text file", Kind.NO_ANNOTATION, delete("labels/p0.txt")),
    voc("picture without boxes", Kind.NO_BOXES, nothing, content=[record(0, ()), *records()[1:]]),
    voc(
        "class with two ids",
        Kind.REPEATED_CLASS,
        lambda folder: (
            (folder / LABEL_MAP).write_text(
                (folder / LABEL_MAP).read_text() + "item { id: 3 name: 'cat' }\n"
            )
            and None
        ),
    ),
    voc(
        "classes that differ in case",
        Kind.SIMILAR_CLASSES,
        both(delete(LABEL_MAP), edit_text(XML, "<name>cat<", "<name>Cat<")),
    ),
    voc("class with few boxes", Kind.RARE_CLASS, nothing),
    voc(
        "class without a box",
        Kind.MISSING_CLASS,
        nothing,
        content=[record(seed, BOXES[:1]) for seed in range(4)],
    ),
]


def make(case: Case, folder: Path) -> Path:
    """Write the dataset of a case; gives its folder."""
    write(folder, case.format, case.content or records(), LABELS)
    case.damage(folder)
    return folder
