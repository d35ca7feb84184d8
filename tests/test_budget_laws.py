"""Laws of the search for a size whose spikes reach an error."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

import nefsim as nef
from nefsim.budget.size import _highest, _stepped_up
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


def test_rates_rise_in_proportion_until_spikes_reach_the_error() -> None:
    size, tried = stepped(0.02, None)
    assert size.n_neurons == 100 and size.radius == 1.5
    assert size.measured is not None and size.measured <= 0.02 < Sizes().measured(tried[-2])
    for before, after in itertools.pairwise(tried):
        low, high = after.max_rates
        assert low == pytest.approx(high / 4, rel=1e-12)  # rounding of two products
        factor = (Sizes().measured(before) / 0.02) ** 1.3
        assert high / before.max_rates[1] == pytest.approx(min(max(factor, 1.05), 2.0))


def test_rates_rise_to_a_share_of_the_limit_of_the_neurons() -> None:
    size, _ = stepped(1e-4, None)
    highest = _highest(Sizes())  # type: ignore[arg-type]
    assert highest == 0.95 * 500.0
    assert size.max_rates == pytest.approx((highest / 4, highest))
    assert size.measured == pytest.approx(math.sqrt(4.0 / (100 * highest)))

    class Unlimited(Sizes):
        neuron = nef.SpikingRectifiedLinear()  # type: ignore[assignment]

    assert _highest(Unlimited()) == 1000.0  # type: ignore[arg-type]


def test_neurons_are_added_until_spikes_reach_the_error_or_there_are_most() -> None:
    size, tried = stepped(0.02, 5000)
    assert size.max_rates == (20.0, 80.0)
    assert size.measured is not None and size.measured <= 0.02 < Sizes().measured(tried[-2])
    for before, after in itertools.pairwise(tried):
        factor = min(max((Sizes().measured(before) / 0.02) ** 1.3, 1.05), 2.0)
        assert after.n_neurons == math.ceil(factor * before.n_neurons)
    few, tried = stepped(0.002, 150)
    assert few.n_neurons == 150 and [each.n_neurons for each in tried] == [100, 150]
    enough, tried = stepped(0.03, 150)
    assert enough.n_neurons == 100 and len(tried) == 1
    far, tried = stepped(1e-9, 10**9, 2)
    assert far.n_neurons == 2 * 2**12 and len(tried) == 13  # twelve runs
