"""Laws of the search for a size whose spikes reach an error."""

from __future__ import annotations

import math
from typing import Any

import pytest

import nefsim as nef
from nefsim.budget.size import RUNS, STEP, _highest, _stepped_up
from nefsim.budget.task import Size


class Sizes:
    """Sizes whose error in spikes falls with the root of neurons times rates."""

    neuron = nef.LIF()
    dt = 0.001

    def __init__(self) -> None:
        self.tried: list[Size] = []

    def size(self, n: int, radius: float, rates: tuple[float, float]) -> Size:
        size = Size(n, radius, rates, 0.01, 0.0, 0.0, 0.01)
        self.tried.append(size)
        return size

    def measured(self, size: Size) -> float:
        return math.sqrt(4.0 / (size.n_neurons * size.max_rates[1]))


def stepped(goal: float, most: int | None, n: int = 100) -> tuple[Size, list[Size]]:
    of: Any = Sizes()
    return _stepped_up(of, of.size(n, 1.5, (20.0, 80.0)), goal, most), of.tried


def error(n: float, rate: float) -> float:
    return math.sqrt(4.0 / (n * rate))


def test_rates_rise_in_proportion_to_the_least_that_reach_the_error() -> None:
    size, tried = stepped(0.02, None)
    low, high = size.max_rates
    assert (size.n_neurons, size.radius, size.measured) == (100, 1.5, error(100, high))
    assert error(100, high) <= 0.02 < error(100, high / (STEP + 1e-9))
    for each in tried:
        assert each.n_neurons == 100
        # Rounding of two products.
        assert each.max_rates[0] == pytest.approx(each.max_rates[1] / 4, rel=1e-12)
    assert low == pytest.approx(high / 4, rel=1e-12) and len(tried) <= 12


def test_rates_rise_to_a_share_of_the_limit_of_the_neurons() -> None:
    size, _ = stepped(1e-4, None)
    highest = _highest(Sizes())  # type: ignore[arg-type]
    assert highest == 0.95 * 500.0
    assert size.max_rates == pytest.approx((highest / 4, highest))
    assert size.measured == pytest.approx(math.sqrt(4.0 / (100 * highest)))

    class Unlimited(Sizes):
        neuron = nef.SpikingRectifiedLinear()  # type: ignore[assignment]

    assert _highest(Unlimited()) == 1000.0  # type: ignore[arg-type]


def test_neurons_are_added_to_the_least_that_reach_the_error_or_there_are_most() -> None:
    size, _ = stepped(0.02, 5000)
    n = size.n_neurons
    assert (size.max_rates, size.measured) == ((20.0, 80.0), error(n, 80.0))
    assert error(n, 80.0) <= 0.02 < error(n / (STEP + 1e-9) - 1, 80.0)
    few, tried = stepped(0.002, 150)
    assert few.n_neurons == 150 and [each.n_neurons for each in tried] == [100, 150]
    assert few.measured == error(150, 80.0)
    enough, tried = stepped(0.03, 150)
    assert enough.n_neurons == 100 and len(tried) == 1
    far, tried = stepped(1e-9, 10**9, 2)
    assert far.n_neurons == 2 * 2 ** (RUNS - 1) and len(tried) == RUNS
