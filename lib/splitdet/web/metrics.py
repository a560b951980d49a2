"""The figures of a run for Prometheus.

Names end in their unit, and are listed in docs/web.md. Rates and percentiles are left to Prometheus,
which makes them of counters and histograms for any stretch of time.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence, Tuple

from prometheus_client import CollectorRegistry, ProcessCollector, exposition
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

from splitdet.pipeline.histogram import Histogram
from splitdet.web.figures import Figures

EDGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper edges of the buckets."""


class Metrics:
    """A registry of its own, so that two runs in one process do not meet."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._registry = CollectorRegistry()
        self._registry.register(self)  # type: ignore[arg-type,unused-ignore]
        ProcessCollector(registry=self._registry)  # memory, CPU seconds, open files

    def text(self, accept: str) -> Tuple[bytes, str]:
        """All metrics, and their content type, in the format that the `Accept` header asks for."""
        encode, content_type = exposition.choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Any]:
        """The metrics; called by the registry."""
        meter, run = self._figures.meter, self._figures.run
        out, dropped, came = meter.frames_out, meter.dropped, meter.frames_in  # order: see `Figures`
        latency, stages = meter.times()
        info = {name: str(value) for name, value in run.items()}
        yield InfoMetricFamily("splitdet_run", "What runs.", value=info)
        yield CounterMetricFamily("splitdet_frames_captured", "Frames that came in.", value=came)
        yield CounterMetricFamily("splitdet_frames_finished", "Frames handed on, in order.", value=out)
        drops = CounterMetricFamily(
            "splitdet_frames_dropped", "Frames that came in and were dropped.", labels=["reason"]
        )
        for reason, count in dropped.items():
            drops.add_metric([reason], count)
        yield drops
        latencies = HistogramMetricFamily(
            "splitdet_frame_latency_seconds", "From captured to its result handed on.", labels=[]
        )
        _add(latencies, [], latency)
        yield latencies
        spans = HistogramMetricFamily(
            "splitdet_stage_duration_seconds", "Time that a stage takes for a batch.", labels=["stage"]
        )
        for name, times in stages.items():
            _add(spans, [name], times)
        yield spans
        yield GaugeMetricFamily(
            "splitdet_score_threshold_ratio",
            "Score from which on a detection is reported, 0 to 1.",
            value=self._figures.threshold.score,
        )
        yield GaugeMetricFamily(
            "splitdet_web_streams",
            "Streams of pictures and of detections that are open.",
            value=self._figures.streams,
        )

    def describe(self) -> Iterator[Any]:
        """None: it would ask for the figures before there are any. Called by the registry."""
        return iter(())


def _add(family: Any, labels: Sequence[str], times: Histogram) -> None:
    buckets = [(str(edge_s), float(count)) for edge_s, count in zip(EDGES_S, times.up_to(EDGES_S))]
    family.add_metric(labels, [*buckets, ("+Inf", float(times.count))], times.total_s)
