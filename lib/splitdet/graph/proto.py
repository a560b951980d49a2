"""The messages of a frozen TensorFlow graph, without TensorFlow.

With the field numbers of TensorFlow's own `tensorflow/core/framework/*.proto`. Fields that are not
declared survive a round trip untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

from splitdet.messages import Field, declare

_MESSAGES: Dict[str, Dict[str, Field]] = {
    "Dim": {"size": (1, "int64"), "name": (2, "string")},
    "TensorShapeProto": {"dim": (2, "[Dim]"), "unknown_rank": (3, "bool")},
    "TensorProto": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "TensorShapeProto"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "[float]"),
        "double_val": (6, "[double]"),
        "int_val": (7, "[int32]"),
        "string_val": (8, "[bytes]"),
        "int64_val": (10, "[int64]"),
        "bool_val": (11, "[bool]"),
        "half_val": (13, "[int32]"),
        "uint32_val": (16, "[uint32]"),
        "uint64_val": (17, "[uint64]"),
    },
    "ListValue": {
        "s": (2, "[bytes]"),
        "i": (3, "[int64]"),
        "f": (4, "[float]"),
        "b": (5, "[bool]"),
        "type": (6, "[int32]"),
        "shape": (7, "[TensorShapeProto]"),
        "tensor": (8, "[TensorProto]"),
    },
    "AttrValue": {
        "list": (1, "ListValue", "value"),
        "s": (2, "bytes", "value"),
        "i": (3, "int64", "value"),
        "f": (4, "float", "value"),
        "b": (5, "bool", "value"),
        "type": (6, "int32", "value"),
        "shape": (7, "TensorShapeProto", "value"),
        "tensor": (8, "TensorProto", "value"),
        "placeholder": (9, "string", "value"),
    },
    "NodeDef": {
        "name": (1, "string"),
        "op": (2, "string"),
        "input": (3, "[string]"),
        "device": (4, "string"),
        "attr": (5, "{AttrValue}"),
    },
    "VersionDef": {"producer": (1, "int32"), "min_consumer": (2, "int32")},
    "GraphDef": {
        "node": (1, "[NodeDef]"),
        "version": (3, "int32"),
        "versions": (4, "VersionDef"),
    },
}


if TYPE_CHECKING:

    class _Message:
        def __init__(self, **fields: Any) -> None: ...
        def CopyFrom(self, other: Any) -> None: ...
        def SerializeToString(self, deterministic: bool = False) -> bytes: ...

    class Dim(_Message):
        """A size; -1 where it is not known."""

        size: int

    class TensorShapeProto(_Message):
        """Sizes of a tensor."""

        dim: Any
        unknown_rank: bool

    class TensorProto(_Message):
        """A constant."""

        dtype: int
        tensor_shape: TensorShapeProto
        tensor_content: bytes

    class AttrValue(_Message):
        """An attribute of a node: one of these."""

        s: bytes
        i: int
        f: float
        b: bool
        type: int
        shape: TensorShapeProto
        tensor: TensorProto
        list: Any

    class NodeDef(_Message):
        """An operation."""

        name: str
        op: str
        input: List[str]
        device: str
        attr: Dict[str, AttrValue]

    class GraphDef(_Message):
        """A graph."""

        node: Any
        versions: Any

        @staticmethod
        def FromString(data: bytes) -> GraphDef:
            """Read a serialised graph; DecodeError where it is none."""
            ...

else:
    _classes = declare("splitdet_tensorflow", _MESSAGES)
    Dim = _classes["Dim"]
    TensorShapeProto = _classes["TensorShapeProto"]
    TensorProto = _classes["TensorProto"]
    AttrValue = _classes["AttrValue"]
    NodeDef = _classes["NodeDef"]
    GraphDef = _classes["GraphDef"]
