"""Nengo networks described before they are built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nefsim as nef  # noqa: E402
import nefsim.nengo  # noqa: E402
from nefsim.nengo import decoders, describe, systems  # noqa: E402
from nefsim.nengo import survey as surveys  # noqa: E402


def network() -> Any:
    """Ensembles with several functions and sizes, inhibition, a Direct one and a probe."""
    with nengo.Network(label="inhibited", seed=1) as model:
        stimulus = nengo.Node([0.5, 0.1])
        array = nengo.networks.EnsembleArray(40, 3, ens_dimensions=2)
        array.add_output("square", np.square)
        gate = nengo.Ensemble(30, 1)
        nengo.Connection(stimulus, array.input[:2])
        for ensemble in array.ensembles:
            nengo.Connection(gate, ensemble.neurons, transform=[[-1.0]] * 40)
        direct = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
        nengo.Connection(array.output[:2], direct)
        points = nengo.Ensemble(50, 1, eval_points=[[0.1]] * 60)
        nengo.Connection(points, gate, transform=0.1)
        few = nengo.Ensemble(50, 1, n_eval_points=20)  # solved by Nengo
        nengo.Connection(few, gate, transform=0.1)
        nengo.Probe(gate, synapse=0.01)
    return model


def test_a_survey_counts_objects_and_factorisations(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    survey = describe(model)
    assert (survey.ensembles, survey.neurons, survey.nodes, survey.probes) == (7, 250, 4, 1)
    assert survey.dimensions == 11 and survey.connections == len(model.all_connections)
    made: list[tuple[int, int]] = []
    original = decoders._system

    def counted(conn: Any, gain: Any, bias: Any, x: Any) -> Any:
        made.append(x.shape)
        return original(conn, gain, bias, x)

    monkeypatch.setattr(decoders, "_system", counted)
    before = nengo.rc.get("decoder_cache", "enabled")
    nengo.rc.set("decoder_cache", "enabled", "False")
    with nefsim.nengo.Simulator(model, progress_bar=False, backend="numpy"):
        pass
    nengo.rc.set("decoder_cache", "enabled", before)
    assert len(made) == survey.factorisations == 5
    assert survey.largest == max(made, key=lambda shape: shape[0] * shape[1]) == (1000, 40)


def test_nothing_is_built_or_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError

    calls: list[Any] = []
    with nengo.Network() as model:
        a = nengo.Ensemble(10**6, 4)
        nengo.Connection(a, a, function=lambda x: calls.append(x) or x)  # type: ignore[func-returns-value]
        nengo.Connection(a, a, transform=nengo.dists.Uniform(0, 1))
    monkeypatch.setattr(nengo.builder.Model, "build", refuse)
    calls.clear()  # Nengo calls it once for its size
    survey = describe(model)
    assert not calls and survey.largest == (2 * 10**6, 10**6)
    assert survey.peak > 8 * 2 * 10**12 and survey.build_seconds > 5e4


def test_arrays_are_counted_once_for_equal_weights() -> None:
    model = network()
    builder = decoders.SharingBuilder()
    built = nengo.builder.Model(builder=builder)
    built.build(model)
    found: dict[int, int] = {}
    for connection in model.all_connections:
        weights = built.params[connection].weights
        if weights is not None:
            found[weights.__array_interface__["data"][0]] = weights.size
    counted = surveys._weights([*model.all_connections])
    assert counted == sum(found.values())


def test_systems_are_stored_between_their_first_and_last_function() -> None:
    with nengo.Network() as model:
        for _ in range(3):
            with nengo.Network():
                a = nengo.Ensemble(50, 1)
                nengo.Connection(a, a)
        alone = describe(model).peak - describe(model).arrays
        nengo.Connection(model.networks[0].ensembles[0], a, function=np.square)
    found = decoders.readers(model)
    systems = {k: (surveys.points_of(k.ensemble), 50) for k in found}
    stored, made = 8 * 50 * (750 + 50), 8 * 50 * (750 + 750 // 8)
    assert surveys._solving(model, systems, found) == stored + made  # that of the first is stored
    del systems[next(iter(systems))]
    assert surveys._solving(model, systems, found) == made
    assert alone == surveys.RUN + 150 * surveys.RUN_OF_NEURON


def test_large_systems_have_no_gram_matrix_and_take_less_time() -> None:
    n = systems.FEWEST_ITERATED
    found = []
    for few in (1, 0):
        with nengo.Network() as model:
            a = nengo.Ensemble(n - few, 2)
            nengo.Connection(a, nengo.Node(size_in=2))
        found.append(describe(model))
    smaller, large = found
    assert large.peak - large.arrays == 8 * n * 2 * n
    assert smaller.peak - smaller.arrays == 8 * (n - 1) * 3 * (n - 1)
    assert large.build_seconds < 0.6 * smaller.build_seconds


@pytest.mark.parametrize(
    ("reg", "n_outputs", "has_gram"), [(0.1, 40, 0), (0.1, 41, 1), (5e-3, 4, 1)]
)
def test_systems_of_many_outputs_or_a_small_regularisation_have_gram_matrices(
    reg: float, n_outputs: int, has_gram: int
) -> None:
    n = systems.FEWEST_ITERATED
    with nengo.Network() as model:
        a = nengo.Ensemble(n, 2)
        for i in range(n_outputs // 2):
            function = lambda x, power=i: x**power  # noqa: E731
            nengo.Connection(a, nengo.Node(size_in=2), function=function, solver=solver(reg))
        if n_outputs % 2:
            nengo.Connection(a[0], nengo.Node(size_in=1), solver=solver(reg))
    survey = describe(model)
    arrays = survey.arrays if has_gram else 0
    assert survey.peak - arrays == 8 * n * (2 * n + n) if has_gram else survey.peak < 8 * n * 3 * n


def test_a_build_has_rates_a_gram_matrix_and_its_factor() -> None:
    p, n = 1500, 50
    with nengo.Network() as model:
        a = nengo.Ensemble(n, 1, n_eval_points=p)
        nengo.Connection(a, nengo.Node(size_in=1))
    seconds = surveys.ENSEMBLE + surveys.CONNECTION + surveys.RATE * p * n
    seconds += surveys.PRODUCT * (p * n**2 + n**3 / 3)
    assert describe(model).build_seconds == pytest.approx(seconds, rel=1e-12)


def solver(reg: float) -> Any:
    return nengo.solvers.LstsqL2(reg=reg)


def test_a_survey_is_a_table_and_plain_numbers() -> None:
    survey = describe(network())
    assert str(survey).startswith("Nengo network inhibited: 7 ensembles (250 neurons")
    assert "5 Gram matrices to factor, the largest of 1000 points and 40 neurons" in str(survey)
    assert survey.to_dict()["neurons"] == 250 and "250 neurons" in repr(survey)
    with nengo.Network() as empty:
        pass
    assert "0 Gram matrices to factor\n" in str(describe(empty))


def test_networks_of_nefsim_are_refused() -> None:
    with pytest.raises(TypeError, match=r"use nefsim\.describe for networks of nefsim"):
        describe(nef.Network())


def test_python_objects_of_connections_take_memory() -> None:
    def arrays(n_connections: int) -> int:
        with nengo.Network() as model:
            one, other = nengo.Node(0.0), nengo.Node(size_in=1)
            for _ in range(n_connections):
                nengo.Connection(one, other)
        return describe(model).arrays

    # A connection of nodes has one weight.
    assert arrays(7) - arrays(2) == pytest.approx(5 * surveys.OBJECTS, abs=5 * surveys.NUMBER)
    assert surveys.OBJECTS > 1000
