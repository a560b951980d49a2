"""Records as tf.train.Example, measured by TensorFlow's own parser."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from datasets import BOXES, HEIGHT_PX, LABELS, WIDTH_PX, record
from splitdet.compat import tensorflow
from splitdet.data.example import BadExample, Example, ExampleContent, encode_example
from splitdet.data.findings import Kind
from splitdet.data.label_map import ids_of
from splitdet.data.records import Box

IDS = ids_of(LABELS)
BOX = "image/object/bbox/"


def parsed(data: bytes) -> Dict[str, Any]:
    """What the Object Detection API's decoder gets: the keys and types of its tf_example_decoder.py."""
    tf = tensorflow()
    texts = ["image/encoded", "image/format", "image/filename", "image/key/sha256", "image/source_id"]
    features: Dict[str, Any] = {key: tf.FixedLenFeature((), tf.string, "") for key in texts}
    features.update(
        {key: tf.FixedLenFeature((), tf.int64, 1) for key in ("image/height", "image/width")}
    )
    features.update(
        {BOX + edge: tf.VarLenFeature(tf.float32) for edge in ("xmin", "xmax", "ymin", "ymax")}
    )
    features["image/object/class/text"] = tf.VarLenFeature(tf.string)
    for key in ("class/label", "is_crowd", "difficult", "group_of"):
        features["image/object/" + key] = tf.VarLenFeature(tf.int64)
    with tf.Graph().as_default(), tf.Session() as session:
        values = session.run(tf.parse_single_example(tf.constant(data), features))
    return {key: getattr(value, "values", value) for key, value in values.items()}


def test_the_object_detection_api_finds_what_it_looks_for() -> None:
    one = record(1, part="train")
    found = parsed(encode_example(one, IDS))
    assert found["image/encoded"] == one.image.read()
    assert found["image/format"] == b"jpeg"
    assert found["image/filename"] == b"p1.jpg"
    assert found["image/source_id"] == b"train/p1.jpg"
    assert found["image/key/sha256"] == hashlib.sha256(one.image.read()).hexdigest().encode()
    assert (found["image/width"], found["image/height"]) == (WIDTH_PX, HEIGHT_PX)
    np.testing.assert_allclose(found[BOX + "xmin"] * WIDTH_PX, [10, 48.25], rtol=1e-6)
    np.testing.assert_allclose(found[BOX + "xmax"] * WIDTH_PX, [40, 90.75], rtol=1e-6)
    np.testing.assert_allclose(found[BOX + "ymin"] * HEIGHT_PX, [12, 20.5], rtol=1e-6)
    np.testing.assert_allclose(found[BOX + "ymax"] * HEIGHT_PX, [36, 60], rtol=1e-6)
    assert list(found["image/object/class/text"]) == [b"cat", b"sea turtle"]
    assert list(found["image/object/class/label"]) == [1, 2]


def test_a_png_says_so() -> None:
    assert parsed(encode_example(record(1, name="a.PNG"), IDS))["image/format"] == b"png"


def test_a_name_that_is_no_text_is_written_as_text() -> None:
    found = parsed(encode_example(record(1, name=os.fsdecode(b"caf\xe9.jpg"), part="train"), IDS))
    assert found["image/filename"] == b"caf?.jpg"
    assert found["image/source_id"] == b"train/caf?.jpg"


def test_flags_of_boxes_are_written_and_read() -> None:
    boxes = [
        Box("cat", 1, 2, 3, 4, difficult=True),
        Box("cat", 1, 2, 3, 4, truncated=True),
        Box("cat", 1, 2, 3, 4, occluded=True),
        Box("cat", 1, 2, 3, 4, crowd=True),
    ]
    data = encode_example(record(1, boxes), IDS)
    assert list(parsed(data)["image/object/is_crowd"]) == [0, 0, 0, 1]
    assert list(parsed(data)["image/object/group_of"]) == [0, 0, 0, 1]
    assert list(parsed(data)["image/object/difficult"]) == [1, 0, 0, 0]
    found = ExampleContent(data).boxes((WIDTH_PX, HEIGHT_PX), LABELS)
    keys = ("difficult", "truncated", "occluded", "crowd")
    assert [[getattr(box, key) for key in keys] for box in found] == np.eye(4, dtype=bool).tolist()


def test_what_tensorflow_has_put_together_is_read() -> None:
    tf = tensorflow()
    example = tf.train.Example()
    feature = example.features.feature
    feature["image/encoded"].bytes_list.value.append(b"a picture")
    feature["image/filename"].bytes_list.value.append(b"a.jpg")
    feature["image/width"].int64_list.value.append(200)
    feature["image/height"].int64_list.value.append(100)
    for edge, value in (("xmin", 0.25), ("ymin", 0.5), ("xmax", 0.75), ("ymax", 1.0)):
        feature[BOX + edge].float_list.value.append(value)
    feature["image/object/class/label"].int64_list.value.append(2)
    content = ExampleContent(example.SerializeToString())
    assert (content.encoded(), content.name, content.size_px) == (b"a picture", "a.jpg", (200, 100))
    assert content.boxes((200, 100), LABELS) == [Box("sea turtle", 50, 50, 150, 100)]


def test_boxes_come_back_within_a_thousandth_of_a_pixel() -> None:
    found = ExampleContent(encode_example(record(1), IDS)).boxes((WIDTH_PX, HEIGHT_PX), LABELS)
    for before, after in zip(BOXES, found):
        assert before.label == after.label
        np.testing.assert_allclose(after.edges, before.edges, atol=1e-3)


def test_a_class_without_a_name_has_that_of_the_label_map_or_its_number() -> None:
    content = without("image/object/class/text")
    names = [box.label for box in content.boxes((WIDTH_PX, HEIGHT_PX), LABELS)]
    assert names == ["cat", "sea turtle"]


def without(key: str) -> ExampleContent:
    """An Example that lacks something."""
    example = Example.FromString(encode_example(record(1), IDS))
    del example.features.feature[key]
    return ExampleContent(example.SerializeToString())


def test_an_example_without_a_picture_says_so() -> None:
    with pytest.raises(BadExample, match="has no image/encoded") as caught:
        without("image/encoded").encoded()
    assert caught.value.kind is Kind.MISSING_PICTURE


def test_an_example_whose_lists_differ_in_length_says_how() -> None:
    with pytest.raises(BadExample, match="xmin 2, ymin 2, xmax 2, ymax 0") as caught:
        without(BOX + "ymax").boxes((WIDTH_PX, HEIGHT_PX), LABELS)
    assert caught.value.kind is Kind.BROKEN_ANNOTATION


def test_boxes_without_any_class_are_refused() -> None:
    example = Example.FromString(encode_example(record(1), IDS))
    del example.features.feature["image/object/class/text"]
    del example.features.feature["image/object/class/label"]
    with pytest.raises(BadExample, match="2 boxes, 0 class ids, 0 class names"):
        ExampleContent(example.SerializeToString()).classes()


def test_what_is_no_example_is_refused() -> None:
    with pytest.raises(BadExample, match=r"not a tf\.train\.Example"):
        ExampleContent(b"\xff\xff\xff")


@pytest.mark.zoo
def test_a_file_of_the_object_detection_api_says_what_its_csv_says(shared: Path) -> None:
    from csv import DictReader

    from datasets import read

    with open(str(shared / "datasets/raccoon/test_labels.csv"), encoding="utf-8") as file:
        rows = [
            (row["filename"], tuple(float(row[edge]) for edge in ("xmin", "ymin", "xmax", "ymax")))
            for row in DictReader(file)
        ]
    found, findings = read(shared / "datasets/raccoon/test.record")
    boxes = [(one.name, box.edges) for one in found for box in one.boxes]
    assert not findings.counts
    assert len(boxes) == len(rows) == 44
    for (name, edges), (row_name, row_edges) in zip(sorted(boxes), sorted(rows)):
        assert name == row_name
        np.testing.assert_allclose(edges, row_edges, atol=1e-3)
