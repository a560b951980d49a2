"""Where a model lies on this machine."""

from __future__ import annotations

from pathlib import Path

from splitdet.errors import ModelError

MODELS = Path("models")
GRAPH_FILE = "frozen_inference_graph.pb"


def find_model(name: str) -> Path:
    """The graph that `name` stands for: a file, a folder with one in it, or a name under models/.

    Raises:
        ModelError: nothing there; the message says how to get it.
    """
    for place in (Path(name), MODELS / name):
        if place.is_file():
            return place
        if place.is_dir() and (place / GRAPH_FILE).is_file():
            return place / GRAPH_FILE
    known = Path(name).parent.name if name.endswith(".pb") else Path(name).name
    raise ModelError(f"{name}: no such model; try: splitdet models get {known}")
