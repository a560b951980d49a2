"""The class that users of tensorrt_demos know: boxes in pixels, confidences and classes, as lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Tuple, Union

import numpy as np

from splitdet.detector import Detector
from splitdet.errors import ConfigError

Box = Tuple[int, int, int, int]
LEAST_CONFIDENCE = 0.1
"""Below it, nothing is looked at unless `det_th` says so."""


class TrtSSD:
    """An SSD whose network runs by TensorRT.

        model = TrtSSD("ssdlite_mobilenet_v2_coco_2018_05_09", precision="fp16")
        boxes, confs, clss = model.detect(cv2.imread("dog.jpg"), conf_th=0.3)

    The first use builds an engine, which may take minutes, and keeps it. It may be used from
    several threads, and needs no CUDA context of the caller.

    Args:
        model: see `Detector`.
        input_shape: height and width of the network's input, as tensorrt_demos wants it; not needed,
            and checked if given.
        precision: `fp32`, `fp16`, or `int8` with `calibration="folder"`.
        engine: another one where there is no GPU, with a precision that it has.
        config: any other key of config.yml; `det_th` is 0.1 unless it is given.

    Raises:
        ModelError, ConfigError, EngineError: see `Detector`.
    """

    def __init__(
        self,
        model: Union[str, Path],
        input_shape: Optional[Tuple[int, int]] = None,
        precision: str = "fp16",
        engine: str = "tensorrt",
        **config: Any,
    ) -> None:
        settings = {"det_th": LEAST_CONFIDENCE, "precision": precision, "engine": engine, **config}
        self.detector = Detector(model, **settings)
        found = self.detector.model.input_size_px
        if input_shape is not None and tuple(input_shape) != found:
            self.detector.close()
            raise ConfigError(
                f"input_shape is {tuple(input_shape)}, but the network takes {found} (height, width)"
            )

    def detect(self, img: np.ndarray, conf_th: float = 0.3) -> Tuple[List[Box], List[float], List[int]]:
        """What is in one picture, best first.

        Args:
            img: uint8 (H, W, 3), BGR.
            conf_th: least confidence, 0..1; not less than `det_th`.

        Returns:
            Boxes (x1, y1, x2, y2) in whole pixels of `img`, rounded down, their confidences, 0..1,
            and their class ids, of which `detector.labels` has the names.

        Raises:
            ValueError: see `Detector.detect`.
        """
        found = self.detector.detect(img, conf_th)
        height, width = img.shape[:2]
        pixels = found.boxes[:, [1, 0, 3, 2]] * np.array([width, height, width, height])
        boxes: List[Box] = [(x1, y1, x2, y2) for x1, y1, x2, y2 in pixels.astype(int).tolist()]
        return boxes, found.scores.tolist(), found.classes.tolist()

    def __enter__(self) -> TrtSSD:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Give memory and devices back."""
        self.detector.close()
