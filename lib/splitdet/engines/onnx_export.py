"""A part of a graph as an ONNX model, for engines that read no TensorFlow."""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

from splitdet import compat
from splitdet.engines.cache import key_of, load_checked, store_checked
from splitdet.engines.fake_quant import write_out_fake_quant
from splitdet.errors import EngineError, one_line
from splitdet.graph.cut import GraphPart, Part
from splitdet.graph.graph import split_name
from splitdet.graph.onnx_file import OnnxPart
from splitdet.graph.proto import GraphDef
from splitdet.graph.tensors import to_shape
from splitdet.startup import importing

OPSET = 13
"""The oldest one with a scale for each channel, and read by every engine since 2021."""
_FORMAT = "1"
"""To be changed when the same part gives another model, so that old files are not used."""
_PACKAGES = "pip install 'splitdet[onnx]'"


def to_onnx(
    part: Part, input_shape: Optional[Sequence[Optional[int]]] = None, opset: int = OPSET
) -> bytes:
    """A part with one input as ONNX; inputs and outputs keep their names.

    What is ONNX already only gets its shape. The result of a conversion is kept in the cache
    folder, so a second call needs neither TensorFlow nor tf2onnx.

    Args:
        input_shape: (B, H, W, 3) of the input, None for a size that varies; else the part's own.
        opset: version of the ONNX operators.

    Returns:
        A serialised ModelProto.

    Raises:
        EngineError: the converter is not installed, or the part has an operation that it does not
            know.
    """
    if isinstance(part, OnnxPart):
        return part.data if input_shape is None else part.with_input_shape(input_shape)
    data = _as_converted(part, input_shape)
    key = _key(part, data, opset)
    model = load_checked(key, ".onnx")
    if model is None:
        model = _convert(part, data, opset)
        store_checked(key, ".onnx", model)
    return model


def onnx_key(
    part: Part, input_shape: Optional[Sequence[Optional[int]]] = None, opset: int = OPSET
) -> str:
    """What tells the result of `to_onnx` from others, without computing it.

    The result itself does not: the converter gives nodes other names each time.

    Raises:
        EngineError: see `to_onnx`.
    """
    if isinstance(part, OnnxPart):
        return key_of("onnx file", part.data, repr(input_shape))
    return _key(part, _as_converted(part, input_shape), opset)


def _as_converted(part: Part, input_shape: Optional[Sequence[Optional[int]]]) -> bytes:
    """The part as the converter takes it."""
    if not isinstance(part, GraphPart):
        raise EngineError(f"the part {part.name!r}, which is {part.suffix}, does not convert to ONNX")
    graph_def = write_out_fake_quant(_with_input_shape(part, input_shape))
    # a map has no order of its own, and keys must not depend on it
    return bytes(graph_def.SerializeToString(deterministic=True))


def _key(part: Part, data: bytes, opset: int) -> str:
    return key_of("onnx", _FORMAT, str(opset), "\n".join([*part.inputs, "", *part.outputs]), data)


def _with_input_shape(part: GraphPart, input_shape: Optional[Sequence[Optional[int]]]) -> Any:
    if len(part.inputs) != 1:
        raise EngineError(
            f"only a part with one input can become ONNX; {part.name!r} has {len(part.inputs)}"
        )
    if input_shape is None:
        return part.graph_def
    graph_def = GraphDef()
    graph_def.CopyFrom(part.graph_def)
    name = split_name(part.inputs[0])[0]
    node = next(node for node in graph_def.node if node.name == name)
    node.attr["shape"].shape.CopyFrom(to_shape(input_shape))
    return graph_def


def _convert(part: Part, data: bytes, opset: int) -> bytes:
    tf = compat.tensorflow()
    with _quiet():
        try:
            with importing():
                import onnx
                from tf2onnx import convert
        except ImportError as error:
            raise EngineError(f"ONNX needs a converter ({error}): {_PACKAGES}") from None
        logger = logging.getLogger("tf2onnx")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            model, _ = convert.from_graph_def(
                tf.GraphDef.FromString(data),
                name=part.name,
                input_names=list(part.inputs),
                output_names=list(part.outputs),
                opset=opset,
            )
            onnx.checker.check_model(model)  # the converter passes on what it does not know
        except Exception as error:  # of the converter, of TensorFlow or of the checker
            reason = one_line(error)
            raise EngineError(f"the part {part.name!r} does not convert to ONNX: {reason}") from None
        finally:
            logger.setLevel(level)
    # it names its own version and ours, which do not matter
    model.producer_name, model.producer_version, model.doc_string = "splitdet", "", ""
    return bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Errors only. The converter would set TensorFlow's log level for good."""
    name = "TF_CPP_MIN_LOG_LEVEL"
    before = os.environ.get(name)
    os.environ[name] = "3"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
