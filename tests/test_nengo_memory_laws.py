"""Laws of Nengo's memory, filters and bars in nefsim, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

from nengo.builder import Signal  # noqa: E402
from nengo.builder.operator import ElementwiseInc  # noqa: E402
from nengo.utils.progress import ProgressBar  # noqa: E402

import nefsim as nef  # noqa: E402
from nefsim.filtering import StateSpace  # noqa: E402
from nefsim.nengo import adapters, bars, filters, random_state, supported  # noqa: E402
from nefsim.nengo.classify import scale_of  # noqa: E402
from nefsim.nengo.signals import as_index, elements, indices_of  # noqa: E402

# -- indices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "size", "expected"),
    [
        ([0, 1, 2], 3, None),
        ([[0, 1], [2, 3]], 4, None),
        ([0], 1, None),
        ([0, 1, 2], 4, slice(0, 3)),
        ([1, 2], 3, slice(1, 3)),
        ([2], 3, slice(2, 3)),
        ([0, 2], 3, [0, 2]),
        ([1, 0], 2, [1, 0]),
        ([0, 1, 1], 2, [0, 1, 1]),
        ([], 3, []),
    ],
)
def test_indices_are_all_a_range_or_an_array(at: Any, size: int, expected: Any) -> None:
    found = as_index(at, size)
    if isinstance(expected, list):
        assert isinstance(found, np.ndarray) and found.tolist() == expected
    else:
        assert found == expected


WHOLE = Signal(np.arange(12.0).reshape(3, 4))
FLAT = Signal(np.arange(6.0))
VIEWS = [
    (WHOLE, None),
    (WHOLE[1], slice(4, 8)),
    (WHOLE[1:], slice(4, 12)),
    (WHOLE[1, 2:], slice(6, 8)),
    (WHOLE[:, 1], [1, 5, 9]),
    (WHOLE[::2, 1:3], [1, 2, 9, 10]),
    (WHOLE.reshape((12,)), None),
    (FLAT[2:5], slice(2, 5)),
    (FLAT[:4], slice(0, 4)),
    (FLAT[:], None),
    (FLAT[::2], [0, 2, 4]),
    (FLAT[::-1], [5, 4, 3, 2, 1, 0]),
]


@pytest.mark.parametrize(("signal", "expected"), VIEWS)
def test_elements_of_a_view_are_its_places_in_the_block(signal: Any, expected: Any) -> None:
    block = np.ravel(signal.base.initial_value)
    np.testing.assert_array_equal(block[indices_of(signal)], signal.initial_value)
    found = elements(signal)
    if isinstance(expected, list):
        assert found.tolist() == expected
    else:
        assert found == expected


def test_a_product_has_a_factor_a_diagonal_or_a_column() -> None:
    def scale(A: Any, x: int, y: int) -> Any:
        make = (Signal(np.array(A)), Signal(np.zeros(x)), Signal(np.zeros(y)))
        return scale_of(ElementwiseInc(*make))

    assert scale(3.0, 2, 2) == 3.0 and isinstance(scale([3.0], 2, 2), float)
    assert scale([3.0, 4.0], 2, 2).tolist() == [3.0, 4.0]
    assert scale([3.0, 4.0], 1, 2).tolist() == [[3.0], [4.0]]
    assert scale([3.0], 1, 1) == 3.0
    assert scale([[3.0, 4.0]], 2, 2) is None and scale([3.0], 1, 2) is None


# -- filters -----------------------------------------------------------------------------------

POINTS = (1.7 + 0.4j, -2.0 + 1.0j, 3.0j)


def of_pair(form: Any, z: complex) -> complex:
    b, a = form
    return complex(np.polyval(b[::-1], 1 / z) / np.polyval(a[::-1], 1 / z))


@pytest.mark.parametrize("D", [0.0, 0.75])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_nengos_matrices_are_read_from_the_new_state_unless_they_have_a_feedthrough(
    n: int, D: float
) -> None:
    rng = np.random.default_rng(n)
    A, B, C = 0.3 * rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=n)
    b, a = supported.coefficients(StateSpace(A, B, C, D))
    for z in POINTS:
        expected = C @ np.linalg.solve(z * np.eye(n) - A, B) + D
        assert of_pair((b, a), z) == pytest.approx(expected * (1 if D or not n else z), rel=1e-12)
    assert a[0] == 1.0 and len(a) == n + 1


def taps(synapse: Any, n: int = 12) -> np.ndarray:
    """The impulse response in Nengo, without the step that a connection adds."""
    return synapse.filt(np.eye(n)[0][:, None], y0=0.0)[:, 0]


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("source", [None, nef.Lowpass(0.01), nef.Alpha(0.004)], ids=str)
def test_a_synapse_with_a_delay_is_one_filter_of_nengo(source: Any, steps: int) -> None:
    both = filters.with_delay(source, 0.001, steps)
    impulse = np.eye(12)[0]
    plain = impulse if source is None else source.filt(impulse)
    # A connection with a filter takes a step more than one without.
    expected = np.append(np.zeros(steps - (source is None)), plain)[:12]
    np.testing.assert_allclose(taps(both), expected, rtol=1e-9, atol=1e-12)
    assert filters.with_delay(None, 0.001, 0) is None


def test_synapses_of_nengo_have_the_arguments_of_their_counterparts() -> None:
    assert filters.synapse(None, 0.001) is None
    assert filters.synapse(nef.Lowpass(0.3), 0.001) == nengo.Lowpass(0.3)
    assert filters.synapse(nef.Alpha(0.3), 0.001) == nengo.Alpha(0.3)
    assert filters.synapse(nef.Triangle(0.3), 0.001) == nengo.synapses.Triangle(0.3)
    pair = filters.synapse(nef.DoubleExp(0.5, 2.0), 0.001)
    assert pair == nengo.LinearFilter([1.0], [1.0, 2.5, 1.0])
    for analog in (True, False):
        given = nef.LinearFilter([1.0], [3.0, 2.0], analog=analog)
        found = filters.synapse(given, 0.001)
        assert found == nengo.LinearFilter(given.num, given.den, analog=analog)
    # By coefficients of z^-1: one that answers at once, and one that answers a step later.
    for b in ([0.5, 0.25], [0.0, 0.5]):
        given = nef.LinearFilter([*b, 0.0], [1.0, 0.0, 0.0], analog=False)
        of_z = filters.synapse(1.0 * given, 0.001)
        expected = given.filt(np.eye(12)[0])
        np.testing.assert_allclose(taps(of_z), expected, rtol=1e-12, atol=1e-15)


def test_a_population_above_its_threshold_starts_in_nengos_code() -> None:
    def op(kind: Any, voltage: float, **extra: Any) -> Any:
        state = {"voltage": SimpleNamespace(initial_value=np.array([0.0, voltage]))}
        return SimpleNamespace(neurons=kind, state=state, state_extra=extra)

    assert supported.starts(op(nengo.LIF(), 1.0))
    assert not supported.starts(op(nengo.LIF(), 1.001))
    assert supported.starts(op(nengo.SpikingRectifiedLinear(), 1.001))
    assert not supported.starts(op(nengo.LIF(), 0.5, rng=1))


# -- random numbers ----------------------------------------------------------------------------


def test_a_twister_continues_nengos_generator_and_trials_are_seeded_from_it() -> None:
    nengos = np.random.RandomState(7)
    nengos.randint(10, size=5)
    words = random_state.words_of(nengos)
    assert words.shape == (625,) and words[-1] == nengos.get_state()[2]
    expected = nengos.random_sample(4)
    np.testing.assert_array_equal(random_state._twister(words, 0).random(4), expected)
    second = np.random.RandomState(7)
    second.randint(10, size=5)
    for trial in (1, 2):
        second = np.random.RandomState(second.randint(2**31 - 1))
        numbers = np.random.RandomState()
        numbers.set_state(second.get_state())
        found = random_state._twister(words, trial).random(4)
        np.testing.assert_array_equal(found, numbers.random_sample(4))


def test_a_trial_is_the_last_number_of_the_key_of_its_generator() -> None:
    for key, trial in (((), 0), ((4,), 4), ((4, 2), 2)):
        sequence = np.random.SeedSequence(3, spawn_key=key)
        assert random_state._trial(np.random.Generator(np.random.PCG64(sequence))) == trial


class Clock(nengo.Process):  # type: ignore[misc]
    """The time of each step, of which it keeps a list."""

    def __init__(self) -> None:
        super().__init__(default_size_in=0, default_size_out=1)
        self.times: list[float] = []

    def make_step(self, shape_in: Any, shape_out: Any, dt: float, rng: Any, state: Any) -> Any:
        return lambda t: self.times.append(t) or [t]


def test_a_process_of_nengo_is_replayed_from_the_start_if_earlier_steps_are_read() -> None:
    clock, rng = Clock(), np.random.default_rng(0)
    running = random_state.Replaying(clock, 1, 0.5, 3, rng)
    assert running(0, 3).ravel().tolist() == [0.5, 1.0, 1.5]
    assert running(3, 2).ravel().tolist() == [2.0, 2.5]
    assert clock.times == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert running(7, 1).ravel().tolist() == [4.0]  # steps between are computed, too
    assert clock.times[5:] == [3.0, 3.5, 4.0]
    assert running(1, 2).ravel().tolist() == [1.0, 1.5]
    assert clock.times[8:] == [0.5, 1.0, 1.5]
    assert running.calls_functions
    noise = random_state.Replaying(nengo.processes.FilteredNoise(), 1, 0.5, 3, rng)
    assert not noise.calls_functions


def test_processes_of_nefsim_return_the_value_of_the_next_step_in_nengo() -> None:
    running: Any = lambda first, n: np.arange(first, first + n)[:, None] * [1.0, 10.0]  # noqa: E731
    process = adapters.NefsimProcess(running, 2)
    step = process.make_step((0,), (2,), 0.001, None, {})
    assert [step(t).tolist() for t in (0.001, 0.002, 0.0049999)] == [[0, 0], [1, 10], [4, 40]]
    assert (process.default_size_in, process.default_size_out) == (0, 2)


def test_draws_are_those_of_a_generator_and_begin_again() -> None:
    draws = adapters.Draws(np.random.default_rng(3))
    expected = np.random.default_rng(3)
    numbers = draws.random_sample(4), draws.poisson(2.0, 3)
    np.testing.assert_array_equal(numbers[0], expected.random(4))
    np.testing.assert_array_equal(numbers[1], expected.poisson(2.0, 3))
    draws.restart()
    np.testing.assert_array_equal(draws.random_sample(4), numbers[0])
    same = np.random.default_rng(5)
    assert adapters.Draws(np.random.default_rng(5)).poisson() == same.poisson(1.0)


# -- bars --------------------------------------------------------------------------------------


class Bar(ProgressBar):  # type: ignore[misc]
    def update(self, progress: Any) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("n_steps", "pieces"),
    [(0, []), (7, [1] * 7), (100, [1] * 100), (205, [2] * 102 + [1]), (300, [3] * 100)],
)
def test_a_bar_of_nengo_is_updated_a_hundred_times(n_steps: int, pieces: list[int]) -> None:
    with bars.progress_of(Bar(), "Simulating", "Simulation", n_steps) as work:
        assert work.pieces == pieces


def test_a_bar_is_shown_unless_there_is_none(monkeypatch: Any) -> None:
    from contextlib import contextmanager

    shown: list[Any] = []

    @contextmanager
    def show(n_steps: int) -> Any:
        yield [n_steps], None

    def progress_bar(who: str, show_it: Any) -> Any:
        shown.append(show_it)
        return show

    monkeypatch.setattr(bars, "progress_bar", progress_bar)
    for bar, n_steps in ((True, 5), (True, 0), (False, 5), (None, 5), (np.True_, 5)):
        with bars.progress_of(bar, "Simulating", "Simulation", n_steps) as work:
            assert work.pieces == [n_steps]
            work.next_stage("a", "b")
    assert shown == [None, False, False, False, None]
    for bar in (3, "x"):
        with (
            pytest.raises(TypeError, match=r"progress_bar must be a bar of Nengo's or a flag"),
            bars.progress_of(bar, "Simulating", "Simulation", 1),
        ):
            raise AssertionError
