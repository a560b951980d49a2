"""Constants of a graph to numpy arrays and back, against TensorFlow's own messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from splitdet.compat import tensorflow
from splitdet.graph import proto
from splitdet.graph.tensors import DTYPES, STRING, to_array, to_shape, to_tensor

KINDS = [
    *(np.float32, np.float64, np.float16, np.int32, np.uint8, np.int16, np.int8, np.int64, np.bool_),
    np.uint16,
]


def _from_tensorflow(value: Any, **more: Any) -> proto.TensorProto:
    message = tensorflow().make_tensor_proto(value, **more)
    return proto.TensorProto.FromString(message.SerializeToString())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 4)])
def test_a_constant_of_tensorflow_is_read(kind: Any, shape: Any) -> None:
    value = np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(kind)
    array = to_array(_from_tensorflow(value))
    assert array is not None
    assert array.dtype == kind
    np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize("kind", [np.uint32, np.uint64])
def test_an_unsigned_number_of_tensorflow_is_read(kind: Any) -> None:
    np.testing.assert_array_equal(to_array(_from_tensorflow(np.array(7, kind))), np.array(7, kind))


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.float16, np.int64])
def test_one_value_fills_the_whole_shape(kind: Any) -> None:
    array = to_array(_from_tensorflow([1], dtype=kind, shape=[2, 2]))
    np.testing.assert_array_equal(array, np.ones((2, 2), kind))


def test_the_last_value_of_a_short_list_is_repeated() -> None:
    tensor = proto.TensorProto(dtype=3, int_val=[4, 5])
    tensor.tensor_shape.CopyFrom(to_shape([4]))
    np.testing.assert_array_equal(to_array(tensor), [4, 5, 5, 5])


def test_a_constant_of_text_has_no_array() -> None:
    tensor = _from_tensorflow("words")
    assert tensor.dtype == STRING
    assert to_array(tensor) is None


@pytest.mark.parametrize("kind", [*KINDS, np.uint32, np.uint64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_tensorflow_reads_a_constant_of_ours(kind: Any, shape: Any) -> None:
    value = np.arange(int(np.prod(shape))).reshape(shape).astype(kind)
    message = tensorflow().make_tensor_proto(0).FromString(to_tensor(value).SerializeToString())
    read = tensorflow().make_ndarray(message)
    assert read.dtype == kind
    np.testing.assert_array_equal(read, value)


def test_an_empty_array_keeps_its_shape_and_type() -> None:
    array = to_array(to_tensor(np.zeros((0, 4), np.int64)))
    assert array is not None
    assert (array.shape, array.dtype) == ((0, 4), np.int64)


def test_a_transposed_array_keeps_its_order() -> None:
    value = np.arange(6, dtype=np.float32).reshape(2, 3).T
    np.testing.assert_array_equal(to_array(to_tensor(value)), [[0, 3], [1, 4], [2, 5]])


@pytest.mark.parametrize("number", sorted(DTYPES))
def test_type_numbers_are_those_of_tensorflow(number: int) -> None:
    assert np.dtype(tensorflow().as_dtype(number).as_numpy_dtype) == np.dtype(DTYPES[number])


@pytest.mark.parametrize("dims", [None, (), (2, 3), (None, 300, None, 3)])
def test_tensorflow_reads_a_shape_of_ours(dims: Any) -> None:
    v1 = tensorflow()
    message = v1.TensorShape(None).as_proto().FromString(to_shape(dims).SerializeToString())
    shape = v1.TensorShape(message)
    assert (None if shape.rank is None else tuple(shape.as_list())) == dims
