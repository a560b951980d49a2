"""Engines that were built before.

An engine fits one network, one version of TensorRT, one kind of GPU, one precision and one batch;
all of them are in its key, and the key is in its file. How it was built, with which memory and for
how long, is not: a run takes what `splitdet build` made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Tuple

from splitdet.engines.cache import key_of, load_checked, path_of, store_checked
from splitdet.engines.pictures import Pictures
from splitdet.engines.tensorrt.api import Api
from splitdet.engines.tensorrt.build import build
from splitdet.engines.tensorrt.cuda import find_cuda
from splitdet.engines.tensorrt.options import BuildOptions

SUFFIX = ".engine"
_FORMAT = "2"
"""To be changed when `build` makes another engine of the same things."""


def engine_key(api: Api, network: str, options: BuildOptions) -> str:
    """What an engine is stored under.

    Args:
        network: a key of what it computes.

    Raises:
        EngineError: no GPU, no pictures to calibrate with.
    """
    if api.rtx or options.target:  # such engines run on every GPU of that capability
        device = "compute capability {}.{}".format(*(options.target or find_cuda().capability))
    else:
        cuda = find_cuda()
        device = "{} {}.{}".format(cuda.name, *cuda.capability)
    settings = options.result
    if options.calibration:  # what is in the folder counts, not where it lies
        settings["calibration"] = Pictures(options.calibration, (1, 1)).digest
    words = [f"{name}={settings[name]}" for name in sorted(settings)]
    return key_of("tensorrt", _FORMAT, api.description, device, " ".join(words), network)


def ready_engine(
    api: Api,
    network: str,
    make_onnx: Callable[[], bytes],
    options: BuildOptions,
    title: str = "building",
    anew: bool = False,
) -> Tuple[bytes, Path]:
    """The engine, from its file or built now, and the file.

    Args:
        network: a key of what `make_onnx` gives.
        make_onnx: only called where the engine has to be built.
        anew: build it even where there is one.

    Raises:
        EngineError: see `build`.
    """
    key = engine_key(api, network, options)
    engine = None if anew else load_checked(key, SUFFIX)
    if engine is None:
        engine = build(api, make_onnx(), options, title)
        store_checked(key, SUFFIX, engine)
    return engine, path_of(key, SUFFIX)
