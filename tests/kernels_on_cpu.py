"""The kernels of the TensorRT engine compiled for the CPU: one thread to a block, blocks in turn."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any, Sequence, Tuple

import numpy as np
import pytest

import splitdet.engines.tensorrt.kernels as kernels
from splitdet.engines.tensorrt.kernels.suppress import CAPACITY
from splitdet.nms import Clip, NmsSettings
from splitdet.resize import needed_rows

_SHIM = """
#include <cmath>
#include <cstring>
#include <cstddef>
struct Place { int x, y, z; };
struct float4 { float x, y, z, w; };
static Place threadIdx, blockIdx, blockDim = {1, 1, 1}, gridDim;
#define __global__
#define __device__ static
#define __shared__
static void __syncthreads() {}
static float __fadd_rn(float a, float b) { return a + b; }
static float __fsub_rn(float a, float b) { return a - b; }
static float __fmul_rn(float a, float b) { return a * b; }
static float __fdiv_rn(float a, float b) { return a / b; }
static unsigned __float_as_uint(float a) { unsigned b; std::memcpy(&b, &a, 4); return b; }
static float __uint_as_float(unsigned a) { float b; std::memcpy(&b, &a, 4); return b; }
static float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static int atomicAdd(int* place, int more) { int before = *place; *place += more; return before; }
unsigned long long room[1 << 16];
"""
_LAUNCH = """
extern "C" void launch_NAME(int x, int y, int z, PARAMETERS) {
    gridDim = {x, y, z};
    for (blockIdx.z = 0; blockIdx.z < z; blockIdx.z++)
        for (blockIdx.y = 0; blockIdx.y < y; blockIdx.y++)
            for (blockIdx.x = 0; blockIdx.x < x; blockIdx.x++)
                NAME(ARGUMENTS);
}
"""


class CpuKernels:
    """Runs the kernels on numpy arrays."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            pytest.skip("no C++ compiler to run the kernels on the CPU with")
        source = (Path(kernels.__file__).parent / "kernels.cu").read_text()
        launchers = [_launcher(source, name) for name in ("resize", "choose", "suppress")]
        (folder / "kernels.cpp").write_text("".join([_SHIM, source, *launchers]))
        flags = ["-O1", "-ffp-contract=off", "-shared", "-fPIC"]
        command = [compiler, *flags, "-o", "kernels.so", "kernels.cpp"]
        subprocess.run(command, cwd=str(folder), check=True)
        self._library = ctypes.CDLL(str(folder / "kernels.so"))

    def resize(
        self, images: Sequence[np.ndarray], size: Tuple[int, int], is_rgb: bool = False
    ) -> np.ndarray:
        """Pictures as the engine's input: float32 (B, h, w, 3)."""
        (height, width), (rows, columns) = images[0].shape[:2], size
        needed = needed_rows(height, rows)
        frames = np.stack([image[needed.needed] for image in images])
        out = np.full((len(images), rows, columns, 3), np.nan, np.float32)
        scale = np.float32(width) / np.float32(columns)
        tables = [frames, needed.above, needed.below, needed.share, out]
        sizes = [len(needed.needed), width, rows, columns, float(scale), int(is_rgb)]
        self._launch("resize", (columns, rows, len(images)), [*tables, *sizes])
        return out

    def suppress(
        self, scores: np.ndarray, boxes: np.ndarray, settings: NmsSettings, at_least: float
    ) -> Tuple[np.ndarray, ...]:
        """Statuses, numbers, boxes, scores and classes, these from 0."""
        batch, rows, classes = scores.shape
        most = settings.max_total
        keys, counts = np.zeros((batch, CAPACITY), np.uint64), np.zeros(batch, np.int32)
        lowest = np.array([settings.lowest(at_least)], np.float32)
        self._launch("choose", (7, batch, 1), [scores, lowest, keys, counts, rows, classes, CAPACITY])
        results = (
            *(np.zeros(batch, np.int32), np.zeros(batch, np.int32)),
            *(np.zeros((batch, most, 4), np.float32), np.zeros((batch, most), np.float32)),
            np.zeros((batch, most), np.int32),
        )
        limits = [rows, boxes.shape[2], CAPACITY, settings.max_per_class, most]
        window = [int(settings.clip == Clip.BEFORE), 0.0, 0.0, 1.0, 1.0]
        rest = [int(settings.drops_flat), float(np.float32(settings.iou_threshold))]
        self._launch("suppress", (batch, 1, 1), [keys, counts, boxes, *results, *limits, *window, *rest])
        return results

    def _launch(self, name: str, grid: Tuple[int, int, int], arguments: Sequence[Any]) -> None:
        getattr(self._library, f"launch_{name}")(*grid, *[_typed(argument) for argument in arguments])


def _typed(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return argument.ctypes.data_as(ctypes.c_void_p)
    return ctypes.c_float(argument) if isinstance(argument, float) else ctypes.c_int(argument)


def _launcher(source: str, name: str) -> str:
    begin = source.index("(", source.index(f"void {name}("))
    parameters = source[begin + 1 : source.index(")", begin)]
    arguments = ", ".join(words.split()[-1].lstrip("*") for words in parameters.split(","))
    text = _LAUNCH.replace("NAME", name).replace("PARAMETERS", parameters)
    return text.replace("ARGUMENTS", arguments)
