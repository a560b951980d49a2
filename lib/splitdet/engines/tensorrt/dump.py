"""The layers of an engine as text."""

from __future__ import annotations

from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.errors import EngineError


def layers(api: Api, engine: bytes) -> str:
    """One line for each layer: its name, its kernel, the types of its tensors.

    Raises:
        EngineError: no GPU, or the engine is not for it.
    """
    find_cuda().activate()
    runtime = api.trt.Runtime(api.logger)
    loaded = runtime.deserialize_cuda_engine(engine)
    if loaded is None:
        raise EngineError(f"{api.description} cannot load this engine: {api.reason()}")
    inspector = loaded.create_engine_inspector()
    kind = api.trt.LayerInformationFormat.ONELINE
    lines = [inspector.get_layer_information(i, kind).strip() for i in range(loaded.num_layers)]
    return "\n".join(lines)
