"""INT8 for OpenVINO: ranges are found with pictures, by NNCF, and biases corrected for the rounding."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from itertools import islice
from typing import Any, Iterator, List

import numpy as np

from splitdet.compat import package_version
from splitdet.engines.cache import key_of
from splitdet.engines.pictures import Pictures
from splitdet.engines.places import Layer, places
from splitdet.engines.progress import Progress
from splitdet.errors import EngineError, one_line
from splitdet.startup import importing

MOST_PICTURES = 300
"""More change the ranges little, and all of them are held in memory."""
_FORMAT = "1"
"""To be changed when the same pictures give other ranges."""
_CONVOLUTIONS = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul")
_NO_LAYERS = ("Parameter", "Constant", "Result")
log = logging.getLogger(__name__)


def quantizer_key(pictures: Pictures) -> str:
    """Changes with all that decides the ranges, but for the network."""
    return key_of("int8", _FORMAT, package_version("nncf"), pictures.digest)


def quantize(model: Any, pictures: Pictures) -> Any:
    """A model of OpenVINO, its convolutions in INT8; it may take minutes.

    What lies outside of the convolutions stays as it is, and so do the first and the last ones: they
    are little work, and their rounding costs the most.

    Args:
        model: with one input, float32 (1, H, W, 3).

    Raises:
        EngineError: NNCF is not installed, or does not take this network.
        KeyboardInterrupt: Ctrl-C.
    """
    began_s = time.perf_counter()
    progress = Progress("quantizing to int8")
    with importing():
        nncf = _nncf()
    shown = _Shown(list(islice(pictures.batches(1), MOST_PICTURES)), progress)

    def work() -> Any:
        return nncf.quantize(
            model,
            nncf.Dataset(shown),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(shown),
            fast_bias_correction=False,  # the fast one costs MobileNets twice the detections
            ignored_scope=nncf.IgnoredScope(names=names_in_float(model), validate=False),
        )

    try:
        with _quiet():
            quantized = progress.while_running(work)
    except EngineError:
        raise
    except Exception as error:  # its own have no common base
        text = one_line(error)
        raise EngineError(f"NNCF {nncf.__version__} cannot quantize this network: {text}") from None
    log.info(
        "NNCF %s: quantized to int8 with %d pictures in %.0f s",
        *(nncf.__version__, len(shown), time.perf_counter() - began_s),
    )
    return quantized


def names_in_float(model: Any) -> List[str]:
    """Names of the layers that are not quantized."""
    nodes = model.get_ordered_ops()
    layers = [
        Layer(
            [_name(port.get_source_output()) for port in node.inputs()],
            [_name(port) for port in node.outputs()],
            node.get_type_name() in _CONVOLUTIONS,
        )
        for node in nodes
    ]
    return [
        node.get_friendly_name()
        for node, place in zip(nodes, places(layers))
        if (place.is_outside or place.is_first or place.is_last)
        and node.get_type_name() not in _NO_LAYERS
    ]


def _name(port: Any) -> str:
    return f"{port.get_node().get_friendly_name()}:{port.get_index()}"


class _Shown:
    """Pictures that NNCF asks for again and again."""

    def __init__(self, pictures: List[np.ndarray], progress: Progress) -> None:
        self._pictures = pictures
        self._progress = progress

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[np.ndarray]:
        for number, picture in enumerate(self._pictures, 1):
            if self._progress.cancelled:
                raise EngineError("quantizing was stopped")
            self._progress.phase = f"picture {number} of {len(self)}"
            yield picture


def _nncf() -> Any:
    """The library, with its messages off. It sends no report of its use to its makers.

    Raises:
        EngineError: not installed.
    """
    os.environ.setdefault("NNCF_CI", "1")  # its switch for that
    kind = logging.getLoggerClass()  # it puts its own in the place for good
    try:
        import nncf
    except ImportError as error:
        raise EngineError(
            f"precision int8 on a CPU needs NNCF ({error}): pip install 'splitdet[int8]'"
        ) from None
    finally:
        logging.setLoggerClass(kind)
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf


@contextmanager
def _quiet() -> Iterator[None]:
    """Without NNCF's own progress bars, which it draws where there is no terminal, too."""
    from rich import get_console

    console = get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before
