"""A model file, of any format that is read, to a model."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

from splitdet.engines.saved_model import open_graph
from splitdet.errors import ModelError
from splitdet.graph.onnx_file import SUFFIX as ONNX_SUFFIX
from splitdet.graph.onnx_file import load_onnx
from splitdet.models import AUTO, identify
from splitdet.models.base import Model


def load_model(path: Union[str, Path], model_type: str = AUTO) -> Model:
    """The model in a frozen graph, a SavedModel or an ONNX file.

    Args:
        model_type: see `identify`.

    Raises:
        ModelError: the file cannot be read, is no such model, or one of another type; the message
            begins with its path.
    """
    path = Path(path)
    load = load_onnx if path.suffix.lower() == ONNX_SUFFIX else open_graph
    with naming(path):
        return identify(load(path), model_type)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file in front of what is wrong with the model in it, unless it is named already."""
    try:
        yield
    except ModelError as error:
        text = str(error)
        raise type(error)(text if str(path) in text else f"{path}: {text}") from None
