"""Laws of the processes: exact values, limits, and saved states that are possible."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.processes import (
    FilteredNoise,
    FourierSignal,
    Piecewise,
    PresentInput,
    WhiteNoise,
    WhiteSignal,
    base,
)
from nefsim.processes.noise import block_length
from nefsim.sampling import Uniform

DT = 0.001
RANDOM = [
    WhiteNoise(),
    WhiteNoise(Uniform(-1, 1)),
    FilteredNoise(0.1),
    FilteredNoise(0.1, Uniform(-1, 1)),
    WhiteSignal(0.2, high=20),
]


def started(process: Any, size: int = 2) -> Any:
    return process.start(size, DT, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("process", "period", "slope", "n_waves"),
    [
        (WhiteSignal(0.02, 200.0, rms=0.3), 0.02, 0, 4),
        (FourierSignal(50.0, 200.0, rms=0.3), 0.02, 1, 4),
        (WhiteSignal(0.29, 100.0, rms=2.0), 0.29, 0, 29),  # 0.29 x 100 is rounded to below 29
    ],
)
def test_a_random_signal_is_the_sum_of_its_waves(
    process: Any, period: float, slope: int, n_waves: int
) -> None:
    n = round(period / DT)
    numbers = np.random.default_rng(1).standard_normal((n_waves, 2, 2))
    k = np.arange(1, n_waves + 1)
    turns = 2 * np.pi * np.outer(np.arange(1, n + 1), k) / n
    weights = 1 / k[:, None] ** slope
    signal = np.cos(turns) @ (weights * numbers[:, 0]) - np.sin(turns) @ (weights * numbers[:, 1])
    expected = process.rms * signal / np.sqrt(np.mean(signal**2, axis=0))
    # Sums in another order.
    np.testing.assert_allclose(started(process)(0, n), expected, rtol=0, atol=1e-12)


def test_a_signal_has_its_base_frequency_whatever_its_rounding() -> None:
    assert 1 / 49.0 * 49.0 < 1.0
    assert FourierSignal(49.0, 49.0).run(1 / 49.0, dt=1 / 490).shape == (10, 1)
    WhiteSignal(1 / 49.0, 49.0)
    for base_frequency in (0.5, 2.0):
        FourierSignal(base_frequency, base_frequency)
        words = f"high must be at least base = {base_frequency:g} Hz"
        with pytest.raises(ValueError, match=words):
            FourierSignal(base_frequency, 0.9 * base_frequency)


def test_a_run_has_as_many_steps_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_STEPS", 10)
    ones = Piecewise({0.0: 1.0})
    assert len(ones.run(0.010)) == len(ones.run(0.020, dt=0.002)) == 10
    for seconds, dt in ((0.011, 0.001), (0.021, 0.002), (1.0, 0.002)):
        with pytest.raises(ValueError, match="seconds must be at most 10 steps, got"):
            ones.run(seconds, dt=dt)


@pytest.mark.parametrize(("off", "held"), [(5e-8, False), (1.5e-7, True)])
def test_a_presentation_that_is_longer_by_rounding_ends_at_its_step(off: float, held: bool) -> None:
    """A share of 1e-7 of a presentation counts as rounding."""
    shown = PresentInput([1.0, 2.0], 0.1 * (1 + off)).run(0.103).ravel()
    assert shown[99:].tolist() == [1.0, 1.0 if held else 2.0, 2.0, 2.0]
    short = PresentInput([1.0], 0.1 * (1 - off))
    if held:
        with pytest.raises(ValueError, match=r"presentation_time must be at least dt = 0\.1 s"):
            short.run(0.1, dt=0.1)
    else:
        assert short.run(0.1, dt=0.1).tolist() == [[1.0]]


@pytest.mark.parametrize("process", [*RANDOM, Piecewise({0.0: [1, 2]})], ids=repr)
def test_no_steps_are_no_values_and_change_nothing(process: Any) -> None:
    running, other = started(process), started(process)
    assert running(0, 0).shape == (0, 2)
    assert np.array_equal(running(0, 5), other(0, 5))
    assert running(5, 0).shape == (0, 2)
    assert np.array_equal(running(5, 5), other(5, 5))


def test_steps_that_have_passed_are_refused_with_the_first_that_is_left() -> None:
    for process, n, earlier, least in (
        (WhiteNoise(), 50, 49, 50),
        (WhiteNoise(Uniform(-1, 1)), 2500, 1999, 2000),
    ):
        running = started(process)
        running(0, n)
        with pytest.raises(ValueError, match=f"first_step must be at least {least}, got"):
            running(earlier, 1)
        assert running(least if least > n else n, 1).shape == (1, 2)


def test_steps_between_calls_are_drawn() -> None:
    for n in (1, 999, 1000, 1001, 2500):
        for process in (WhiteNoise(), FilteredNoise(0.1)):
            running = started(process)
            running(0, 3)
            whole = started(process)(0, n + 5)
            # A finite filter is applied in blocks.
            np.testing.assert_allclose(running(n + 3, 2), whole[n + 3 :], rtol=1e-12)


def test_blocks_of_noise_have_1000_steps_or_a_million_numbers() -> None:
    sizes = {1: 1000, 1000: 1000, 1001: 999, 500_000: 2, 500_001: 1, 10**6: 1, 10**6 + 1: 1}
    assert {size: block_length(size) for size in sizes} == sizes


@pytest.mark.parametrize("process", RANDOM, ids=repr)
@pytest.mark.parametrize("n", [0, 1, 999, 1000, 1001, 2000])
def test_a_state_is_possible_after_the_steps_that_made_it(process: Any, n: int) -> None:
    running = started(process)
    running(0, n)
    state = {name: array.copy() for name, array in running.state.items()}
    fresh = started(process)
    assert fresh.accepts(state, n)
    for name, array in state.items():
        if array.size and name != "number":
            assert not fresh.accepts(state | {name: np.full(array.shape, np.nan)}, n)
        if array.ndim:
            assert not fresh.accepts(state | {name: np.zeros((len(array) + 1, 2))}, n)


@pytest.mark.parametrize(
    ("n", "possible"),
    [(0, {0}), (1, {0}), (999, {0}), (1000, {0, 1}), (1001, {1}), (2000, {1, 2})],
)
def test_the_number_of_a_block_is_that_of_the_last_step_or_the_next(
    n: int, possible: set[int]
) -> None:
    running, in_order = started(WhiteNoise(Uniform(-1, 1))), started(WhiteNoise())
    state = running.state
    for number in (-1, 0, 1, 2, 3):
        other = {"number": np.array(number)}
        assert running.accepts(state | other, n) == (number in possible)
        assert in_order.accepts(in_order.state | {"number": np.array(n + number)}, n) == (
            number == 0
        )


def test_pieces_are_constants() -> None:
    values = np.array([1.0, 2.0])
    piece = Piecewise({0.5: values, 0.0: [0.0, 0.0]})
    values[:] = 9.0
    assert [*piece.data] == [0.0, 0.5] and piece.size == 2
    assert np.asarray(piece.data[0.5]).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        piece.data[0.5][0] = 3.0  # type: ignore[index]


def test_a_line_needs_one_point_and_a_spline_two() -> None:
    assert Piecewise({0.002: 5.0}, "linear").run(0.004).ravel().tolist() == [0, 5, 5, 5]
    straight = Piecewise({0.001: 1.0, 0.004: 4.0}, "cubic").run(0.004).ravel()
    np.testing.assert_allclose(straight, [1, 2, 3, 4], rtol=1e-12)


@pytest.mark.parametrize(("data", "error"), [({}, ValueError), ([1.0], TypeError), ([], TypeError)])
def test_pieces_are_a_dict_with_a_time(data: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="data must be a dict from times to values, got"):
        Piecewise(data)


def test_noise_has_the_height_of_its_step_only_where_it_is_scaled() -> None:
    for scale, gain in ((True, 1 / math.sqrt(0.004)), (False, 1.0)):
        noise = WhiteNoise(nef.Gaussian(1.0, 0.5), scale=scale).run(0.02, 3, dt=0.004, seed=2)
        drawn = np.random.default_rng(2).normal(1.0, 0.5, (5, 3))
        np.testing.assert_allclose(noise, gain * drawn, rtol=1e-15)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: nef.WhiteNoise(seed=seed),
        lambda seed: nef.FilteredNoise(0.01, seed=seed),
        lambda seed: nef.WhiteSignal(1.0, high=10.0, seed=seed),
        lambda seed: nef.FourierSignal(0.5, 10.0, 0.5, seed=seed),
    ],
    ids=["white", "filtered", "band", "pink"],
)
def test_a_seed_of_a_process_counts_and_else_the_generator_of_its_run(make: Any) -> None:
    def values(seed: int | None, generator: int) -> np.ndarray:
        rng = np.random.default_rng(generator)
        return np.array(make(seed).start(2, 0.001, rng)(0, 50))

    np.testing.assert_array_equal(values(5, 1), values(5, 2))
    np.testing.assert_array_equal(values(5, 1), values(None, 5))
    assert (values(None, 1) != values(None, 2)).any() and (values(5, 1) != values(6, 1)).any()
