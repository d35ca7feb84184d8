"""The counts of a comparison of back ends, and their times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import bench
from nefsim.crosscheck import CrosscheckReport, PopulationReport, ProbeReport, _population, _probe

SPIKES = np.array([[0.0, 1000.0], [0.0, 0.0], [2000.0, 0.0]])


def ensemble(neuron_type: Any) -> nef.Ensemble:
    return nef.Network(seed=1).ensemble(2, 1, neuron_type=neuron_type, label="a")


def compared(one: Any, two: Any, neuron_type: Any = None) -> tuple[int, int, float]:
    report = _population(ensemble(neuron_type or nef.LIF()), one, two)
    assert report.label == "a"
    return report.n_spikes, report.spikes_differ, report.max_abs_diff


def test_spikes_are_counted_by_the_lowest_of_them() -> None:
    assert compared(SPIKES, SPIKES) == (3, 0, 0.0)
    assert compared(-SPIKES, -SPIKES) == (3, 0, 0.0)
    assert compared(0 * SPIKES, 0 * SPIKES) == (0, 0, 0.0)


def test_every_neuron_step_where_spikes_differ_counts_once() -> None:
    other = SPIKES.copy()
    other[0, 1], other[1, 0] = 0.0, 1000.0
    assert compared(SPIKES, other) == (3, 2, 0.0)
    assert compared(other, SPIKES) == (3, 2, 0.0)
    # If the first back end has no spikes, every spike of the other differs, however small.
    assert compared(0 * SPIKES, 1e-12 * SPIKES)[1] == 2


def test_spikes_may_differ_by_a_thousand_millionth_of_their_height() -> None:
    assert compared(SPIKES, SPIKES * (1 + 0.4e-9))[1] == 0
    assert compared(SPIKES[:2], SPIKES[:2] * (1 + 0.9e-9))[1] == 0
    assert compared(SPIKES[:2], SPIKES[:2] * (1 + 1.1e-9))[1] == 1


def test_rates_are_compared_by_their_largest_difference() -> None:
    assert compared(SPIKES, SPIKES - [[3.0, -5.0]], nef.LIFRate()) == (0, 0, 5.0)


@pytest.mark.parametrize(("largest", "tolerance"), [(0.5, 1e-9), (20.0, 2e-8)])
def test_values_may_differ_by_a_share_of_their_range(largest: float, tolerance: float) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(5, 1)
    one = np.array([[0.0], [-largest]])
    report = _probe(net.probe(a, label="y"), one, one + np.array([[0.0], [0.25]]))
    assert (report.label, report.max_abs_diff) == ("y", 0.25)
    assert report.tolerance == pytest.approx(tolerance, rel=1e-12)
    spikes = _probe(net.probe(a.neurons), one, one)
    assert spikes.tolerance == report.tolerance and spikes.max_abs_diff == 0.0
    voltage = _probe(net.probe(a.neurons, "voltage"), one, one)
    assert voltage.tolerance == pytest.approx(1e-3 * largest, rel=1e-12)


def report(spikes_differ: int = 0, rates: float = 0.0, values: float = 0.0) -> CrosscheckReport:
    return CrosscheckReport(
        ("numpy", "nengo"),
        1.0,
        (PopulationReport("a", 7, spikes_differ, rates), PopulationReport("b", 5, 0, 0.0)),
        (ProbeReport("x", values, 1e-9), ProbeReport("y", 0.0, 1e-9)),
    )


def test_back_ends_agree_if_all_spikes_do_and_values_up_to_their_tolerance() -> None:
    assert report().agrees and report(values=1e-9).agrees
    assert not report(spikes_differ=1).agrees
    assert not report(values=1.1e-9).agrees
    # Rates are compared with 1000 Hz.
    assert report(rates=1e-6).agrees and not report(rates=1.1e-6).agrees
    assert report(rates=3.0, values=2.0).max_abs_diff == 3.0
    assert report().n_spikes == 12
    assert report(spikes_differ=2).spikes_differ == 2
    assert report(values=3e-9).max_abs_diff == 3e-9
    assert "agree: the same spikes" in str(report())
    assert "do not agree: 2 spikes differ" in str(report(spikes_differ=2))


class Clock:
    """Seconds that pass where a simulator is built or takes steps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.warmed: list[str] = []

    def perf_counter(self) -> float:
        return self.now


def test_times_are_of_building_the_first_steps_and_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    a_step = iter([0.5, 0.5, 9.0, 0.25, 0.25])

    class Timed:
        def __init__(
            self, net: nef.Network, dt: float, backend: str, progress: Any, build_seed: int = 0
        ) -> None:
            self.small, self.n_steps, self.dt = net.n_neurons == 1, 0, dt
            clock.now += 1000.0 if self.small else 2.0
            if self.small:
                clock.warmed.append(backend)

        def reset(self) -> None:
            self.n_steps = 0

        def run_steps(self, n: int) -> None:
            self.n_steps += n
            clock.now += 0.125 * n

        def run(self, seconds: float) -> None:
            n = round(seconds / self.dt)
            self.n_steps += n
            clock.now += n * next(a_step)

    net = nef.Network(seed=1)
    net.ensemble(20, 1)
    monkeypatch.setattr(bench, "Simulator", Timed)
    monkeypatch.setattr(bench, "time", clock)
    (timing,) = bench.measure(net, 0.1, ["numpy"], dt=0.001, repeats=5)
    assert clock.warmed == ["numpy"]
    assert (timing.backend, timing.build_seconds) == ("numpy", 2.0)
    assert timing.first_seconds == 10 * 0.125
    assert timing.microseconds_per_step == pytest.approx(0.5e6, rel=1e-12)


def test_the_table_of_times_has_the_ratio_to_the_fastest() -> None:
    fast, slow = bench.Timing("numba", 0.25, 0.5, 2.0), bench.Timing("numpy", 0.125, 0.0625, 7.0)
    head, one, two = bench.tell([slow, fast]).splitlines()
    assert head.split() == ["back", "end", "build", "first", "steps", "a", "step"]
    assert one.split() == ["numpy", "125.0", "ms", "62.5", "ms", "7", "us", "3.5", "x"]
    assert two.split() == ["numba", "250.0", "ms", "500.0", "ms", "2", "us", "1.0", "x"]
