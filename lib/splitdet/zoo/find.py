"""Where a model lies on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional

from splitdet.errors import ModelError
from splitdet.graph.onnx_file import SUFFIX as ONNX_SUFFIX
from splitdet.graph.refuse import refuse_by_name
from splitdet.zoo.manifest import (
    MANIFEST_FILE,
    Manifest,
    load_manifest,
    names,
    nearest,
    read_manifest,
    same_model,
)

MODELS = Path("models")
GRAPH_FILE = "frozen_inference_graph.pb"
SAVED_MODEL_FILE = "saved_model.pb"
_SAVED_MODEL_FOLDER = "saved_model"
_SHIPPED = Path(__file__).with_name("shipped")
SHAPES = "shapes"
"""A detector of drawn shapes that comes with splitdet: it is there where nothing can be fetched."""


@dataclass(frozen=True)
class ModelFiles:
    """What was found under a name."""

    graph: Path
    """A frozen graph, the saved_model.pb of a SavedModel, or an ONNX file."""
    manifest: Optional[Manifest]
    """What is known of it: from a manifest.yml beside it, else from the zoo, by its folder's name."""


def model_files(model_path: str) -> ModelFiles:
    """The files that `model_path` stands for.

    Args:
        model_path: a graph, a folder with one in it, the name of such a folder under models/, or of
            a model that comes with splitdet. A model of the zoo is found under any of its names.

    Raises:
        ModelError: nothing there, more than one graph, or a wrong manifest; the message says what
            to do.
    """
    if not model_path:
        raise ModelError("model_path is empty, so there is no such model; see: splitdet models list")
    folder: Optional[Path] = None
    for place in _places(model_path):
        if place.is_file():
            return ModelFiles(place, _manifest_beside(place))
        if place.is_dir():
            manifest = manifest_of(place)
            graph = graph_in(place, manifest)
            if graph:
                return ModelFiles(graph, manifest)
            if manifest and manifest.folder:
                raise ModelError(_how_to_get(manifest, model_path))
            folder = folder or place
    raise ModelError(_nothing_there(model_path, folder))


def find_model(name: str) -> Path:
    """The graph that `name` stands for; see `model_files`."""
    return model_files(name).graph


def manifest_of(folder: Path) -> Optional[Manifest]:
    """What is known of the model in a folder: its own manifest, else that of the zoo.

    Raises:
        ModelError: its own manifest is wrong.
    """
    if (folder / MANIFEST_FILE).is_file():
        return read_manifest(folder)
    name = Path(os.path.abspath(str(folder))).name  # the name of the folder `.`, too
    return load_manifest(name) if same_model(name) else None


def graph_in(folder: Path, manifest: Optional[Manifest] = None) -> Optional[Path]:
    """The graph in a folder; None where there is none.

    Raises:
        ModelError: more than one, and nothing tells which.
    """
    if manifest and manifest.graph:
        graph = folder / manifest.graph
        return graph if graph.is_file() else None
    for usual in (GRAPH_FILE, SAVED_MODEL_FILE):  # TensorFlow writes other .pb files beside the second
        if (folder / usual).is_file():
            return folder / usual
    graphs = _files(folder, ".pb") or _files(folder, ONNX_SUFFIX)
    if len(graphs) > 1:
        raise ModelError(
            "{}: more than one graph ({}); name the file itself, or write 'graph: {}' into {}".format(
                folder, ", ".join(path.name for path in graphs), graphs[0].name, folder / MANIFEST_FILE
            )
        )
    saved = folder / _SAVED_MODEL_FOLDER / SAVED_MODEL_FILE
    return next((path for path in [*graphs, saved] if path.is_file()), None)


def shipped_models() -> List[Path]:
    """Folders of the models that come with splitdet."""
    return sorted(_SHIPPED.iterdir())


def _files(folder: Path, suffix: str) -> List[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() == suffix)
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror}") from None
    return [path for path in found if path.is_file()]


def own_models() -> List[str]:
    """Folders under models/ that are not of the zoo, and have a graph or a manifest in them."""
    if not MODELS.is_dir():
        return []
    return [
        folder.name
        for folder in sorted(MODELS.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and not same_model(folder.name)
        if (folder / MANIFEST_FILE).is_file()
        or any(_files(folder, suffix) for suffix in (".pb", ONNX_SUFFIX))
        or graph_in(folder)
    ]


def _places(model_path: str) -> Iterator[Path]:
    """Where to look, the likeliest first."""
    path = Path(model_path)
    yield path
    yield MODELS / path
    for other in same_model(path.name):
        yield path.with_name(other)
        yield MODELS / path.with_name(other)
    for other in same_model(path.parent.name):
        yield path.parent.with_name(other) / path.name
    yield from (folder for folder in shipped_models() if folder.name == model_path)


def _manifest_beside(graph: Path) -> Optional[Manifest]:
    """The manifest of a graph that was named itself; None where it is about another one."""
    folder = graph.parent
    if graph.name == SAVED_MODEL_FILE and folder.name == _SAVED_MODEL_FOLDER:
        folder = folder.parent
    manifest = manifest_of(folder)
    if manifest is None:
        return None
    if manifest.folder is None:
        return manifest if graph.name in (GRAPH_FILE, SAVED_MODEL_FILE) else None
    return manifest if not manifest.graph or folder / manifest.graph == graph else None


def _how_to_get(manifest: Manifest, model_path: str) -> str:
    graph = manifest.graph or GRAPH_FILE
    if manifest.url:
        return f"{model_path}: {graph} is not there; try: splitdet models get {model_path}"
    return (
        f"{manifest.file}: {graph} is not there; put it there, or say where it is with 'url: https://..'"
    )


def _nothing_there(model_path: str, folder: Optional[Path]) -> str:
    path = Path(model_path)
    known = path.parent.name if model_path.endswith(".pb") else path.name
    if not same_model(known):
        refusal = refuse_by_name(folder or path)
        if refusal:
            return f"{folder or path}: this is {refusal}"
        if os.path.basename(model_path) != model_path:
            return f"{model_path}: no such file or folder"
        return f"{model_path}: no such model{nearest(known, names())} (splitdet models list)"
    where = f" in {os.path.abspath(str(MODELS))}" if known == model_path else ""
    return f"{model_path}: no such model{where}; try: splitdet models get {known}"
