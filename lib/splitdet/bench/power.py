"""Gauges of GPUs and of power: NVML (NVIDIA's driver), tegrastats (a Jetson), RAPL (processors)."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List

from splitdet.jetson import text_of

TEGRASTATS_INTERVAL_MS = 200


class Gauge(ABC):
    """Something that the machine tells about itself."""

    @abstractmethod
    def read(self) -> Dict[str, float]:
        """What it says now. The end of a name is its unit: `_percent`; `_w`, watts; `_j`, joules since
        some time.
        """

    def close(self) -> None:
        """Look no more."""
        return


class Nvml(Gauge):
    """NVIDIA's GPUs: the busiest one's share of time at work, and the power of all.

    Raises:
        ImportError: nvidia-ml-py is not installed.
        OSError: there is no driver, or no GPU.
    """

    def __init__(self) -> None:
        import pynvml

        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            self._gpus = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
        except pynvml.NVMLError as error:
            raise OSError(str(error)) from None
        if not self._gpus:
            raise OSError("no GPU")

    def read(self) -> Dict[str, float]:
        """See `Gauge.read`."""
        found: Dict[str, float] = {}
        with suppress(self._nvml.NVMLError):  # some GPUs do not tell
            shares = [self._nvml.nvmlDeviceGetUtilizationRates(gpu).gpu for gpu in self._gpus]
            found["gpu_percent"] = float(max(shares))
        with suppress(self._nvml.NVMLError):
            found["gpu_w"] = sum(self._nvml.nvmlDeviceGetPowerUsage(gpu) for gpu in self._gpus) / 1000
        return found

    def close(self) -> None:
        """See `Gauge.close`."""
        self._nvml.nvmlShutdown()


class Rapl(Gauge):
    """Energy of the processor packages, where this user may read it.

    Args:
        root: where the system's files are.

    Raises:
        OSError: it may not be read, or there is none.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        folder = root / "sys/class/powercap"
        # beside packages there are their parts (core, dram), and what contains them (psys)
        self._packages = sorted(
            path for path in folder.glob("intel-rapl:*") if text_of(path / "name").startswith("package")
        )
        if not self._packages:
            raise OSError("no such files")
        self._last_uj = [self._energy_uj(package) for package in self._packages]
        self._total_uj = 0

    def read(self) -> Dict[str, float]:
        """See `Gauge.read`."""
        for place, package in enumerate(self._packages):
            now_uj = self._energy_uj(package)
            more_uj = now_uj - self._last_uj[place]
            if more_uj < 0:  # the counter began again
                more_uj += int((package / "max_energy_range_uj").read_text(encoding="ascii"))
            self._total_uj += more_uj
            self._last_uj[place] = now_uj
        return {"cpu_j": self._total_uj / 1e6}

    @staticmethod
    def _energy_uj(package: Path) -> int:
        return int((package / "energy_uj").read_text(encoding="ascii"))


class Tegrastats(Gauge):
    """A Jetson, by the lines of NVIDIA's tool. Not run on hardware.

    Raises:
        OSError: there is no such tool.
    """

    def __init__(self) -> None:
        tool = shutil.which("tegrastats")
        if tool is None:
            raise OSError("there is no tegrastats")
        command = [tool, "--interval", str(TEGRASTATS_INTERVAL_MS)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._last: Dict[str, float] = {}
        threading.Thread(target=self._listen, name="tegrastats", daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._last = read_tegrastats(line)

    def read(self) -> Dict[str, float]:
        """See `Gauge.read`."""
        return dict(self._last)

    def close(self) -> None:
        """See `Gauge.close`."""
        self._process.kill()
        self._process.wait()


_GPU = re.compile(r"GR3D_FREQ (\d+)%")
_BOARD = re.compile(r"(?:POM_5V_IN|VDD_IN|SYS5V|POM_5V) (\d+)(?:mW)?/")


def read_tegrastats(line: str) -> Dict[str, float]:
    """GPU and power of the whole board in one line of tegrastats.

    NVIDIA documents `GR3D_FREQ 45%@921` and `VDD_IN 5000mW/4800mW`, now and mean; on a Nano it is
    `POM_5V_IN 3000/2900`. (Jetson Linux Developer Guide, "Tegrastats Utility".)
    """
    found: Dict[str, float] = {}
    gpu, board = _GPU.search(line), _BOARD.search(line)
    if gpu:
        found["gpu_percent"] = float(gpu.group(1))
    if board:
        found["board_w"] = int(board.group(1)) / 1000
    return found


def open_gauges() -> List[Gauge]:
    """Those that work here."""
    found: List[Gauge] = []
    for make in (Nvml, Rapl, Tegrastats):
        with suppress(ImportError, OSError):
            found.append(make())
    return found
