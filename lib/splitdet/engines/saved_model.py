"""SavedModels, frozen in memory: variables become constants, functions become nodes.

TensorFlow does it in a session of version 1 for models of either version. Loading those of
version 2 as objects would start its eager runtime, which takes hold of every GPU that is there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Set, Union

from google.protobuf.message import DecodeError

from splitdet import compat
from splitdet.errors import ModelError, one_line
from splitdet.graph import proto
from splitdet.graph.graph import Graph, split_name
from splitdet.graph.load import check_complete, load_graph
from splitdet.graph.refuse import is_saved_model
from splitdet.graph.tensors import UINT8

TAG = "serve"
SIGNATURE = "serving_default"
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_NODE_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")


def open_graph(path: Union[str, Path]) -> Graph:
    """The graph of a frozen graph file, or of the saved_model.pb of a SavedModel.

    TensorFlow is only loaded for a SavedModel.

    Raises:
        ModelError: none of these, or broken.
    """
    path = Path(path)
    if not is_saved_model(path):
        return load_graph(path)
    graph = Graph(freeze(path))
    check_complete(graph, path)
    return graph


def freeze(path: Path) -> proto.GraphDef:
    """What the signature of a SavedModel needs, as a frozen graph.

    Each output of the signature is the first output of a node that is called as the signature
    calls it, such as `detection_boxes`.

    Args:
        path: the file saved_model.pb, with the folder variables beside it if it has any.

    Raises:
        ModelError: cut off, incomplete, not for serving, without a uint8 input, or not for this
            TensorFlow.
    """
    tf = compat.tensorflow()
    meta_graph = _meta_graph(path)
    signature = _signature(path, meta_graph)
    try:
        frozen = _freeze(tf, path, meta_graph, signature)
    except tf.errors.FailedPreconditionError as error:
        raise ModelError(
            f"{path}: it does not hold the values of all variables; export it again, from Keras with "
            "model.export"
        ) from error
    except (tf.errors.OpError, ValueError, KeyError, TypeError, RuntimeError) as error:
        writer = meta_graph.meta_info_def.tensorflow_version or "of unknown version"
        raise ModelError(
            f"{path}: TensorFlow {compat.version()} cannot freeze this SavedModel, which TensorFlow "
            f"{writer} wrote ({one_line(error)}); use another version of TensorFlow, or a "
            "frozen_inference_graph.pb"
        ) from error
    return proto.GraphDef.FromString(frozen.SerializeToString())


def _meta_graph(path: Path) -> Any:
    """The graph that is meant for serving, with its signatures."""
    from tensorflow.core.protobuf import saved_model_pb2

    try:
        data = path.read_bytes()
        meta_graphs = saved_model_pb2.SavedModel.FromString(data).meta_graphs
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except (DecodeError, RuntimeError):
        raise ModelError(
            f"{path}: not a SavedModel, or cut off ({len(data):,} bytes); fetch or copy it again"
        ) from None
    serving = [meta for meta in meta_graphs if TAG in meta.meta_info_def.tags]
    if not serving:
        tags = sorted({tag for meta in meta_graphs for tag in meta.meta_info_def.tags})
        raise ModelError(
            f"{path}: nothing in it is tagged {TAG!r} (its tags: {', '.join(tags) or 'none'}); "
            "export it for serving"
        )
    return min(serving, key=lambda meta: len(meta.meta_info_def.tags))


def _signature(path: Path, meta_graph: Any) -> Any:
    """The signature to use; its inputs are checked."""
    signatures = {
        name: signature
        for name, signature in meta_graph.signature_def.items()
        if not name.startswith("__saved_model") and signature.outputs
    }
    if SIGNATURE not in signatures and len(signatures) != 1:
        raise ModelError(
            f"{path}: it has no signature {SIGNATURE!r}; it has "
            f"{', '.join(sorted(signatures)) or 'none'}; export it again with that signature"
        )
    signature = signatures.get(SIGNATURE) or next(iter(signatures.values()))
    if not any(info.dtype == UINT8 for info in signature.inputs.values()):
        tf = compat.tensorflow()
        inputs = ", ".join(
            f"{name} ({tf.as_dtype(info.dtype).name})" for name, info in sorted(signature.inputs.items())
        )
        raise ModelError(
            f"{path}: it takes {inputs or 'nothing'}, but must take images of uint8; export it with "
            "input type image_tensor"
        )
    return signature


def _freeze(tf: Any, path: Path, meta_graph: Any, signature: Any) -> Any:
    """TensorFlow's message of the frozen graph."""
    from splitdet.engines.inline import Inliner, all_nodes, has_functions, lower_loops

    config = tf.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0})
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, config=config) as session:
        saver = tf.train.import_meta_graph(meta_graph, clear_devices=True)
        graph_def = graph.as_graph_def()
        for node in all_nodes(graph_def):
            node.device = ""
            if "_class" in node.attr:  # to be beside another node, which may be gone in the end
                del node.attr["_class"]
        inliner = Inliner(graph_def)
        inliner.replace_calls(graph_def)
        outputs = {
            name: info
            for name, info in signature.outputs.items()
            if info.name and _NODE_NAME.match(name)
        }
        sources = {name: inliner.source(info.name) for name, info in outputs.items()}
        _name_outputs(graph_def, sources, outputs)
        needed = tf.graph_util.extract_sub_graph(graph_def, list(outputs))
        if any(node.op in _VARIABLES for node in needed.node):
            _restore(tf, saver, session, path.parent / "variables")
        lowered = has_functions(needed)
        if lowered:
            needed = lower_loops(tf, needed, outputs)
        frozen = tf.graph_util.convert_variables_to_constants(session, needed, list(outputs))
    if has_functions(frozen):
        raise ValueError("it calls functions that cannot be put where they are called")
    frozen.ClearField("library")
    frozen.versions.CopyFrom(graph_def.versions)
    if lowered:  # TensorFlow 1.15 does not get every loop right, and only notices here
        with tf.Graph().as_default():
            tf.import_graph_def(frozen, name="")
    return frozen


def _restore(tf: Any, saver: Any, session: Any, folder: Path) -> None:
    if saver is None or not (folder / "variables.index").is_file():
        raise ModelError(f"{folder}: the values of the variables are missing; copy the whole SavedModel")
    try:
        saver.restore(session, str(folder / "variables"))
    except (tf.errors.OpError, ValueError) as error:
        raise ModelError(f"{folder}: cannot be read ({one_line(error)}); copy it again") from error


def _name_outputs(graph_def: Any, sources: Dict[str, str], outputs: Dict[str, Any]) -> None:
    """Change `graph_def`: a node for each output, with its name."""
    missing = [name for name, source in sources.items() if source != f"{name}:0"]
    taken = {node.name for node in graph_def.node}
    moved = {name: _free_name(name, taken) for name in missing if name in taken}
    for node in graph_def.node:
        node.name = moved.get(node.name, node.name)
        node.input[:] = [_moved(read, moved) for read in node.input]
    for name in missing:
        node = graph_def.node.add(name=name, op="Identity", input=[_moved(sources[name], moved)])
        node.attr["T"].type = outputs[name].dtype


def _free_name(name: str, taken: Set[str]) -> str:
    candidates = (f"{name}_{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def _moved(read: str, moved: Dict[str, str]) -> str:
    """An input of a node, after some nodes got other names."""
    name, index = split_name(read)
    if name not in moved:
        return read
    return f"^{moved[name]}" if index < 0 else f"{moved[name]}:{index}"
