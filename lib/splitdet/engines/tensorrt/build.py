"""ONNX to an engine for one kind of GPU."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import Any, Iterator, List, Tuple

from splitdet.engines.cache import key_of
from splitdet.engines.pictures import Pictures
from splitdet.engines.progress import Progress
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.calibrate import calibrator
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.half import to_half
from splitdet.engines.tensorrt.monitor import make_monitor
from splitdet.engines.tensorrt.options import BuildOptions
from splitdet.engines.tensorrt.outside import keep_outside_in_float
from splitdet.engines.tensorrt.quantize import quantize
from splitdet.errors import EngineError

log = logging.getLogger(__name__)


def build(api: Api, onnx: bytes, options: BuildOptions, title: str = "building") -> bytes:
    """Build an engine; it may take minutes.

    Args:
        onnx: a model with one input, float32 (B, H, W, 3).
        title: what the line on the terminal begins with.

    Returns:
        The serialised engine.

    Raises:
        EngineError: no GPU, TensorRT does not take a node, or runs out of memory; the message says
            which.
        KeyboardInterrupt: Ctrl-C.
    """
    if options.target is None:
        find_cuda()  # TensorRT's own words for a missing GPU say little
    began = time.perf_counter()
    progress = Progress(title)
    engine = progress.while_running(lambda: _build(api, onnx, options, progress))
    took_s = time.perf_counter() - began
    log.info(
        *("%s, %s: built in %.0f s, %.1f MB", api.description, options.precision),
        *(took_s, len(engine) / 1e6),
    )
    return engine


def _build(api: Api, onnx: bytes, options: BuildOptions, progress: Progress) -> bytes:
    if api.strongly_typed:
        onnx = _typed(onnx, options)
    try:
        builder = api.trt.Builder(api.logger)
    except Exception as error:  # pybind11's own, TypeError among them
        raise EngineError(f"{api.description} does not start: {error or api.reason()}") from None
    network = api.create_network(builder)
    api.parse(network, onnx)
    config = builder.create_builder_config()
    api.set_precision(config, options.precision)
    if options.precision != "fp32":
        keep_outside_in_float(api, network, config)
    api.set_workspace(config, options.workspace_mb)
    api.set_level(config, options.level)
    api.detailed(config)
    api.without_libraries(config)
    if options.target is not None:
        api.set_target(config, options.target)
    if options.dla_core is not None:
        api.set_dla(builder, config, options.dla_core)
    profile = _set_shapes(api, builder, network, config, options)
    monitor = make_monitor(api.trt, progress)
    if monitor is not None:
        config.progress_monitor = monitor
    height, width = tuple(network.get_input(0).shape)[1:3]
    with _calibration(api, config, profile, options, onnx, (height, width)):
        api.messages.clear()
        plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(_why_not(api, progress))
    return bytes(plan)


def _typed(onnx: bytes, options: BuildOptions) -> bytes:
    """The network with the types that the precision means."""
    if options.precision == "fp16":
        return to_half(onnx)
    if options.precision == "int8":
        return quantize(onnx, Pictures(options.calibration, _input_size(onnx)))
    return onnx


def _input_size(onnx: bytes) -> Tuple[int, int]:
    """Height and width of the input."""
    import onnx as library

    dims = library.load_from_string(onnx).graph.input[0].type.tensor_type.shape.dim
    return int(dims[1].dim_value), int(dims[2].dim_value)


def _set_shapes(api: Api, builder: Any, network: Any, config: Any, options: BuildOptions) -> Any:
    """Fix the batch, or add a profile for 1 to `batch` frames; that profile, or None.

    Raises:
        EngineError: the network was exported for another batch.
    """
    image = network.get_input(0)
    shape: List[int] = list(image.shape)
    if shape[0] not in (-1, options.batch) or (shape[0] != -1 and options.smaller_batches):
        raise EngineError(f"the network takes {shape[0]} frames at once, and not {options.batch}")
    if not options.smaller_batches:
        image.shape = (options.batch, *shape[1:])
        return None
    rest = tuple(shape[1:])
    profile = builder.create_optimization_profile()
    profile.set_shape(image.name, (1, *rest), (options.batch, *rest), (options.batch, *rest))
    config.add_optimization_profile(profile)
    api.share_profiles(config)
    return profile


@contextmanager
def _calibration(
    api: Api,
    config: Any,
    profile: Any,
    options: BuildOptions,
    onnx: bytes,
    size: Tuple[int, int],
) -> Iterator[None]:
    """Let TensorRT ask for pictures during the build, where it finds the ranges itself."""
    if options.precision != "int8" or api.strongly_typed:
        yield
        return
    pictures = Pictures(options.calibration, size)
    key = key_of("calibration", onnx, pictures.digest, api.description, str(options.batch))
    with calibrator(api, find_cuda(), pictures, options.batch, key) as asked:
        config.int8_calibrator = asked
        if profile is not None:
            config.set_calibration_profile(profile)
        yield
        if asked.error is not None:
            raise asked.error


def _why_not(api: Api, progress: Progress) -> str:
    if progress.cancelled:
        return "the build was stopped"
    if api.out_of_memory():
        return (
            f"{api.description} has not enough GPU memory to build ({api.reason()}); free some, "
            "or change --workspace MB or --batch"
        )
    return f"{api.description} cannot build this network: {api.reason()}"
