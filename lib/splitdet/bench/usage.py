"""What this process and its children use while they run: processor, memory, GPU, power.

    cpu_percent   processor time per time; 100 is one core
    memory_mb     most resident memory; what processes share counts for each
    gpu_percent   time in which the busiest GPU was at work
    power_w       mean power, by each meter that the machine has; see `power`

A figure that nothing on the machine tells is not there.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from splitdet.bench.power import Gauge, open_gauges

INTERVAL_S = 0.2


class Sample(NamedTuple):
    """One look."""

    time_s: float
    cpu_s: Optional[float]
    """Processor time since the processes began."""
    memory_bytes: Optional[float]
    gauges: Dict[str, float]
    """What each gauge says; see `Gauge`."""


class Sampler(threading.Thread):
    """Looks every `INTERVAL_S` seconds until it is stopped.

    Args:
        gauges: None for all that this machine has.
    """

    def __init__(self, gauges: Optional[Sequence[Gauge]] = None) -> None:
        super().__init__(name="usage", daemon=True)
        self._gauges = open_gauges() if gauges is None else gauges
        self._process = _this_process()
        self._over = threading.Event()
        self.samples: List[Sample] = []

    def run(self) -> None:
        """Until `stop`."""
        while True:
            self.samples.append(self._look())
            if self._over.wait(INTERVAL_S):
                return

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()
        for gauge in self._gauges:
            gauge.close()

    def _look(self) -> Sample:
        gauges: Dict[str, float] = {}
        for gauge in self._gauges:
            gauges.update(gauge.read())
        cpu_s, memory_bytes = _used(self._process)
        return Sample(time.perf_counter(), cpu_s, memory_bytes, gauges)


def summary(samples: Sequence[Sample], begin_s: float, end_s: float) -> Dict[str, Any]:
    """The figures above, of the time from `begin_s` to `end_s` by `time.perf_counter`.

    Of gauges that count (`*_j`, joules) the difference over the time is taken, of others the mean.
    """
    inside = [sample for sample in samples if begin_s <= sample.time_s <= end_s]
    if len(inside) < 2:
        return {}
    first, last = inside[0], inside[-1]
    seconds = last.time_s - first.time_s
    figures: Dict[str, Any] = {}
    if first.cpu_s is not None and last.cpu_s is not None:
        figures["cpu_percent"] = round(100 * (last.cpu_s - first.cpu_s) / seconds, 1)
    memory = [sample.memory_bytes for sample in inside if sample.memory_bytes is not None]
    if memory:
        figures["memory_mb"] = round(max(memory) / 1e6, 1)
    power: Dict[str, float] = {}
    for name in last.gauges:
        values = [sample.gauges[name] for sample in inside if name in sample.gauges]
        meter, _, unit = name.rpartition("_")
        if unit == "j":
            power[meter] = round((values[-1] - values[0]) / seconds, 2)
        elif unit == "w":
            power[meter] = round(sum(values) / len(values), 2)
        else:
            figures[name] = round(sum(values) / len(values), 1)
    if power:
        figures["power_w"] = power
    return figures


def _this_process() -> Any:
    try:
        import psutil
    except ImportError:
        return None
    return psutil.Process()


def _used(process: Any) -> Tuple[Optional[float], Optional[float]]:
    """Processor seconds and resident bytes of it and its children; None without psutil."""
    if process is None:
        return None, None
    import psutil

    cpu_s = memory_bytes = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
            cpu_s += times.user + times.system
            memory_bytes += one.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return cpu_s, memory_bytes
