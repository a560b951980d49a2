"""Records as `tf.train.Example`, with the keys of the Object Detection API.

Its tf_example_decoder.py reads what is written here. Edges of boxes are 0..1 of the picture there.
"""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List, Tuple

from google.protobuf.message import DecodeError

from splitdet.data.findings import Kind
from splitdet.data.records import Box, Record
from splitdet.labels import Labels
from splitdet.messages import declare

_classes = declare(
    "splitdet_example",
    {
        # tensorflow/core/example/feature.proto and example.proto
        "BytesList": {"value": (1, "[bytes]")},
        "FloatList": {"value": (1, "[float]")},
        "Int64List": {"value": (1, "[int64]")},
        "Feature": {
            "bytes_list": (1, "BytesList", "kind"),
            "float_list": (2, "FloatList", "kind"),
            "int64_list": (3, "Int64List", "kind"),
        },
        "Features": {"feature": (1, "{Feature}")},
        "Example": {"features": (1, "Features")},
    },
)
Example: Any = _classes["Example"]

ENCODED = "image/encoded"
_BOX = "image/object/bbox/"
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_FLAGS = {
    "difficult": "image/object/difficult",
    "truncated": "image/object/truncated",
    "occluded": "image/object/occluded",
    "crowd": "image/object/is_crowd",
}


class BadExample(Exception):
    """A record that is no picture with boxes: what was found, and the details."""

    def __init__(self, kind: Kind, what: str) -> None:
        super().__init__(what)
        self.kind = kind


def encode_example(record: Record, ids: Dict[str, int]) -> bytes:
    """A settled record as a serialised Example.

    Args:
        ids: of every class in it.
    """
    data = record.image.read()
    boxes = record.boxes
    example = Example()
    feature = example.features.feature

    def put_bytes(key: str, *values: bytes) -> None:
        feature[key].bytes_list.value.extend(values)

    def put_ints(key: str, *values: int) -> None:
        feature[key].int64_list.value.extend(values)

    put_ints("image/height", record.height_px)
    put_ints("image/width", record.width_px)
    put_bytes("image/filename", record.name.encode(errors="replace"))
    put_bytes("image/source_id", record.title.encode(errors="replace"))
    put_bytes("image/key/sha256", hashlib.sha256(data).hexdigest().encode())
    put_bytes("image/format", b"png" if record.name.lower().endswith(".png") else b"jpeg")
    put_bytes(ENCODED, data)
    for edge in _EDGES:
        side = record.width_px if edge[0] == "x" else record.height_px
        values = [getattr(box, edge) / side for box in boxes]
        feature[_BOX + edge].float_list.value.extend(values)
    put_bytes("image/object/class/text", *(box.label.encode() for box in boxes))
    put_ints("image/object/class/label", *(ids[box.label] for box in boxes))
    for flag, key in _FLAGS.items():
        put_ints(key, *(int(getattr(box, flag)) for box in boxes))
    put_ints("image/object/group_of", *(int(box.crowd) for box in boxes))
    return bytes(example.SerializeToString())


class ExampleContent:
    """What an Example says.

    Raises:
        BadExample: it is none.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._features = Example.FromString(data).features.feature
        except DecodeError:
            raise BadExample(Kind.BROKEN_ANNOTATION, "not a tf.train.Example") from None

    def encoded(self) -> bytes:
        """The picture; BadExample where there is none."""
        values = self._bytes(ENCODED)
        if not values:
            raise BadExample(Kind.MISSING_PICTURE, f"has no {ENCODED}")
        return values[0]

    @property
    def name(self) -> str:
        """Of the picture's file; '' where it is not told."""
        values = self._bytes("image/filename") or self._bytes("image/source_id")
        return values[0].decode("utf-8", "replace") if values else ""

    @property
    def size_px(self) -> Tuple[int, int]:
        """Width and height of the picture; 0 where that is not told."""
        width, height = (self._ints("image/" + side)[:1] or [0] for side in ("width", "height"))
        return width[0], height[0]

    def classes(self) -> List[Tuple[int, str]]:
        """Id and name of the class of each box: 0 or '' where one of them is not told.

        Raises:
            BadExample: neither of them is told for each box.
        """
        ids = self._ints("image/object/class/label")
        names = [text.decode("utf-8", "replace") for text in self._bytes("image/object/class/text")]
        count = len(self._floats(_BOX + "xmin"))
        if count not in (len(ids), len(names)):
            raise BadExample(
                Kind.BROKEN_ANNOTATION, f"{count} boxes, {len(ids)} class ids, {len(names)} class names"
            )
        ids = ids if len(ids) == count else [0] * count
        return list(zip(ids, names if len(names) == count else [""] * count))

    def boxes(self, size_px: Tuple[int, int], labels: Labels) -> List[Box]:
        """Boxes in a picture of that width and height.

        Args:
            labels: names of ids, for boxes whose class has no name.

        Raises:
            BadExample: lists are not of one length.
        """
        edges = {edge: self._floats(_BOX + edge) for edge in _EDGES}
        lengths = {edge: len(values) for edge, values in edges.items()}
        if len(set(lengths.values())) > 1:
            raise BadExample(
                Kind.BROKEN_ANNOTATION,
                "lists of edges differ in length: {}".format(
                    ", ".join(f"{edge} {length}" for edge, length in lengths.items())
                ),
            )
        count = lengths["xmin"]
        flags = {flag: self._flags(key, count) for flag, key in _FLAGS.items()}
        groups = self._flags("image/object/group_of", count)
        flags["crowd"] = [crowd or group for crowd, group in zip(flags["crowd"], groups)]
        return [
            Box.of(
                name or (labels[number] if number else ""),
                (edges[edge][i] * size_px[edge[0] == "y"] for edge in _EDGES),
                **{flag: values[i] for flag, values in flags.items()},
            )
            for i, (number, name) in enumerate(self.classes())
        ]

    def _flags(self, key: str, count: int) -> List[bool]:
        values = self._ints(key)
        return [bool(value) for value in values] if len(values) == count else [False] * count

    def _bytes(self, key: str) -> List[bytes]:
        return list(self._features[key].bytes_list.value) if key in self._features else []

    def _floats(self, key: str) -> List[float]:
        return list(self._features[key].float_list.value) if key in self._features else []

    def _ints(self, key: str) -> List[int]:
        return list(self._features[key].int64_list.value) if key in self._features else []
