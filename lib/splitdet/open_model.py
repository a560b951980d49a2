"""From a file to the model in it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from splitdet.engines.saved_model import open_graph
from splitdet.errors import ModelError
from splitdet.models import AUTO, identify
from splitdet.models.base import Model


def open_model(path: Path, model_type: str = AUTO) -> Model:
    """The model in a frozen graph or a SavedModel.

    Args:
        path: the file; see `zoo.find.find_model` for names and folders.
        model_type: see `identify`.

    Raises:
        ModelError: no graph, or none that splitdet knows, or of another type than asked for; the
            message begins with the file.
    """
    with naming(path):
        return identify(open_graph(path), model_type)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file in front of what is wrong with the model in it, unless it is named already."""
    try:
        yield
    except ModelError as error:
        text = str(error)
        raise type(error)(text if str(path) in text else f"{path}: {text}") from None
