"""ONNX files: what enters them, what comes out, and their network as a part that engines run.

The package onnx reads them; it is an extra, and imported when the first file is opened.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Optional, Sequence, Tuple, Union

from google.protobuf.message import DecodeError

from splitdet.errors import ModelError, one_line
from splitdet.graph.cut import Part, Shape, shape_text
from splitdet.graph.refuse import ONNX, refuse_by_content

SUFFIX = ".onnx"


@dataclass(frozen=True)
class OnnxTensor:
    """An input or output of an ONNX file."""

    name: str
    kind: str
    """As ONNX calls it: `float`, `uint8`, .."""
    shape: Tuple[Optional[int], ...]
    """None for a size that varies."""

    def __str__(self) -> str:
        return f"{self.name} {self.kind} [{shape_text(self.shape)}]"


@dataclass(frozen=True)
class OnnxFile:
    """What an ONNX file holds."""

    path: Path
    model: Any
    """The ModelProto, with weights that lie in files of their own; not to be changed."""
    inputs: Tuple[OnnxTensor, ...]
    outputs: Tuple[OnnxTensor, ...]


@dataclass(frozen=True)
class OnnxPart(Part):
    """A network in ONNX."""

    model: bytes
    """A serialised ModelProto, weights included."""
    shape: Shape
    """Of its input."""

    suffix: ClassVar[str] = SUFFIX

    @property
    def data(self) -> bytes:
        """See `Part.data`."""
        return self.model

    @property
    def input_shape(self) -> Shape:
        """See `Part.input_shape`."""
        return self.shape

    def with_input_shape(self, shape: Sequence[Optional[int]]) -> bytes:
        """`data` for an input of this shape, None for a size that varies."""
        import onnx

        model = onnx.load_from_string(self.model)
        for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape):
            if size is None:
                dim.dim_param = "batch"
            else:
                dim.dim_value = size
        return bytes(model.SerializeToString())


def load_onnx(path: Union[str, Path]) -> OnnxFile:
    """Read an ONNX file, and the files beside it that hold weights of it.

    Raises:
        ModelError: no such file, not an ONNX model, cut off, or the package onnx is missing.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    try:
        import onnx
        from onnx import external_data_helper
    except ImportError as error:
        raise ModelError(
            f"{path}: an ONNX file needs a package ({error}): pip install 'splitdet[onnx]'"
        ) from None
    try:
        with warnings.catch_warnings():  # protobuf 3.20 warns of what later versions refuse
            warnings.simplefilter("ignore")
            model = onnx.load_from_string(data)
    except (DecodeError, RuntimeError):
        raise ModelError(_broken(path, data)) from None
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # of the file system or of the checker, which have no common base
        raise ModelError(
            f"{path}: the weights that it keeps in other files cannot be read ({one_line(error)})"
        ) from None
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # of the checker, or of protobuf where it is too large
        # nearly any short text parses
        raise ModelError(f"{_broken(path, data)} ({one_line(error)})") from None
    return _opened(onnx, path, model)


def opset(model: Any) -> int:
    """Version of the operators that a ModelProto is written in."""
    return max((int(one.version) for one in model.opset_import if not one.domain), default=1)


def _broken(path: Path, data: bytes) -> str:
    refusal = refuse_by_content(data)
    if refusal and refusal != ONNX:
        return f"{path}: this is {refusal}"
    return f"{path}: not an ONNX model, or cut off ({len(data):,} bytes); fetch or copy it again"


def _opened(onnx: Any, path: Path, model: Any) -> OnnxFile:
    constants = {constant.name for constant in model.graph.initializer}
    # old exporters list constants among the inputs
    inputs = [port for port in model.graph.input if port.name not in constants]
    kinds = onnx.TensorProto.DataType
    return OnnxFile(
        path,
        model,
        tuple(_tensor(kinds, port) for port in inputs),
        tuple(_tensor(kinds, port) for port in model.graph.output),
    )


def _tensor(kinds: Any, port: Any) -> OnnxTensor:
    """An input or output from its ValueInfoProto."""
    tensor = port.type.tensor_type
    sizes = [int(dim.dim_value) for dim in tensor.shape.dim]
    kind = kinds.Name(tensor.elem_type).lower()
    return OnnxTensor(port.name, kind, tuple(size if size > 0 else None for size in sizes))
