"""Protobuf messages that are declared in Python, without generated modules.

TensorFlow's generated modules cannot be had without TensorFlow, and importing that takes seconds. The
few messages that are needed are declared with the names and field numbers of TensorFlow's own .proto
files, in a descriptor pool of our own, so that they never collide with TensorFlow's.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = Tuple[Any, ...]
"""Number, type and, for a member of a oneof, the name of that. A type is a scalar or a message; of
many in square brackets; `{Message}` is a map from strings to that message."""


def declare(package: str, messages: Dict[str, Dict[str, Field]]) -> Dict[str, Any]:
    """The classes of messages, by name.

    Args:
        package: a name that no other package in the process has.
        messages: for each message its fields, by name.
    """
    proto = descriptor_pb2.FileDescriptorProto(name=package + ".proto", package=package, syntax="proto3")
    for message_name, fields in messages.items():
        message = proto.message_type.add(name=message_name)
        for field_name, field in fields.items():
            _add_field(message, package, messages, field_name, field)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(proto.SerializeToString())
    descriptors = {name: pool.FindMessageTypeByName(package + "." + name) for name in messages}
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and newer
        return {name: message_factory.GetMessageClass(d) for name, d in descriptors.items()}
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(d) for name, d in descriptors.items()}


def _add_field(message: Any, package: str, known: Any, name: str, field: Field) -> None:
    number, kind = field[0], field[1]
    kinds = descriptor_pb2.FieldDescriptorProto
    repeated = kind[0] in "[{"
    added = message.field.add(
        name=name, number=number, label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
    )
    if kind[0] == "{":  # a map is a repeated message of pairs, nested in its owner
        pair = message.nested_type.add(name=name.title().replace("_", "") + "Entry")
        pair.options.map_entry = True
        _add_field(pair, package, known, "key", (1, "string"))
        _add_field(pair, package, known, "value", (2, kind.strip("{}")))
        added.type = kinds.TYPE_MESSAGE
        added.type_name = f".{package}.{message.name}.{pair.name}"
    elif kind.strip("[]") in known:
        added.type = kinds.TYPE_MESSAGE
        added.type_name = "." + package + "." + kind.strip("[]")
    else:
        added.type = getattr(kinds, "TYPE_" + kind.strip("[]").upper())
    if len(field) == 3:
        if not message.oneof_decl:
            message.oneof_decl.add(name=field[2])
        added.oneof_index = 0
