"""Laws of the search for a size whose spikes reach an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import nefsim as nef
from nefsim.budget.size import (
    MARGIN,
    RUNS,
    STEP,
    _fewest,
    _highest,
    _lowest_rates,
    _rates_pair,
    _stepped_up,
)
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


class Table(Sizes):
    """Sizes whose error of rates is a function of neurons, radius and rates."""

    moving = True
    radii: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 5.0)

    def __init__(self, law: Callable[[int, float, float], float]) -> None:
        super().__init__()
        self.law, self.n_runs = law, 0

    def size(self, n: int, radius: float, rates: tuple[float, float]) -> Size:
        self.tried.append(Size(n, radius, rates, self.law(n, radius, rates[1]), 0.0, 0.0, 0.0))
        return self.tried[-1]

    def measured(self, size: Size) -> float:
        self.n_runs += 1
        return size.rmse

    @property
    def numbers(self) -> list[int]:
        return [size.n_neurons for size in self.tried]


def fewest(law: Callable[[int], float], most: int = 5000) -> tuple[Size, list[int]]:
    of: Any = Table(lambda n, radius, rate: law(n))
    return _fewest(of, 2.0, (10.0, 20.0), 0.01, most), of.numbers


def test_neurons_are_added_by_the_power_of_the_error_from_a_fifth_more_to_four_times() -> None:
    """40 (0.02 / 0.01)^1.3 = 98.5; 99 x 1.2 = 118.8; 119 x 4 = 476; the middle is 238."""
    errors = {40: 0.02, 99: 0.0105, 119: 0.1}
    _, numbers = fewest(lambda n: errors.get(n, 0.001))
    assert numbers[:5] == [40, 99, 119, 476, 238]


def test_the_largest_number_of_neurons_is_the_last_that_is_tried() -> None:
    size, numbers = fewest(lambda n: 0.1, most=100)
    assert numbers == [40, 100] and size.n_neurons == 100
    assert fewest(lambda n: 0.1, most=30)[1] == [30]


def test_the_search_for_neurons_goes_down_to_ten() -> None:
    """The middles of 5 and 40, and of 5 and 14.1: 14.1 and 8.4."""
    size, numbers = fewest(lambda n: 0.001)
    assert numbers == [40, 14, 10]
    assert (size.n_neurons, size.radius, size.max_rates) == (10, 2.0, (10.0, 20.0))


@pytest.mark.parametrize("least", [12, 40, 57, 300])
def test_the_search_for_neurons_ends_within_2_percent_of_the_least(least: int) -> None:
    size, numbers = fewest(lambda n: 0.01 if n >= least else 0.011)
    assert least <= size.n_neurons <= 1.02 * least + 1
    assert len(numbers) < 20


def lowest(n: int, law: Callable[[float], float]) -> tuple[Size, list[Size]]:
    of: Any = Table(lambda n, radius, rate: law(rate))
    return _lowest_rates(of, n, 2.0, 0.5, 0.01), of.tried


@pytest.mark.parametrize("n", [9, 10, 11])
@pytest.mark.parametrize("least", [12.0, 150.0, 400.0])
def test_the_search_for_rates_ends_within_2_percent_of_the_lowest(n: int, least: float) -> None:
    size, tried = lowest(n, lambda rate: 0.01 if rate >= least else 0.011)
    low, high = size.max_rates
    assert least <= high <= 1.02 * least
    assert (size.n_neurons, size.radius, low) == (n, 2.0, pytest.approx(high / 2))
    assert tried[0].max_rates[1] == pytest.approx(475.0)  # 0.95 of the limit of 500 Hz


def test_rates_end_at_5_hertz_or_at_the_highest() -> None:
    assert 5.0 <= lowest(50, lambda rate: 0.001)[0].max_rates[0] <= 1.02 * 5.0
    size, tried = lowest(50, lambda rate: 0.1)
    assert len(tried) == 1 and size is tried[0]


@pytest.mark.parametrize(
    ("goal", "high"),
    [(0.02, 100.0), (0.0222, 96.0), (0.001, 160.0)],  # 4 / (100 x 100 Hz) is the square of 0.02
)
def test_rates_rise_by_the_square_of_the_error_from_a_fifth_more_to_twice(
    goal: float, high: float
) -> None:
    assert stepped(goal, None)[1][1].max_rates[1] == pytest.approx(high, rel=1e-9)


def test_a_size_that_reaches_the_error_at_once_is_run_once() -> None:
    of: Any = Table(lambda n, radius, rate: 0.01)
    _stepped_up(of, of.size(100, 1.0, (20.0, 80.0)), 0.02, 150)
    assert of.n_runs == 1


def searched(monkeypatch: pytest.MonkeyPatch, law: Any, **options: Any) -> tuple[Any, Table]:
    of = Table(law)
    of.moving = options.pop("moving", True)
    of.radii = Table.radii if of.moving else (1.0,)
    monkeypatch.setattr("nefsim.budget.size.task_of", lambda *_: of)
    return nef.size_for(None, **{"rmse": 0.01 / MARGIN} | options), of


def test_the_middle_radius_is_searched_first_and_then_the_one_of_least_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def best_at(radius: float) -> Any:
        return lambda n, r, rate: (0.02 + 0.01 * abs(r - radius)) * math.sqrt(40 / n)

    size, of = searched(monkeypatch, best_at(4.0))
    radii = [tried.radius for tried in of.tried]
    at = radii.index(1.0)
    assert set(radii[:at]) == {3.0} and radii[at : at + 5] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len({*of.numbers[at : at + 5]}) == 1 and {*radii[at + 5 :]} == {4.0}
    assert (size.radius, size.measured, of.n_runs) == (4.0, size.rmse, 1)
    size, of = searched(monkeypatch, best_at(3.0))
    assert [tried.radius for tried in of.tried][-5:] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert searched(monkeypatch, best_at(4.0), radius=2.5)[0].radius == 2.5


def test_independent_values_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    size, of = searched(monkeypatch, lambda n, r, rate: 0.001, moving=False)
    assert (size.measured, of.n_runs, len(of.tried)) == (None, 0, 3)


def test_an_error_that_is_not_reached_is_named_with_its_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = r"rmse must be at least the error that is reached, 0\.1, got 0\.093 of 60 neurons"
    for moving in (True, False):
        with pytest.raises(ValueError, match=words):
            searched(monkeypatch, lambda n, r, rate: 0.1 * MARGIN, most=60, moving=moving)
    with pytest.raises(ValueError, match=words):
        searched(monkeypatch, lambda n, r, rate: 0.1 * MARGIN, n_neurons=60)


def test_a_number_of_neurons_has_the_ratio_of_rates_that_is_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size, of = searched(
        monkeypatch, lambda n, r, rate: 1.0 / rate, n_neurons=77, max_rates=(100.0, 300.0)
    )
    assert {*of.numbers} == {77}
    assert size.max_rates == pytest.approx((size.max_rates[1] / 3, size.max_rates[1]))
    assert 100.0 <= size.max_rates[1] <= 102.0
    # Spikes that miss the error raise rates, not the number.
    monkeypatch.setattr(Table, "measured", lambda self, size: 2.0 / size.max_rates[1])
    size, of = searched(monkeypatch, lambda n, r, rate: 1.0 / rate, n_neurons=77)
    assert {*of.numbers} == {77} and 200.0 <= size.max_rates[1] <= 200.0 * STEP


def test_rates_are_a_rising_pair_below_the_limit() -> None:
    for pair in ((0.0, 100.0), (200.0, 100.0), (100.0, 500.0)):
        with pytest.raises(ValueError, match=r"max_rates must rise and be below 500 Hz, got \("):
            nef.size_for(None, max_rates=pair)
    assert _rates_pair("test", (100.0, 100.0), nef.LIF()) == (100.0, 100.0)
