"""Engines by their names."""

from __future__ import annotations

from splitdet.config import Config
from splitdet.engines.base import Engine
from splitdet.errors import EngineError

TENSORFLOW_PRECISIONS = ("fp32", "tf32")


def make_engine(name: str, config: Config, feeders: int) -> Engine:
    """An engine by its name.

    Raises:
        EngineError: not installed, or without what the configuration asks for.
    """
    device, precision, cores = config.device, config.precision, config.engine_cores
    if name == "openvino":
        from splitdet.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(device, precision, feeders, config.calibration, cores)
    if name == "onnxruntime":
        from splitdet.engines.onnxruntime import OnnxEngine

        return OnnxEngine(device, precision, feeders, cores)
    if name == "tensorrt":
        from splitdet.engines.tensorrt.engine import TensorRTEngine
        from splitdet.engines.tensorrt.options import BuildOptions

        calibration = config.calibration if precision == "int8" else ""
        dla_core = None if config.dla_core < 0 else config.dla_core
        return TensorRTEngine(
            BuildOptions(precision, config.batch_size, dla_core=dla_core, calibration=calibration)
        )
    if precision not in TENSORFLOW_PRECISIONS:
        raise EngineError(
            f"engine tensorflow has no precision {precision}, only fp32 and tf32; "
            "set engine: openvino, or precision: fp32"
        )
    from splitdet.engines.tensorflow import SessionOptions, TensorFlowEngine

    options = SessionOptions(
        allow_memory_growth=config.allow_memory_growth,
        force_gpu_compatible=config.force_gpu_compatible,
        log_device=config.log_device,
        feeders=feeders,
        tf32=precision == "tf32",
        cores=cores,
    )
    return TensorFlowEngine(device, options)
