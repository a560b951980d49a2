"""Times in logarithmic bins, beside what numpy says of the same times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from splitdet.pipeline.histogram import Histogram


def _histogram(times_s: Any) -> Histogram:
    histogram = Histogram()
    for time_s in times_s:
        histogram.add(float(time_s))
    return histogram


RANDOM = np.random.RandomState(0)
TIMES_S = {
    "even": RANDOM.uniform(0.001, 0.1, 20000),
    "skewed": RANDOM.lognormal(-5, 1, 20000),
    "tiny": RANDOM.uniform(2e-6, 5e-5, 20000),
    "two kinds": np.repeat([0.002, 0.5], [18000, 2000]),
    "one": np.array([0.0123]),
}


@pytest.mark.parametrize("percent", [25, 50, 89, 95, 99, 100])
@pytest.mark.parametrize("shape", sorted(TIMES_S))
def test_a_percentile_is_that_of_numpy_within_a_bin(shape: str, percent: float) -> None:
    wanted = float(np.percentile(TIMES_S[shape], percent))
    assert _histogram(TIMES_S[shape]).percentile_s(percent) == pytest.approx(wanted, rel=0.012)


def test_the_mean_and_the_greatest_time_are_exact() -> None:
    histogram = _histogram([0.001, 0.002, 0.006])
    assert (histogram.count, histogram.mean_s, histogram.max_s) == (3, pytest.approx(0.003), 0.006)


def test_without_any_time_all_figures_are_zero() -> None:
    assert Histogram().as_ms() == {"mean": 0, "p50": 0, "p95": 0, "p99": 0, "max": 0}


def test_a_time_of_zero_is_counted() -> None:
    assert _histogram([0.0, 0.0]).as_ms()["max"] == 0


def test_figures_are_given_in_milliseconds() -> None:
    figures = _histogram([0.25]).as_ms()
    assert figures["mean"] == figures["max"] == 250
    assert figures["p50"] == pytest.approx(250, rel=0.012)


@pytest.mark.parametrize("shape", sorted(TIMES_S))
def test_the_times_up_to_an_edge_are_those_of_numpy_within_a_bin(shape: str) -> None:
    edges_s = [1e-5, 0.001, 0.005, 0.02, 0.0999, 1.0]
    found = _histogram(TIMES_S[shape]).up_to(edges_s)
    for edge_s, count in zip(edges_s, found):
        least, most = (int((TIMES_S[shape] <= edge_s * factor).sum()) for factor in (1 / 1.012, 1.012))
        assert least <= count <= most
    assert found[-1] == len(TIMES_S[shape])


def test_a_copy_stays_as_it_was() -> None:
    histogram = _histogram([0.001, 0.002])
    copy = histogram.copy()
    histogram.add(1.0)
    assert (copy.count, copy.max_s, copy.up_to([10.0])) == (2, 0.002, [2])
    assert copy.as_ms() == _histogram([0.001, 0.002]).as_ms()
