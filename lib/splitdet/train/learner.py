"""The network in TensorFlow 2: a step of training, and detections."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from splitdet import compat
from splitdet.errors import EngineError, TrainError
from splitdet.nms import suppress
from splitdet.train.anchors import make_anchors
from splitdet.train.architecture import ROOT, Architecture, Layer
from splitdet.train.features import Objects, as_input
from splitdet.train.loss import detection_loss
from splitdet.train.normalise import NormalisedNetwork, scale_name
from splitdet.train.suppression import settings_of
from splitdet.train.targets import assign, decode
from splitdet.train.weights import Arrays
from splitdet.types import Detections

_GREATEST_NORM = 10.0
"""Of all gradients together; longer ones are shortened."""
EVALUATION = settings_of(score_threshold=0.01)
"""As the exported graph has it; low scores count for average precision."""


def tensorflow_2() -> Any:
    """TensorFlow's interface of version 2.

    Raises:
        EngineError: it is not installed, or is version 1.
    """
    compat.tensorflow()  # quietly, with our settings
    if compat.version().startswith("1."):
        raise EngineError(f"training needs TensorFlow 2.11 or newer; this is {compat.version()}")
    import tensorflow as tf

    return tf


class Learner:
    """Weights that learn.

    Args:
        weights: where they start; see `normalised` for layers that learn.
        frozen_blocks: so many blocks of the backbone stay as they are; see `Network.front`.
        mixed_precision: compute in bfloat16.
        body_rate: learning rate of what was trained before, as a part of that of the predictors.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Arrays,
        frozen_blocks: int,
        mixed_precision: bool,
        body_rate: float = 1.0,
    ) -> None:
        self._tf = tf = tensorflow_2()
        self._architecture = architecture
        self._frozen = frozen_blocks
        self._variables = {name: tf.Variable(array, name=name) for name, array in weights.items()}
        layers = architecture.layers(frozen_blocks)
        body = [layer for layer in layers if layer.name.startswith(ROOT)]
        heads = [layer for layer in layers if not layer.name.startswith(ROOT)]
        self._groups = [
            _Group(tf, self._variables, heads, 1.0),
            _Group(tf, self._variables, body, body_rate),
        ]
        dtype = tf.bfloat16 if mixed_precision else tf.float32
        self._network = NormalisedNetwork(tf, architecture, self._variables, dtype, training=False)
        self._learning = NormalisedNetwork(tf, architecture, self._variables, dtype, training=True)
        self._anchors = make_anchors(architecture.map_sides)
        self._step = tf.function(self._run_step, reduce_retracing=True)
        self._front = tf.function(self._run_front, reduce_retracing=True)
        self._predict = tf.function(self._run_predict, reduce_retracing=True)

    @property
    def weights(self) -> Arrays:
        """The weights as they are now, normalisation apart; see `folded`."""
        return {name: variable.numpy() for name, variable in self._variables.items()}

    @property
    def optimizer(self) -> List[np.ndarray]:
        """The optimizers' variables."""
        return [np.asarray(variable) for group in self._groups for variable in group.optimizer.variables]

    def restore(self, weights: Arrays, optimizer: Sequence[np.ndarray]) -> None:
        """Take up weights, and the optimizers' variables, of a checkpoint."""
        own = [variable for group in self._groups for variable in group.optimizer.variables]
        if len(own) != len(optimizer):
            raise TrainError("the checkpoint is of another version of TensorFlow; train anew")
        self.restore_weights(weights)
        for variable, array in zip(own, optimizer):
            variable.assign(array)

    def restore_weights(self, weights: Arrays) -> None:
        """Take up weights alone."""
        shapes = {name: tuple(variable.shape.as_list()) for name, variable in self._variables.items()}
        if {name: array.shape for name, array in weights.items()} != shapes:
            raise TrainError("the checkpoint is of another network; train anew")
        for name, variable in self._variables.items():
            variable.assign(weights[name])

    def front(self, images: np.ndarray) -> np.ndarray:
        """What the frozen layers give for pictures, float32 (B, size, size, 3), -1..1."""
        return self._front(images).numpy() if self._frozen else images

    def step(self, features: np.ndarray, objects: Sequence[Objects], rate: float) -> float:
        """One step of training; the loss before it, which may not be a number.

        Args:
            features: what `front` gave, float32 (B, h, w, c).
            objects: boxes and classes of each picture.
            rate: learning rate.
        """
        targets = [assign(self._anchors, boxes, classes) for boxes, classes in objects]
        codes, classes = (np.stack(part) for part in zip(*targets))
        for group in self._groups:
            group.optimizer.learning_rate.assign(rate * group.rate)
        return float(self._step(features, codes, classes))

    def detect(self, images: Sequence[np.ndarray]) -> List[Detections]:
        """What the network finds in pictures, each uint8 (H, W, 3), BGR."""
        boxes, scores = self._predict(as_input(images, self._architecture.size_px))
        found = []
        for of_boxes, of_scores in zip(boxes.numpy(), scores.numpy()):
            kept = suppress(of_boxes[:, None], of_scores, None, EVALUATION)
            found.append(Detections.none() if kept is None else kept)
        return found

    def _run_front(self, images: Any) -> Any:
        return self._tf.cast(self._network.front(images, self._frozen), self._tf.float32)

    def _run_predict(self, images: Any) -> Tuple[Any, Any]:
        tf = self._tf
        codes, logits = self._network.back(self._network.front(images, self._frozen), self._frozen)
        return decode(tf, codes, self._anchors), tf.sigmoid(logits)[..., 1:]

    def _run_step(self, features: Any, codes: Any, classes: Any) -> Any:
        tf = self._tf
        with tf.GradientTape() as tape:
            found = self._learning.back(features, self._frozen)
            loss = detection_loss(tf, *found, codes, classes)
        gradients = tape.gradient(loss, [group.variables for group in self._groups])
        together, _ = tf.clip_by_global_norm(tf.nest.flatten(gradients), _GREATEST_NORM)
        for group, of_group in zip(self._groups, tf.nest.pack_sequence_as(gradients, together)):
            group.optimizer.apply_gradients(zip(of_group, group.variables))
        return loss


class _Group:
    """Layers that learn at one rate.

    Args:
        rate: theirs, as a part of that of the step.
    """

    def __init__(self, tf: Any, variables: Dict[str, Any], layers: Sequence[Layer], rate: float) -> None:
        self.variables: List[Any] = [
            variables[name]
            for layer in layers
            for name in (layer.weights_name, layer.biases_name, scale_name(layer))
            if name in variables
        ]
        self.rate = rate
        self.optimizer = tf.keras.optimizers.Adam(1e-3)
        self.optimizer.build(self.variables)
