"""Constants of a graph to numpy arrays and back."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from splitdet.graph import proto

# numbers of tensorflow/core/framework/types.proto
DTYPES: Dict[int, Any] = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    4: np.uint8,
    5: np.int16,
    6: np.int8,
    9: np.int64,
    10: np.bool_,
    17: np.uint16,
    19: np.float16,
    22: np.uint32,
    23: np.uint64,
}
FLOAT32, INT32, UINT8, STRING, INT64 = 1, 3, 4, 7, 9
NUMBERS: Dict[Any, int] = {np.dtype(kind): number for number, kind in DTYPES.items()}
_VALUE_FIELDS = (
    *("float_val", "double_val", "int_val", "int64_val", "bool_val", "half_val"),
    *("uint32_val", "uint64_val"),
)
_MOST_BYTES = 2**31 - 1
"""Of a constant, as of the whole file: protobuf reads no more."""


def to_array(tensor: proto.TensorProto) -> Optional[np.ndarray]:
    """The array in a constant; None for strings and other kinds that numpy does not hold.

    Raises:
        ValueError: its content does not fill its shape, or no array can have that shape.
        OverflowError: a number in it is not of its type.
    """
    kind = DTYPES.get(tensor.dtype)
    if kind is None:
        return None
    shape = tuple(int(dim.size) for dim in tensor.tensor_shape.dim)
    size_bytes = np.dtype(kind).itemsize
    for size in shape:
        size_bytes *= size
    if min(shape, default=0) < 0 or size_bytes > _MOST_BYTES:
        raise ValueError("its shape is {}".format("x".join(map(str, shape))))
    content = tensor.tensor_content
    if content:
        if len(content) != size_bytes:
            raise ValueError(f"it has {len(content):,} bytes, where its shape takes {size_bytes:,}")
        return np.frombuffer(content, dtype=kind).reshape(shape)
    values: Sequence[Any] = next(
        (getattr(tensor, name) for name in _VALUE_FIELDS if len(getattr(tensor, name))), ()
    )
    if tensor.dtype == 19:  # half_val holds bit patterns
        flat = np.array(values, dtype=np.uint16).view(np.float16)
    else:
        flat = np.array(values, dtype=kind)
    # a short list means that its last value is repeated
    count = size_bytes // np.dtype(kind).itemsize
    full = np.zeros(count, dtype=kind)
    full[: len(flat)] = flat[:count]
    if 0 < len(flat) < count:
        full[len(flat) :] = flat[-1]
    return full.reshape(shape)


def to_tensor(array: np.ndarray) -> proto.TensorProto:
    """A constant that holds `array`."""
    tensor = proto.TensorProto(
        dtype=NUMBERS[array.dtype], tensor_content=np.ascontiguousarray(array).tobytes()
    )
    tensor.tensor_shape.CopyFrom(to_shape(array.shape))
    return tensor


def from_shape(shape: proto.TensorShapeProto) -> Optional[Tuple[Optional[int], ...]]:
    """The sizes in a shape message, None for unknown ones; None alone where it tells nothing."""
    if shape.unknown_rank or not shape.dim:
        return None
    return tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)


def to_shape(dims: Optional[Sequence[Optional[int]]]) -> proto.TensorShapeProto:
    """A shape message; None stands for an unknown dimension or, alone, an unknown rank."""
    if dims is None:
        return proto.TensorShapeProto(unknown_rank=True)
    return proto.TensorShapeProto(
        dim=[proto.Dim(size=-1 if size is None else int(size)) for size in dims]
    )
