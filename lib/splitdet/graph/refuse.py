"""Files that are no frozen graph: what they are, and what to do instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Optional, Pattern, Tuple

_USE_FROZEN = "use the frozen_inference_graph.pb it was made from"
_FREEZE = "freeze it with the Object Detection API's export_inference_graph.py"
_TFLITE = f"a TensorFlow Lite model; {_USE_FROZEN}"
ONNX = f"an ONNX model; if it is an SSD of jetson-inference, name it .onnx, else {_USE_FROZEN}"
_KERAS = "a Keras model; export it as a SavedModel first"
_CHECKPOINT = f"a checkpoint; {_FREEZE}"
_TEXT = "a graph as text, which holds no weights; use the frozen_inference_graph.pb of the same model"
_ARCHIVE = (
    "an archive; unpack it and use the frozen_inference_graph.pb in it, "
    "or let `splitdet models get` fetch and unpack it"
)

_BY_SUFFIX: Dict[str, str] = {
    ".tflite": _TFLITE,
    ".onnx": f"an ONNX model; {_USE_FROZEN}",
    ".h5": _KERAS,
    ".keras": _KERAS,
    ".ckpt": _CHECKPOINT,
    ".index": _CHECKPOINT,
    ".meta": _CHECKPOINT,
    ".gz": _ARCHIVE,
    ".tgz": _ARCHIVE,
    ".tar": _ARCHIVE,
    ".zip": _ARCHIVE,
}
_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$")

# A graph begins with the tag of its first node, 0x0a; a SavedModel with version 1 and the tag of a
# graph; an ONNX model with a later version and one of the fields that may follow.
_SAVED_MODEL = b"\x08\x01\x12"
_BY_CONTENT: List[Tuple[Pattern[bytes], str]] = [
    (re.compile(rb"(?s).{4}TFL3"), _TFLITE),
    (re.compile(rb"\x08[\x02-\x20][\x12\x1a\x22\x28\x32\x3a\x42\x72]"), ONNX),
    (re.compile(rb"\x89HDF\r\n"), _KERAS),
    (re.compile(rb"(?s)\x1f\x8b|PK\x03\x04|\xfd7zXZ|.{257}ustar"), _ARCHIVE),
    (
        re.compile(rb"(?i)\s*<(!doctype|html|head|body|\?xml)"),
        "a web page, as a download that failed leaves behind; fetch the model again",
    ),
    (
        re.compile(rb"version https://git-lfs"),
        "a pointer of Git LFS; fetch what it stands for: git lfs pull",
    ),
    (
        re.compile(rb"\s*(#[^\n]*\n\s*)*item\s*\{"),
        "a label map; it goes into label_path, and a frozen_inference_graph.pb here",
    ),
    (
        re.compile(rb"\s*(#[^\n]*\n\s*)*saved_model_schema_version\s*:"),
        "a SavedModel as text; export it again as saved_model.pb",
    ),
    (re.compile(rb"\s*(#[^\n]*\n\s*)*(node|versions|library|meta_info_def)\s*\{"), _TEXT),
]
_HEAD = 4096


def is_saved_model(path: Path) -> bool:
    """Whether the file begins as a SavedModel does; False where it cannot be opened."""
    try:
        with open(str(path), "rb") as file:
            return file.read(len(_SAVED_MODEL)) == _SAVED_MODEL
    except OSError:
        return False


def refuse_by_name(path: Path) -> Optional[str]:
    """What `path` is and what to do, where its name tells that it is no frozen graph.

    Raises:
        OSError: a folder that cannot be read.
    """
    if path.is_dir():
        return _refuse_folder(path)
    if path.is_file():
        return _CHECKPOINT if _SHARD.search(path.name) else _BY_SUFFIX.get(path.suffix.lower())
    # what programs that train call a checkpoint is the common beginning of its files' names
    is_prefix = bool(path.name) and path.with_name(path.name + ".index").is_file()
    return _CHECKPOINT if is_prefix else None


def refuse_by_content(data: bytes) -> Optional[str]:
    """What a file that does not parse as a graph is and what to do, where its beginning tells."""
    head = data[:_HEAD]
    if head.startswith(_SAVED_MODEL):
        return "a SavedModel, which must be frozen first: splitdet.engines.saved_model.open_graph does"
    return next((text for pattern, text in _BY_CONTENT if pattern.match(head)), None)


def _refuse_folder(folder: Path) -> str:
    names = [path.name for path in folder.iterdir()]
    if "checkpoint" in names or any(_BY_SUFFIX.get(Path(name).suffix) == _CHECKPOINT for name in names):
        return f"a folder with a checkpoint; {_FREEZE}"
    return "a folder without frozen_inference_graph.pb or saved_model.pb; name the file itself"
