"""Laws of Nengo's memory, filters, factorisations and bars in nefsim, by hand."""

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
from nefsim.nengo import adapters, bars, decoders, filters, random_state, supported  # noqa: E402
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


# -- factorisations ----------------------------------------------------------------------------


def test_the_oldest_factorisations_are_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(decoders, "MOST_NUMBERS", 25)
    builder = next(v for v in vars(decoders).values() if hasattr(v, "forget"))()

    def store(name: Any, n: int) -> list[Any]:
        builder._store((name, 0.1), decoders.System(np.zeros((n, 1)), (np.zeros((1, 1)), True)))
        return [key[0] for key in builder._systems]

    assert store("a", 9) == ["a"] and store("b", 14) == ["a", "b"]  # of 10 and 15 numbers
    assert builder._numbers == 25
    assert store("c", 0) == ["b", "c"] and builder._numbers == 16
    assert store("d", 99) == ["d"] and builder._numbers == 100  # the newest is used
    builder.forget()
    assert builder._systems == {} and builder._numbers == 0
    assert store("e", 4) == ["e"] and builder._numbers == 5


@pytest.mark.parametrize("large", [0, decoders.LARGE])
def test_each_ensemble_is_factored_once_with_the_weights_of_nengo(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nengo.Network(seed=2) as model:
        array = nengo.networks.EnsembleArray(40, 3, ens_dimensions=2)
        array.add_output("product", lambda x: x[0] * x[1])
        for ensemble in array.ensembles:
            nengo.Probe(ensemble[1], synapse=0.01)
    monkeypatch.setattr(decoders, "LARGE", large)
    stored = []
    original = decoders._system

    def counted(conn: Any, *arrays: Any) -> Any:
        stored.append(sum(s.size for s in builder._systems.values()))
        return original(conn, *arrays)

    monkeypatch.setattr(decoders, "_system", counted)
    builder = decoders.SharingBuilder()
    ours, theirs = (nengo.builder.Model(builder=b) for b in (builder, None))
    for each in (ours, theirs):
        each.build(model)
    assert len(stored) == 3 and not builder._systems and not builder._numbers
    assert (max(stored) == 0) == (large == 0)  # no large system next to another
    for conn in model.all_connections:
        one, other = ours.params[conn], theirs.params[conn]
        assert (one.weights is None) == (other.weights is None)
        if one.weights is not None:
            np.testing.assert_array_equal(one.weights, other.weights)
            if one.solver_info is not None:
                np.testing.assert_array_equal(one.solver_info["rmses"], other.solver_info["rmses"])


def test_equal_weights_are_one_array_with_the_values_of_nengo() -> None:
    with nengo.Network(seed=2) as model:
        gate, other = nengo.Ensemble(20, 1), nengo.Ensemble(20, 1)
        inhibited = [nengo.Ensemble(30, 1) for _ in range(3)]
        same = [nengo.Connection(gate, e.neurons, transform=[[-2.0]] * 30) for e in inhibited]
        rest = [
            nengo.Connection(gate, inhibited[0].neurons, transform=[[-3.0]] * 30),
            nengo.Connection(gate, inhibited[0].neurons, transform=[[-2.0]] * 29 + [[-1.0]]),
            nengo.Connection(other, inhibited[0].neurons, transform=[[-2.0]] * 30),
        ]
    builder = decoders.SharingBuilder()
    ours, theirs = (nengo.builder.Model(builder=b) for b in (builder, None))
    for each in (ours, theirs):
        each.build(model)
    weights = {c: ours.params[c].weights for c in model.all_connections}
    assert all(ours.sig[c]["weights"].initial_value.base is weights[same[0]].base for c in same)
    for i, c in enumerate(model.all_connections):
        np.testing.assert_array_equal(weights[c], theirs.params[c].weights)
        assert not weights[c].flags.writeable
        for d in model.all_connections[:i]:
            assert np.shares_memory(weights[c], weights[d]) == (c in same and d in same)
    assert len(rest) + len(same) == len(weights)


def test_nengos_cache_stores_decoders_of_many_neurons_only(tmp_path: Any) -> None:
    with nengo.Network(seed=1) as model:
        few, many = nengo.Ensemble(decoders.FEWEST_CACHED - 1, 1), nengo.Ensemble(250, 1)
        for ensemble in (few, many):
            nengo.Connection(ensemble, nengo.Node(size_in=1))
    weights = []
    for _ in range(2):  # solved, then read from the cache
        cache = nengo.cache.DecoderCache(cache_dir=str(tmp_path))
        ours = nengo.builder.Model(decoder_cache=cache, builder=decoders.SharingBuilder())
        ours.build(model)
        weights.append([ours.params[c].weights for c in model.all_connections])
        assert len(cache._index._index) == 1
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_seconds_of_a_solution_are_those_since_its_start(monkeypatch: Any) -> None:
    with nengo.Network() as model:  # without a seed nothing is cached
        a = nengo.Ensemble(10, 1)
        c = nengo.Connection(a, nengo.Node(size_in=1))
    times = iter([5.0, 7.0])
    monkeypatch.setattr(decoders, "time", SimpleNamespace(time=lambda: next(times)))
    with nef.nengo.Simulator(model, progress_bar=False, backend="numpy") as sim:
        assert sim.data[c].solver_info["time"] == 2.0


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
