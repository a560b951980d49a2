"""Protobuf messages declared in Python, measured by TensorFlow's generated ones."""

from __future__ import annotations

from typing import Any

import pytest

from splitdet.compat import tensorflow
from splitdet.messages import declare


@pytest.fixture(scope="module")
def ours() -> Any:
    fields: Any = {
        "BytesList": {"value": (1, "[bytes]")},
        "Int64List": {"value": (1, "[int64]")},
        "Feature": {"bytes_list": (1, "BytesList", "kind"), "int64_list": (3, "Int64List", "kind")},
        "Features": {"feature": (1, "{Feature}")},
    }
    return declare("splitdet_test_messages", fields)


def test_lists_and_maps_are_those_of_tensorflow(ours: Any) -> None:
    message = ours["Features"]()
    message.feature["a"].bytes_list.value.extend([b"x", b"y"])
    message.feature["b"].int64_list.value.extend([1, -2])
    theirs = tensorflow().train.Features.FromString(message.SerializeToString())
    assert list(theirs.feature["a"].bytes_list.value) == [b"x", b"y"]
    assert list(theirs.feature["b"].int64_list.value) == [1, -2]
    again = ours["Features"].FromString(theirs.SerializeToString())
    assert again == message


def test_one_of_several_pushes_out_the_other(ours: Any) -> None:
    feature = ours["Feature"]()
    feature.bytes_list.value.append(b"x")
    feature.int64_list.value.append(1)
    assert feature.WhichOneof("kind") == "int64_list"


def test_what_is_not_declared_survives(ours: Any) -> None:
    theirs = tensorflow().train.Features()
    theirs.feature["a"].float_list.value.append(0.5)
    data = ours["Features"].FromString(theirs.SerializeToString()).SerializeToString()
    assert list(tensorflow().train.Features.FromString(data).feature["a"].float_list.value) == [0.5]
