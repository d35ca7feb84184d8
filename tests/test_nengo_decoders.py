"""Laws of the decoders of Nengo's ensembles: each system is made once, and solved as in Nengo."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nefsim as nef  # noqa: E402
import nefsim.nengo  # noqa: E402
from nefsim.nengo import decoders, systems  # noqa: E402
from nefsim.solvers import nystrom  # noqa: E402


def test_the_oldest_factorisations_are_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(decoders, "MOST_NUMBERS", 25)
    builder = decoders.SharingBuilder()

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


def large_array(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ensembles of which all are large, with two functions each."""
    monkeypatch.setattr(decoders, "FEWEST_ITERATED", 60)
    monkeypatch.setattr(decoders, "MOST_OUTPUTS", 0.05)
    with nengo.Network(seed=2) as model:
        array = nengo.networks.EnsembleArray(60, 2, ens_dimensions=2)
        array.add_output("product", lambda x: x[0] * x[1])
        nengo.Connection(nengo.Ensemble(50, 1), array.input[0])
    return model


def built_by(builder: Any, model: Any, **options: Any) -> Any:
    made = nengo.builder.Model(builder=builder, **options)
    made.build(model)
    return made


def test_large_ensembles_are_solved_without_gram_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    model, builder = large_array(monkeypatch), decoders.SharingBuilder()
    made: list[Any] = []
    original = decoders.iterated

    def counted(conn: Any, *arrays: Any) -> Any:
        assert not any(isinstance(s, systems.Iterated) for s in builder._systems.values())
        made.append(original(conn, *arrays))
        return made[-1]

    monkeypatch.setattr(decoders, "iterated", counted)
    ours, theirs = built_by(builder, model), built_by(None, model)
    assert len(made) == 2 and not builder._systems and not builder._room._numbers.size
    assert np.shares_memory(*(system.ridge.activities for system in made))
    for conn in model.all_connections:
        if conn.pre_obj in model.all_ensembles:
            one, other = ours.params[conn], theirs.params[conn]
            scale = np.abs(other.weights).max()
            exact = conn.pre_obj.n_neurons < 60
            # Rounding, amplified by a condition number of some 1e4.
            np.testing.assert_allclose(one.weights, other.weights, 0, 0 if exact else 1e-10 * scale)
            rmses = (each.solver_info["rmses"] for each in (one, other))
            np.testing.assert_allclose(*rmses, rtol=1e-8)


def test_functions_of_a_large_ensemble_are_solved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model, original = large_array(monkeypatch), nystrom.Ridge.solve
    shapes: list[Any] = []

    def counted(self: Any, targets: Any) -> Any:
        shapes.append(targets.shape)
        return original(self, targets)

    monkeypatch.setattr(nystrom.Ridge, "solve", counted)
    built_by(decoders.SharingBuilder(), model)
    assert [size for _, size in shapes] == [3, 3]  # two dimensions and a product


@pytest.mark.parametrize("large", [0, decoders.LARGE])
def test_a_function_that_two_connections_read_is_factored_once(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "LARGE", large)
    made, original = [], decoders._system

    def counted(*given: Any) -> Any:
        made.append(original(*given))
        return made[-1]

    monkeypatch.setattr(decoders, "_system", counted)
    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(30, 1)
        for _ in range(2):
            nengo.Connection(a, nengo.Node(size_in=1))
    built_by(decoders.SharingBuilder(), model)
    assert len(made) == 1


def test_spikes_of_large_ensembles_are_those_of_nengo(monkeypatch: pytest.MonkeyPatch) -> None:
    model = large_array(monkeypatch)
    with model:
        a, b = (e for e in model.all_ensembles if e.n_neurons == 60)
        nengo.Connection(a, b, synapse=0.01)
        nengo.Connection(b, a[0], function=lambda x: x[0] * x[1], synapse=0.02)
        nengo.Connection(nengo.Node(lambda t: np.cos(20 * t)), a[1])
        probes = [nengo.Probe(e.neurons) for e in (a, b)]
    with nengo.Simulator(model, progress_bar=False, optimize=False) as reference:
        reference.run_steps(200)
    with nef.nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(200)
    for probe in probes:
        assert reference.data[probe].any()
        np.testing.assert_array_equal(sim.data[probe], reference.data[probe])


def test_large_ensembles_are_factored_where_iterations_are_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = large_array(monkeypatch)
    monkeypatch.setattr(nystrom, "MOST_STEPS", 1)
    found, reference = built_by(decoders.SharingBuilder(), model), built_by(None, model)
    for conn in model.all_connections:
        expected = reference.params[conn].weights
        if expected is not None:
            atol = 1e-12 * np.abs(expected).max()  # rates of a few points at a time are rounded
            np.testing.assert_allclose(found.params[conn].weights, expected, 0, atol)


def test_large_ensembles_of_many_outputs_have_the_weights_of_nengo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = large_array(monkeypatch)
    monkeypatch.setattr(decoders, "MOST_OUTPUTS", 2.9 / 60)  # they have three
    found, reference = built_by(decoders.SharingBuilder(), model), built_by(None, model)
    for conn in model.all_connections:
        if reference.params[conn].weights is not None:
            weights = (each.params[conn].weights for each in (found, reference))
            np.testing.assert_array_equal(*weights)


def test_large_ensembles_without_activity_are_refused_as_in_nengo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoders, "FEWEST_ITERATED", 10)
    monkeypatch.setattr(decoders, "MOST_OUTPUTS", 1.0)
    with nengo.Network(seed=1) as model:
        silent = nengo.Ensemble(10, 1, gain=np.ones(10), bias=np.full(10, -3.0))
        nengo.Connection(silent, nengo.Node(size_in=1))
    with pytest.raises(nengo.exceptions.BuildError, match="activit"):
        built_by(decoders.SharingBuilder(), model)


def test_decoders_of_large_ensembles_are_not_stored_in_nengos_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    model = large_array(monkeypatch)
    monkeypatch.setattr(decoders, "FEWEST_CACHED", 50)
    cache = nengo.cache.DecoderCache(cache_dir=str(tmp_path))
    built_by(decoders.SharingBuilder(), model, decoder_cache=cache)
    assert len(cache._index._index) == 1  # the ensemble of 50 neurons


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


def test_nengos_cache_stores_all_functions_of_an_ensemble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(250, 1)
        for function in (None, np.square, np.abs):
            nengo.Connection(a, nengo.Node(size_in=1), function=function)
    made: list[Any] = []
    original = decoders._system

    def counted(*given: Any) -> Any:
        made.append(original(*given))
        return made[-1]

    monkeypatch.setattr(decoders, "_system", counted)
    for _ in range(2):  # factored once, then read from the cache
        cache = nengo.cache.DecoderCache(cache_dir=str(tmp_path))
        built_by(decoders.SharingBuilder(), model, decoder_cache=cache)
        assert len(made) == 1


def test_systems_are_iterated_once_at_most_where_iterations_are_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, tried = large_array(monkeypatch), []
    monkeypatch.setattr(nystrom.Ridge, "solve", lambda self, targets: tried.append(self))
    built_by(decoders.SharingBuilder(), model)
    assert len(tried) == 2  # two ensembles, with two functions each


def test_the_seconds_of_a_solution_are_those_since_its_start(monkeypatch: Any) -> None:
    with nengo.Network() as model:  # without a seed nothing is cached
        a = nengo.Ensemble(10, 1)
        c = nengo.Connection(a, nengo.Node(size_in=1))
    times = iter([5.0, 7.0])
    clock = SimpleNamespace(time=lambda: next(times))
    for module in (decoders, systems):
        monkeypatch.setattr(module, "time", clock)
    with nef.nengo.Simulator(model, progress_bar=False, backend="numpy") as sim:
        assert sim.data[c].solver_info["time"] == 2.0
