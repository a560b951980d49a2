"""SavedModels of small detectors, written by TensorFlow, and what they answer themselves.

A program of its own, because TensorFlow 1.15 writes and runs the newer kind only with its
version 2 behaviour, which a process cannot take back:

    python saved_models.py FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np

from splitdet.compat import tensorflow
from ssd_graphs import write_ssd

ANSWERS = "answers.npz"
IMAGE = np.random.RandomState(5).randint(0, 256, size=(1, 90, 120, 3), dtype=np.uint8)
OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def write_all(folder: Path) -> Path:
    """Write `KINDS` in another process; beside each lie its answers to `IMAGE`, and the graph ssd.pb."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, __file__, str(folder)], check=True, env=environment)
    return folder


def _ssd(folder: Path) -> Any:
    """The graph of a detector, as TensorFlow's message."""
    return tensorflow().GraphDef.FromString((folder / "ssd.pb").read_bytes())


def _first_weights(graph_def: Any) -> Any:
    """The node with the weights of the first convolution."""
    return next(
        node
        for node in graph_def.node
        if node.op == "Const" and len(node.attr["value"].tensor.tensor_shape.dim) == 4
    )


def _write_v1(folder: Path, variable: str) -> None:
    """As the exporters of version 1 do; `variable` is `ref`, `resource` or empty for a frozen one."""
    v1 = tensorflow()
    graph_def = _ssd(folder.parent)
    weights = _first_weights(graph_def)
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        replaced = {}
        if variable:
            value = v1.make_ndarray(weights.attr["value"].tensor)
            made = v1.get_variable("kernel", initializer=value, use_resource=variable == "resource")
            replaced = {weights.name + ":0": v1.convert_to_tensor(made)}
        v1.import_graph_def(graph_def, replaced, name="")
        session.run(v1.global_variables_initializer())
        image = graph.get_tensor_by_name("image_tensor:0")
        outputs = {name: graph.get_tensor_by_name(name + ":0") for name in OUTPUTS}
        v1.saved_model.simple_save(session, str(folder), {"inputs": image}, outputs)
        answers = session.run(outputs, {image: IMAGE})
    np.savez(str(folder / ANSWERS), **answers)


def _write_v2(folder: Path, module: Any, signature: Any) -> None:
    import tensorflow as tf

    tf.saved_model.save(module, str(folder), signatures=signature)
    loaded = tf.compat.v2.saved_model.load(str(folder))  # its variables last only as long as this name
    answers = loaded.signatures["serving_default"](tf.constant(IMAGE))
    np.savez(str(folder / ANSWERS), **{name: answer.numpy() for name, answer in answers.items()})


def _write_wrapped(folder: Path, calls: int) -> None:
    """A graph of version 1 as a function of version 2, with weights in a variable."""
    import tensorflow as tf

    graph_def = _ssd(folder.parent)
    weights = _first_weights(graph_def)
    module = tf.Module()
    module.kernel = tf.Variable(tf.make_ndarray(weights.attr["value"].tensor))

    def original(image: Any) -> Any:
        replaced = {"image_tensor:0": image, weights.name + ":0": module.kernel.read_value()}
        found = tf.graph_util.import_graph_def(
            graph_def, replaced, [name + ":0" for name in OUTPUTS], name=""
        )
        return dict(zip(OUTPUTS, found))

    spec = tf.TensorSpec([None, None, None, 3], tf.uint8, name="input_tensor")
    module.wrapped = tf.compat.v1.wrap_function(original, [spec])

    @tf.function(input_signature=[spec])
    def detect(image: Any) -> Any:
        found = module.wrapped(image)
        if calls == 2:
            found = {**found, "detection_scores": module.wrapped(image[:, ::-1])["detection_scores"]}
        return found

    _write_v2(folder, module, detect)


def _write_loop(folder: Path, with_variable: bool) -> None:
    """A detector written for version 2: loops and branches are functions, and may read a variable."""
    import tensorflow as tf

    random = np.random.RandomState(0)
    module = tf.Module()
    module.kernel = tf.Variable(random.standard_normal([5, 5, 3, 8]).astype(np.float32) * 0.1)
    module.head = tf.Variable(random.standard_normal([3, 3, 8, 4]).astype(np.float32))
    module.scale = tf.Variable(1.5) if with_variable else tf.constant(1.5)
    corners = random.uniform(0.0, 0.7, [64, 2])
    boxes = np.concatenate([corners, corners + 0.3], axis=1).astype(np.float32)

    @tf.function
    def network(image: Any) -> Any:
        hidden = tf.nn.relu6(tf.nn.conv2d(image, module.kernel, 8, "SAME"))
        return tf.nn.conv2d(hidden, module.head, 1, "SAME")

    spec = tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")

    @tf.function(input_signature=[spec])
    def detect(image: Any) -> Any:
        heads = network(tf.image.resize(tf.cast(image, tf.float32) / 255.0, [64, 64]))

        def suppress(number: Any, found: Any) -> Any:
            scores = tf.sigmoid(tf.reshape(heads[0, :, :, 0], [-1]) * module.scale)
            scores = tf.cond(number > 1, lambda: scores, lambda: tf.sqrt(scores))
            kept, _ = tf.image.non_max_suppression_padded(
                boxes, scores, 10, 0.5, pad_to_max_output_size=True
            )
            picked = tf.gather(scores, kept)[:, tf.newaxis] * tf.cast(number + 1, tf.float32)
            return number + 1, found.write(number, tf.concat([tf.gather(boxes, kept), picked], 1))

        _, found = tf.while_loop(
            lambda number, _: number < 3, suppress, (0, tf.TensorArray(tf.float32, 3))
        )
        rows = tf.reshape(found.stack(), [1, 30, 5])
        return {
            "detection_boxes": rows[:, :, :4],
            "detection_scores": rows[:, :, 4],
            "detection_classes": tf.repeat(tf.constant([[1.0, 2.0, 3.0]]), 10, axis=1),
            "num_detections": tf.constant([30.0]),
        }

    _write_v2(folder, module, detect)


KINDS: Dict[str, Callable[[Path], None]] = {
    "v1_frozen": lambda folder: _write_v1(folder, ""),
    "v1_ref": lambda folder: _write_v1(folder, "ref"),
    "v1_resource": lambda folder: _write_v1(folder, "resource"),
    "v2_wrapped": lambda folder: _write_wrapped(folder, calls=1),
    "v2_called_twice": lambda folder: _write_wrapped(folder, calls=2),
    "v2_loop": lambda folder: _write_loop(folder, with_variable=False),
    "v2_loop_with_variable": lambda folder: _write_loop(folder, with_variable=True),
}

if __name__ == "__main__":
    tensorflow().enable_v2_behavior()
    write_ssd(Path(sys.argv[1]) / "ssd.pb", "nms_v2")
    for kind, write in KINDS.items():
        write(Path(sys.argv[1]) / kind)
