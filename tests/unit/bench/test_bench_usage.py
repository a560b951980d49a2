"""What processes use, and what gauges say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict

import pytest

from splitdet.bench.power import Gauge, Nvml, Rapl, Tegrastats, read_tegrastats
from splitdet.bench.usage import Sample, Sampler, summary
from waiting import until


def _sample(time_s: float, cpu_s: float = 0.0, mb: float = 1.0, **gauges: float) -> Sample:
    return Sample(time_s, cpu_s, mb * 1e6, gauges)


def test_only_what_lies_in_the_measured_time_counts() -> None:
    samples = [_sample(0, 0, 900), _sample(1, 5, 30), _sample(3, 8, 40), _sample(4, 20, 900)]
    assert summary(samples, 1.0, 3.5) == {"cpu_percent": 150.0, "memory_mb": 40.0}


def test_joules_become_watts_and_other_gauges_their_mean() -> None:
    samples = [
        _sample(0, cpu_j=100.0, gpu_w=10.0, gpu_percent=0.0),
        _sample(4, cpu_j=160.0, gpu_w=30.0, gpu_percent=90.0),
    ]
    found = summary(samples, 0.0, 4.0)
    assert found["power_w"] == {"cpu": 15.0, "gpu": 20.0}
    assert found["gpu_percent"] == 45.0


def test_too_short_a_time_gives_no_figures() -> None:
    assert summary([_sample(1.0)], 0.0, 2.0) == {}


class _Steps(Gauge):
    """A gauge that counts how often it is read."""

    reads = 0
    closed = False

    def read(self) -> Dict[str, float]:
        self.reads += 1
        return {"cpu_j": float(self.reads)}

    def close(self) -> None:
        self.closed = True


def test_processor_time_and_memory_of_children_count() -> None:
    psutil = pytest.importorskip("psutil")
    gauge = _Steps()
    sampler = Sampler([gauge])
    busy = "import sys\nheld = bytearray(64 << 20)\nprint()\nsys.stdout.flush()\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        begin_s = time.perf_counter()
        sampler.start()
        while psutil.Process(child.pid).cpu_times().user < 0.6:  # it works until then
            time.sleep(0.05)
        sampler.stop()
        child.kill()
    found = summary(sampler.samples, begin_s, time.perf_counter())
    alone_mb = psutil.Process().memory_info().rss / 1e6
    assert found["memory_mb"] > alone_mb + 60
    assert found["cpu_percent"] > 0
    assert gauge.reads == len(sampler.samples)
    assert gauge.closed


def _package(root: Path, name: str, energy_uj: int, kind: str = "package-0") -> Path:
    folder = root / "sys/class/powercap" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text("1000000\n")
    (folder / "name").write_text(kind + "\n")
    return folder


def test_rapl_adds_packages_without_their_parts_and_over_the_end_of_the_counter(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:1"):
        _package(tmp_path, name, 900_000)
    _package(tmp_path, "intel-rapl:0:0", 900_000, "core")
    _package(tmp_path, "intel-rapl:2", 900_000, "psys")  # all of the machine, packages included
    gauge = Rapl(tmp_path)
    _package(tmp_path, "intel-rapl:0", 950_000)
    _package(tmp_path, "intel-rapl:1", 100_000)  # began again
    _package(tmp_path, "intel-rapl:0:0", 999_999, "core")
    _package(tmp_path, "intel-rapl:2", 999_999, "psys")
    assert gauge.read() == {"cpu_j": pytest.approx(0.05 + 0.2)}
    assert gauge.read() == {"cpu_j": pytest.approx(0.25)}


def test_without_rapl_there_is_no_such_gauge(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no such files"):
        Rapl(tmp_path)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RAM 1/3956MB GR3D_FREQ 45%@921 POM_5V_IN 3000/2900", {"gpu_percent": 45.0, "board_w": 3.0}),
        ("GR3D_FREQ 0% VDD_IN 5013mW/4800mW VDD_CPU 1mW/1mW", {"gpu_percent": 0.0, "board_w": 5.013}),
        ("RAM 1/3956MB", {}),
    ],
)
def test_lines_of_tegrastats_are_read(line: str, found: Dict[str, float]) -> None:
    assert read_tegrastats(line) == found


def test_a_tegrastats_that_talks_is_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "tegrastats"
    tool.write_text("#!/bin/sh\necho GR3D_FREQ 7% VDD_IN 5000mW/1mW\nexec sleep 60\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    gauge = Tegrastats()
    until(gauge.read)
    assert gauge.read() == {"gpu_percent": 7.0, "board_w": 5.0}
    gauge.close()


class _DriverError(Exception):
    """What NVIDIA's module raises."""


def _driver(**others: Any) -> SimpleNamespace:
    """NVIDIA's module, with two GPUs, of which the second is busier."""
    calls = {
        "NVMLError": _DriverError,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetUtilizationRates": lambda gpu: SimpleNamespace(gpu=[10, 80][gpu]),
        "nvmlDeviceGetPowerUsage": lambda gpu: [50_000, 300_000][gpu],
    }
    return SimpleNamespace(**{**calls, **others})


def test_nvml_tells_the_busiest_gpu_and_the_power_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", _driver())
    assert Nvml().read() == {"gpu_percent": 80.0, "gpu_w": 350.0}


def test_a_figure_that_a_gpu_does_not_tell_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(gpu: int) -> int:
        raise _DriverError("Not Supported")

    monkeypatch.setitem(sys.modules, "pynvml", _driver(nvmlDeviceGetPowerUsage=refuse))
    assert Nvml().read() == {"gpu_percent": 80.0}


def test_without_a_driver_there_is_no_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise _DriverError("Driver Not Loaded")

    monkeypatch.setitem(sys.modules, "pynvml", _driver(nvmlInit=refuse))
    with pytest.raises(OSError, match="Driver Not Loaded"):
        Nvml()
