"""SSDLite on MobileNet v2 (Sandler et al. 2018), layer by layer, by the names of the zoo's graph.

Batch normalisation is not among the layers: once a network has been trained, it is a scale and a shift,
part of each convolution. `weights.py` folds that of a graph, and `normalise.py` that of training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

ROOT = "FeatureExtractor/MobilenetV2/"
_BLOCKS: Tuple[Tuple[int, int], ...] = (
    *((16, 1), (24, 2), (24, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1), (64, 1)),
    *((96, 1), (96, 1), (96, 1), (160, 2), (160, 1), (160, 1), (320, 1)),
)
"""Output channels and stride of expanded_conv, expanded_conv_1, .."""
_EXPANSION = 6
_EXTRA: Tuple[Tuple[int, int], ...] = ((256, 512), (128, 256), (128, 256), (64, 128))
"""Channels before and behind each stride-2 convolution past the backbone."""
FIRST_MAP_BLOCK = 13
"""Its expansion is the first feature map."""
ANCHORS_PER_CELL = (3, 6, 6, 6, 6, 6)


@dataclass(frozen=True)
class Layer:
    """A convolution with a bias."""

    name: str
    kernel_px: int
    inputs: int
    """Channels."""
    outputs: int
    """Channels; of a depthwise convolution the same as `inputs`."""
    stride: int = 1
    depthwise: bool = False
    relu: bool = True
    """Whether ReLU6 follows."""

    @property
    def is_predictor(self) -> bool:
        """Whether it gives predictions themselves."""
        return self.name.endswith("Predictor")

    @property
    def weights_name(self) -> str:
        """Name of its kernel."""
        return self.name + ("/depthwise_weights" if self.depthwise else "/weights")

    @property
    def biases_name(self) -> str:
        """Name of its bias."""
        return self.name + "/biases"

    @property
    def kernel_shape(self) -> Tuple[int, int, int, int]:
        """Height, width, inputs, outputs; for a depthwise one height, width, channels, 1."""
        last = 1 if self.depthwise else self.outputs
        return (self.kernel_px, self.kernel_px, self.inputs, last)


@dataclass(frozen=True)
class Block:
    """An inverted residual block: expansion (but in the first one), depthwise, projection."""

    expand: Optional[Layer]
    depthwise: Layer
    project: Layer

    @property
    def is_residual(self) -> bool:
        """Whether its input is added to its output."""
        inputs = (self.expand or self.depthwise).inputs
        return self.depthwise.stride == 1 and inputs == self.project.outputs

    @property
    def layers(self) -> List[Layer]:
        """In the order in which they run."""
        return [layer for layer in (self.expand, self.depthwise, self.project) if layer]


@dataclass(frozen=True)
class Predictor:
    """What is predicted for a cell of a feature map: two separable convolutions."""

    box_depthwise: Layer
    boxes: Layer
    class_depthwise: Layer
    classes: Layer

    @property
    def layers(self) -> List[Layer]:
        """In the order in which they run."""
        return [self.box_depthwise, self.boxes, self.class_depthwise, self.classes]


@dataclass(frozen=True)
class Architecture:
    """The layers of a detector.

    Args:
        classes: how many, without the background.
        size_px: the side of the square that pictures are stretched to.
        width: multiplies the number of channels; 1 is that of the zoo's detector.
    """

    classes: int
    size_px: int = 300
    width: float = 1.0

    def channels(self, full: int) -> int:
        """Channels of a layer that has `full` at width 1: a multiple of 8."""
        if self.width == 1:
            return full
        return max(8, int(full * self.width + 4) // 8 * 8)

    @property
    def first(self) -> Layer:
        """The convolution that reads the picture."""
        return Layer(ROOT + "Conv", 3, 3, self.channels(32), stride=2)

    @property
    def blocks(self) -> List[Block]:
        """The blocks of the backbone."""
        found = []
        inputs = self.channels(32)
        for number, (full, stride) in enumerate(_BLOCKS):
            name = ROOT + "expanded_conv" + (f"_{number}" if number else "") + "/"
            inner = inputs * _EXPANSION if number else inputs
            expand = Layer(name + "expand", 1, inputs, inner) if number else None
            depthwise = Layer(name + "depthwise", 3, inner, inner, stride, depthwise=True)
            inputs = self.channels(full)
            found.append(Block(expand, depthwise, Layer(name + "project", 1, inner, inputs, relu=False)))
        return found

    @property
    def last(self) -> Layer:
        """The last convolution of the backbone; gives the second feature map."""
        return Layer(ROOT + "Conv_1", 1, self.channels(320), self.channels(1280))

    @property
    def extra(self) -> List[List[Layer]]:
        """The layers behind the backbone; each row gives another feature map."""
        rows = []
        inputs = self.last.outputs
        for number, (before, behind) in enumerate(_EXTRA, start=2):
            narrow, wide = self.channels(before), self.channels(behind)
            first = f"{ROOT}layer_19_1_Conv2d_{number}_1x1_{before}"
            second = f"{ROOT}layer_19_2_Conv2d_{number}_3x3_s2_{behind}"
            rows.append(
                [
                    Layer(first, 1, inputs, narrow),
                    Layer(second + "_depthwise", 3, narrow, narrow, 2, depthwise=True),
                    Layer(second, 1, narrow, wide),
                ]
            )
            inputs = wide
        return rows

    @property
    def predictors(self) -> List[Predictor]:
        """One for each feature map."""
        expand = self.blocks[FIRST_MAP_BLOCK].expand
        assert expand is not None
        maps = [expand.outputs, self.last.outputs, *(row[-1].outputs for row in self.extra)]
        found = []
        for number, (inputs, anchors) in enumerate(zip(maps, ANCHORS_PER_CELL)):
            name = f"BoxPredictor_{number}/"
            layers = []
            for kind, columns in (("BoxEncoding", 4), ("Class", self.classes + 1)):
                separable = f"{name}{kind}Predictor_depthwise"
                layers.append(Layer(separable, 3, inputs, inputs, depthwise=True))
                layers.append(Layer(f"{name}{kind}Predictor", 1, inputs, anchors * columns, relu=False))
            found.append(Predictor(*layers))
        return found

    @property
    def map_sides(self) -> List[int]:
        """Cells along a side of each feature map."""
        sides = [-(-self.size_px // 16)]
        while len(sides) < len(ANCHORS_PER_CELL):
            sides.append(-(-sides[-1] // 2))
        return sides

    def layers(self, first_block: int = 0) -> List[Layer]:
        """All layers from a block on; 0: also those before the blocks."""
        found = [] if first_block else [self.first]
        for block in self.blocks[first_block:]:
            found += block.layers
        found.append(self.last)
        for row in self.extra:
            found += row
        for predictor in self.predictors:
            found += predictor.layers
        return found
