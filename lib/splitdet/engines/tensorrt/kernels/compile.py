"""kernels.cu to kernels.ptx, by NVRTC: python -m splitdet.engines.tensorrt.kernels.compile

Needs `pip install nvidia-cuda-nvrtc-cu11`, and no GPU. The PTX is part of the package: the driver of
any GPU since Maxwell compiles it for itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from pathlib import Path
from typing import Any, List

HERE = Path(__file__).parent
SOURCE, RESULT = HERE / "kernels.cu", HERE / "kernels.ptx"
LIBRARY = "libnvrtc.so.11.2"
PTX_VERSION = "6.4"
"""Read by every driver since CUDA 10.1, so by those of all Jetsons that are supported."""
_OPTIONS = (b"--gpu-architecture=compute_50", b"--fmad=false", b"--std=c++11")


def stamp() -> str:
    """First line of the PTX: which source it was made from."""
    return f"// kernels.cu, SHA-256 {hashlib.sha256(SOURCE.read_bytes()).hexdigest()}"


def compile_kernels() -> str:
    """The PTX of `SOURCE`.

    Raises:
        OSError: NVRTC is not installed.
        RuntimeError: an error in the source; the message is the compiler's.
    """
    nvrtc = _load()
    program = ctypes.c_void_p()
    source = SOURCE.read_bytes()
    _check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, SOURCE.name.encode(), 0, None, None))
    options = (ctypes.c_char_p * len(_OPTIONS))(*_OPTIONS)
    failed = nvrtc.nvrtcCompileProgram(program, len(_OPTIONS), options)
    if failed:
        raise RuntimeError(_text(nvrtc, program, "ProgramLog"))
    ptx = _text(nvrtc, program, "PTX")
    body = ptx[ptx.index(".version") :]
    return stamp() + "\n" + re.sub(r"\.version \S+", f".version {PTX_VERSION}", body, count=1)


def _load() -> Any:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError:
        from importlib.util import find_spec

        package = find_spec("nvidia.cuda_nvrtc")
        folders: List[str] = list(package.submodule_search_locations or []) if package else []
        if not folders:
            raise
        return ctypes.CDLL(str(Path(folders[0]) / "lib" / LIBRARY))


def _text(nvrtc: Any, program: ctypes.c_void_p, what: str) -> str:
    size = ctypes.c_size_t()
    _check(getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(getattr(nvrtc, f"nvrtcGet{what}")(program, buffer))
    return buffer.value.decode()


def _check(code: int) -> None:
    if code:
        raise RuntimeError(f"NVRTC: error {code}")


if __name__ == "__main__":
    RESULT.write_text(compile_kernels(), encoding="utf-8")
