"""The messages of a frozen TensorFlow graph, without TensorFlow.

Importing TensorFlow takes seconds, and its generated modules cannot be had without it. The few
messages of a frozen graph are declared here instead, with the field numbers of TensorFlow's own
`tensorflow/core/framework/*.proto`, in a descriptor pool of our own so that they never collide
with TensorFlow's. Fields that are not declared survive a round trip untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "splitdet_tensorflow"

# name of the field: (number, type); a type is a scalar, "[scalar]" when repeated, or a message
_MESSAGES: Dict[str, Dict[str, Any]] = {
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
    "AttrEntry": {"key": (1, "string"), "value": (2, "AttrValue")},
    "NodeDef": {
        "name": (1, "string"),
        "op": (2, "string"),
        "input": (3, "[string]"),
        "device": (4, "string"),
        "attr": (5, "map"),
    },
    "VersionDef": {"producer": (1, "int32"), "min_consumer": (2, "int32")},
    "GraphDef": {
        "node": (1, "[NodeDef]"),
        "version": (3, "int32"),
        "versions": (4, "VersionDef"),
    },
}


def _file_descriptor() -> descriptor_pb2.FileDescriptorProto:
    """The messages above as a .proto file."""
    proto = descriptor_pb2.FileDescriptorProto(
        name="splitdet/graph.proto", package=PACKAGE, syntax="proto3"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for message_name, fields in _MESSAGES.items():
        owner = proto
        if message_name == "AttrEntry":  # a map is a repeated message nested in its owner
            continue
        message = owner.message_type.add(name=message_name)
        if any(spec[1] == "map" for spec in fields.values()):
            entry = message.nested_type.add(name="AttrEntry")
            entry.options.map_entry = True
            _add_fields(entry, _MESSAGES["AttrEntry"], kinds)
        _add_fields(message, fields, kinds)
    return proto


def _add_fields(message: Any, fields: Dict[str, Any], kinds: Any) -> None:
    for name, spec in fields.items():
        number, kind = spec[0], spec[1]
        repeated = kind == "map" or kind.startswith("[")
        kind = kind.strip("[]")
        field = message.field.add(
            name=name, number=number, label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
        )
        if kind == "map":
            field.type = kinds.TYPE_MESSAGE
            field.type_name = f".{PACKAGE}.{message.name}.AttrEntry"
        elif kind in _MESSAGES:
            field.type = kinds.TYPE_MESSAGE
            field.type_name = f".{PACKAGE}.{kind}"
        else:
            field.type = getattr(kinds, "TYPE_" + kind.upper())
        if len(spec) == 3:
            if not message.oneof_decl:
                message.oneof_decl.add(name=spec[2])
            field.oneof_index = 0


def _message_classes() -> Dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file_descriptor().SerializeToString())
    names = [name for name in _MESSAGES if name != "AttrEntry"]
    descriptors = {name: pool.FindMessageTypeByName(PACKAGE + "." + name) for name in names}
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and newer
        return {name: message_factory.GetMessageClass(d) for name, d in descriptors.items()}
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(d) for name, d in descriptors.items()}


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
    _classes = _message_classes()
    Dim = _classes["Dim"]
    TensorShapeProto = _classes["TensorShapeProto"]
    TensorProto = _classes["TensorProto"]
    AttrValue = _classes["AttrValue"]
    NodeDef = _classes["NodeDef"]
    GraphDef = _classes["GraphDef"]
