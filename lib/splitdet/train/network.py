"""Running the layers: the same lines train the network and write it into a frozen graph."""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

from splitdet.train.architecture import FIRST_MAP_BLOCK, Architecture, Block, Layer

Weights = Callable[[str], Any]
"""Gives the tensor of a name: a variable, or a constant of a graph."""


class Network:
    """The layers of `architecture` with `weights`.

    Operations bear the zoo's names where a graph is written.

    Args:
        tf: TensorFlow, the interface of version 2.
        dtype: type to compute in.
    """

    def __init__(self, tf: Any, architecture: Architecture, weights: Weights, dtype: Any) -> None:
        self._tf = tf
        self._architecture = architecture
        self._blocks = architecture.blocks
        self._weights = weights
        self._dtype = dtype

    def front(self, images: Any, blocks: int) -> Any:
        """What the first `blocks` blocks give; 0: the pictures themselves.

        Args:
            images: float32 (B, h, w, 3), RGB, -1..1.
        """
        if not blocks:
            return images
        tensor = self._run(images, self._architecture.first)
        for block in self._blocks[:blocks]:
            tensor = self._block(block, tensor)[1]
        return tensor

    def back(self, tensor: Any, blocks: int) -> Tuple[Any, Any]:
        """Predictions, from what `front` gives for as many blocks.

        Returns:
            encoded boxes, float32 (B, N, 4), and logits, float32 (B, N, C + 1), background first.
        """
        tensor = tensor if blocks else self._run(tensor, self._architecture.first)
        maps: List[Any] = []
        for number, block in enumerate(self._blocks[blocks:], start=blocks):
            expanded, tensor = self._block(block, tensor)
            if number == FIRST_MAP_BLOCK:
                maps.append(expanded)
        maps.append(self._run(tensor, self._architecture.last))
        for row in self._architecture.extra:
            tensor = maps[-1]
            for layer in row:
                tensor = self._run(tensor, layer)
            maps.append(tensor)
        return self._predict(maps)

    def _predict(self, maps: List[Any]) -> Tuple[Any, Any]:
        tf = self._tf
        boxes, logits = [], []
        columns = self._architecture.classes + 1
        for number, (tensor, one) in enumerate(zip(maps, self._architecture.predictors)):
            of_boxes = self._run(self._run(tensor, one.box_depthwise), one.boxes)
            of_classes = self._run(self._run(tensor, one.class_depthwise), one.classes)
            name = f"BoxPredictor_{number}/Reshape"
            count = self._architecture.map_sides[number] ** 2 * (one.boxes.outputs // 4)
            boxes.append(tf.reshape(of_boxes, [-1, count, 4], name=name))
            logits.append(tf.reshape(of_classes, [-1, count, columns], name=name + "_1"))
        return (
            tf.cast(tf.concat(boxes, 1, name="concat"), tf.float32),
            tf.cast(tf.concat(logits, 1, name="concat_1"), tf.float32),
        )

    def _block(self, block: Block, tensor: Any) -> Tuple[Any, Any]:
        """What its expansion gives, and what the block gives."""
        expanded = self._run(tensor, block.expand) if block.expand else tensor
        result = self._run(self._run(expanded, block.depthwise), block.project)
        if block.is_residual:
            result = self._tf.add(
                result,
                self._tf.cast(tensor, result.dtype),
                name=block.project.name.replace("project", "add"),
            )
        return expanded, result

    def _run(self, tensor: Any, layer: Layer) -> Any:
        tf = self._tf
        # depthwise ones are little work, and TensorFlow's gradient of them in bfloat16 on a CPU has NaNs
        dtype = tf.float32 if layer.depthwise else self._dtype
        tensor = tf.cast(tensor, dtype)
        kernel = tf.cast(self._weights(layer.weights_name), dtype)
        strides = [1, layer.stride, layer.stride, 1]
        if layer.depthwise:
            tensor = tf.nn.depthwise_conv2d(tensor, kernel, strides, "SAME", name=layer.name)
        else:
            tensor = tf.nn.conv2d(tensor, kernel, strides, "SAME", name=layer.name + "/Conv2D")
        tensor = self._shift(tensor, layer)
        return tf.nn.relu6(tensor, name=layer.name + "/Relu6") if layer.relu else tensor

    def _shift(self, tensor: Any, layer: Layer) -> Any:
        """What comes between a convolution and its ReLU6."""
        bias = self._tf.cast(self._weights(layer.biases_name), tensor.dtype)
        return self._tf.nn.bias_add(tensor, bias, name=layer.name + "/BiasAdd")
