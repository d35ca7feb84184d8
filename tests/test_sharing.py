"""Decoders of many or large populations: what is shared, and what is not held."""

from __future__ import annotations

import threading
import tracemalloc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering import decode, threads
from nefsim.solvers import Solver

#: How often activities were factored.
FACTORED: list[tuple[int, ...]] = []


@dataclass(frozen=True, eq=False)
class Counting(Solver):
    """Least squares that notes each factorisation."""

    noisy: bool = False
    weights: bool = False

    compositional: ClassVar[bool] = True

    def factor(self, A: Any, rng: np.random.Generator) -> Any:
        FACTORED.append(A.shape)
        inner = nef.LstsqNoise() if self.noisy else nef.LstsqL2()
        return inner.factor(A, rng)


def array(solver: Solver, seeds: list[int | None]) -> tuple[nef.Simulator, list[nef.Connection]]:
    net = nef.Network(seed=1)
    out = net.node(size_in=1)
    connections = []
    for seed in seeds:
        a = net.ensemble(40, 1, seed=seed)
        connections.append(net.connect(a, out, solver=solver))
        net.connect(a, out, function=np.square, solver=solver)
    FACTORED.clear()
    return nef.Simulator(net, backend="numpy"), connections


def test_equal_ensembles_are_factored_once() -> None:
    sim, (one, other, third) = array(Counting(), [5, 5, 6])
    assert len(FACTORED) == 2
    np.testing.assert_array_equal(sim.data[one].decoders, sim.data[other].decoders)
    assert not np.array_equal(sim.data[one].decoders, sim.data[third].decoders)
    alone, (same,) = array(Counting(), [5])
    np.testing.assert_array_equal(alone.data[same].decoders, sim.data[other].decoders)


def test_a_solver_that_draws_does_so_for_each_stream() -> None:
    net = nef.Network(seed=1)
    out = net.node(size_in=1)
    arrays = {"encoders": np.tile([[1.0], [-1.0]], (20, 1)), "gain": np.linspace(1, 4, 40)}
    arrays |= {"bias": np.linspace(-2, 2, 40), "eval_points": np.linspace(-1, 1, 100)[:, None]}
    FACTORED.clear()
    pair = [
        net.connect(net.ensemble(40, 1, **arrays), out, solver=Counting(noisy=True))
        for _ in range(2)
    ]
    sim = nef.Simulator(net, backend="numpy")
    assert len(FACTORED) == 2
    assert not np.array_equal(*(sim.data[c].decoders for c in pair))


def test_ensembles_of_one_seed_and_equal_arguments_are_drawn_once() -> None:
    net = nef.Network(seed=1)
    alike = [net.ensemble(40, 1, seed=5) for _ in range(2)]
    others = [net.ensemble(40, 1, seed=5, radius=2.0), net.ensemble(40, 1), net.ensemble(40, 1)]
    others += [net.ensemble(40, 1, seed=6), net.ensemble(40, 1, seed=5, max_rates=(100, 200))]
    data = nef.Simulator(net, backend="numpy").data
    assert data[alike[0]] is data[alike[1]]
    assert len({id(data[e]) for e in (*alike, *others)}) == 6
    # The arrays of a radius of 2 are the same but for the scale of the represented vector.
    np.testing.assert_array_equal(data[others[0]].encoders, data[alike[0]].encoders)
    np.testing.assert_array_equal(data[others[0]].eval_points, 2 * data[alike[0]].eval_points)


def calls_and_decoders(seeds: list[int]) -> tuple[int, int]:
    """How often a build calls a function of ensembles, and the number of their decoders."""
    net, seen = nef.Network(seed=1), []

    def square(x: Any) -> Any:
        seen.append(x)
        return x**2

    out = net.node(size_in=1)
    connections = [
        net.connect(net.ensemble(20, 1, seed=seed, n_eval_points=100), out, function=square)
        for seed in seeds
    ]
    seen.clear()  # of the calls that find the size
    data = nef.Simulator(net, backend="numpy").data
    return len(seen), len({data[c].decoders.tobytes() for c in connections})


def test_a_function_is_evaluated_once_for_equal_ensembles() -> None:
    times, one = calls_and_decoders([5])
    assert times and one == 1
    assert calls_and_decoders([5, 5, 5]) == (times, 1)
    assert calls_and_decoders([5, 6, 7]) == (3 * times, 3)


def test_two_solvers_share_the_rates_of_equal_ensembles(monkeypatch: pytest.MonkeyPatch) -> None:
    computed, rates = [], decode.Solving._activities

    def count(self: Any, points: Any) -> Any:
        computed.append(points)
        return rates(self, points)

    monkeypatch.setattr(decode.Solving, "_activities", count)
    net = nef.Network(seed=1)
    out = net.node(size_in=1)
    for seed in (5, 5, 6):
        a = net.ensemble(40, 1, seed=seed)
        connections = [net.connect(a, out), net.connect(a, out, solver=nef.LstsqL2())]
    data = nef.Simulator(net, backend="numpy").data
    assert len(computed) == 2
    assert not np.array_equal(*(data[c].decoders for c in connections))


@pytest.mark.parametrize("neuron", [nef.LIF(), nef.Tanh()])
def test_activities_in_blocks_give_the_same_decoders(
    neuron: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solved() -> Any:
        net = nef.Network(seed=1)
        a = net.ensemble(60, 2, neuron_type=neuron, max_rates=(100.0, 200.0))
        c = net.connect(a, net.node(size_in=2), function=np.square)
        return nef.Simulator(net, backend="numpy").data[c]

    whole = solved()
    monkeypatch.setattr(decode, "MOST_ACTIVITIES", 7000)
    blocks = solved()
    # Sums over points are taken in another order.
    np.testing.assert_allclose(blocks.decoders, whole.decoders, rtol=0, atol=1e-12)
    for name in ("rmse", "condition"):
        np.testing.assert_allclose(blocks.solver_info[name], whole.solver_info[name], rtol=1e-9)


def test_silent_neurons_in_blocks_are_refused_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MOST_ACTIVITIES", 100)
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, gain=np.ones(20), bias=np.full(20, -5.0))
    net.probe(a)
    with pytest.raises(ValueError, match="hold a neuron that fires"):
        nef.Simulator(net, backend="numpy")


def test_a_large_population_holds_no_matrix_of_points_and_neurons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode, "MOST_ACTIVITIES", 1 << 18)
    net = nef.Network(seed=1)
    net.probe(net.ensemble(300, 1, n_eval_points=20_000))
    tracemalloc.start()
    nef.Simulator(net, backend="numpy")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.5 * 8 * 300 * 20_000


def test_small_systems_of_many_ensembles_are_solved_by_one_thread_of_blas() -> None:
    pools = pytest.importorskip("threadpoolctl")

    def blas() -> int:
        found = pools.threadpool_info()
        return max(p["num_threads"] for p in found if p["user_api"] == "blas")

    with pools.threadpool_limits(2, "blas"):
        assert [*threads.share(lambda item: blas, range(threads.MIN_SYSTEMS))] == [
            1
        ] * threads.MIN_SYSTEMS
        assert [*threads.share(lambda item: blas, [0])] == [2]
        assert blas() == 2


def test_small_systems_that_are_solved_are_not_held() -> None:
    """Some are solved at once, as many as there are cores, not all that were prepared."""
    pytest.importorskip("threadpoolctl")
    net = nef.Network(seed=1)
    for _ in range(threads.SYSTEMS_AT_ONCE):
        net.probe(net.ensemble(100, 1, n_eval_points=1000))
    one = 1000 * 100 * 8  # bytes of the activities of one
    tracemalloc.start()
    try:
        with nef.Simulator(net, backend="numpy"):
            _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is kept of each, and a few matrices for each core.
    assert most < threads.SYSTEMS_AT_ONCE * one / 2 + 8 * threads.cores() * one


@pytest.mark.parametrize("n", [threads.MIN_SYSTEMS, threads.SYSTEMS_AT_ONCE + 3])
def test_cores_share_what_was_prepared_in_order_by_one_thread(
    monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 3)
    asked: list[tuple[int, int]] = []

    def prepare(item: int) -> Any:
        asked.append((item, threading.get_ident()))
        return lambda: item**2

    assert [*threads.share(prepare, range(n))] == [item**2 for item in range(n)]
    assert asked == [(item, threading.get_ident()) for item in range(n)]


def test_threads_see_the_callers_context_and_do_not_make_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 3)
    all_three = threading.Barrier(3)

    def look(item: int) -> Any:
        all_three.wait(60)  # passes when three threads are here
        inner = threads.in_threads(lambda _: threading.get_ident(), range(4))
        return np.geterr()["divide"], set(inner) == {threading.get_ident()}

    with np.errstate(divide="raise"):
        assert threads.in_threads(look, range(3)) == [("raise", True)] * 3


@pytest.mark.parametrize("cores", [1, 3])
def test_the_first_error_of_threads_is_raised(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    done = []

    def work(item: int) -> None:
        done.append(item)
        if item >= 2:
            raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 2"):
        threads.in_threads(work, range(1000))
    assert len(done) < 1000
    done.clear()
    assert threads.in_threads(done.append, []) == []


def test_decoders_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoders(cores: int) -> list[Any]:
        monkeypatch.setattr(threads, "cores", lambda: cores)
        net = nef.Network(seed=1)
        many = [net.ensemble(30 + i, 1) for i in range(threads.MIN_SYSTEMS)]
        many.append(net.ensemble(700, 2))  # its rates take several blocks
        probes = [net.probe(ensemble) for ensemble in many]
        built = nef.Simulator(net, backend="numpy").built
        return [built.probe_data[probe].decoders for probe in probes]

    for alone, shared in zip(decoders(1), decoders(3), strict=True):
        np.testing.assert_array_equal(alone, shared)
