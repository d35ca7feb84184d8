"""Full weights that PES changes, as the product of encoders and few rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends import available
from nefsim.program import Weigh

BACKENDS = [name for name in ("numpy", "numba") if name in available()]

N_PRE, N_POST, D = 40, 30, 2


class Learning:
    """Two populations with full weights that PES changes, from a solver or between neurons."""

    def __init__(self, solved: bool = True, rules: int = 1, probed: bool = False) -> None:
        net = self.net = nef.Network(seed=1)
        a, b = net.ensemble(N_PRE, D), net.ensemble(N_POST, D)
        net.connect(net.node(nef.WhiteSignal(1.0, 5.0, seed=2), size_out=D), a)
        rule: Any = [nef.PES(1e-3, pre_synapse=0.005 * (i + 1)) for i in range(rules)]
        if solved:
            full = nef.LstsqL2(weights=True)
            self.learned = net.connect(a, b, solver=full, learning_rule=rule)
        else:
            weights = np.random.default_rng(1).normal(size=(N_POST, N_PRE)) * 1e-3
            self.learned = net.connect(a.neurons, b.neurons, transform=weights, learning_rule=rule)
        for learning in self.learned.learning:
            net.connect(net.node([0.3, -0.5]), learning)
            net.connect(b, learning)
        self.spikes, self.decoded = net.probe(b.neurons), net.probe(b, synapse=0.01)
        self.weights = net.probe(self.learned, "weights") if probed else None

    def simulator(self, backend: str, **options: Any) -> nef.Simulator:
        return nef.Simulator(self.net, backend=backend, **options)


def _parts(sim: nef.Simulator) -> list[Weigh]:
    return [op for op in sim.built.program.ops if isinstance(op, Weigh)]


def _full_weights(sim: nef.Simulator, of: Learning) -> np.ndarray:
    return np.asarray(sim.data[of.learned].weights)


def test_weights_of_a_solver_take_no_matrix_of_neurons_by_neurons() -> None:
    rest, factor = _parts(Learning().simulator("numpy"))
    assert rest.is_empty and factor.initial.shape == (D, N_PRE)
    rest, factor = _parts(Learning(solved=False).simulator("numpy"))
    assert not rest.is_empty and factor.initial.shape == (D, N_PRE)


def test_weights_that_another_rule_changes_stay_full() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(N_PRE, D), net.ensemble(N_POST, D)
    full = nef.LstsqL2(weights=True)
    for rule in (nef.HPES(1e-6), [nef.PES(1e-6), nef.BCM(1e-12)]):
        learned = net.connect(a, b, solver=full, learning_rule=rule)  # type: ignore[arg-type]
        for part in learned.learning:
            if part.rule.needs_error:
                net.connect(net.node([0.3, -0.5]), part)
    assert [op.initial.shape for op in _parts(nef.Simulator(net))] == [(N_POST, N_PRE)] * 2


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("rules", [1, 2])
def test_both_back_ends_and_nengo_have_the_same_spikes(solved: bool, rules: int) -> None:
    pytest.importorskip("nengo")
    of = Learning(solved, rules)
    for backend in BACKENDS:
        report = nef.crosscheck(of.net, 0.5, (backend, "nengo"))
        assert report.n_spikes > 300
        assert report.spikes_differ == 0


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_weights_follow_the_equation_of_the_rule(backend: str, solved: bool) -> None:
    """The sum of the changes by the errors and the activities that probes have seen."""
    of = Learning(solved, probed=True)
    rule = of.learned.learning[0]
    error, activity = of.net.probe(rule), of.net.probe(rule, "activities")
    sim = of.simulator(backend)
    sim.run(0.2)
    weights = sim.data[of.weights]
    encoders = sim.data[of.net.ensembles[1]].scaled_encoders
    changes = np.einsum("td,md,tn->tmn", sim.data[error], encoders, sim.data[activity])
    expected = -1e-3 / N_PRE * 0.001 * np.cumsum(changes, axis=0)
    start = sim.data[of.learned].initial_weights
    atol = 1e-12 * np.abs(weights).max()  # the sums are in another order
    np.testing.assert_allclose(weights[0], start, rtol=0, atol=atol)
    np.testing.assert_allclose(weights[1:] - start, expected[:-1], rtol=0, atol=atol)
    np.testing.assert_allclose(_full_weights(sim, of), start + expected[-1], rtol=0, atol=atol)
    assert np.abs(expected[-1]).max() > 1e-6


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_probe_of_the_weights_changes_no_bit(backend: str, solved: bool) -> None:
    data = []
    for probed in (False, True):
        of = Learning(solved, probed=probed)
        sim = of.simulator(backend)
        sim.run(0.1)
        data.append((sim.data[of.spikes], sim.data[of.decoded], _full_weights(sim, of)))
    for one, other in zip(*data, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_trial_learns_as_it_does_alone(backend: str, solved: bool) -> None:
    of = Learning(solved)
    single, batch = of.simulator(backend), of.simulator(backend, batch_size=2)
    for sim in (single, batch):
        sim.run(0.2)
    np.testing.assert_array_equal(batch.data[of.spikes][0], single.data[of.spikes])
    weights, expected = _full_weights(batch, of), _full_weights(single, of)
    # Products of a batch may be rounded differently.
    atol = 1e-12 * np.abs(expected).max()
    np.testing.assert_allclose(weights[0], expected, rtol=0, atol=atol)
    assert np.abs(weights[1] - expected).max() > 1e-6  # from another initial state of the neurons


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_any_weights_can_be_set_and_go_on_learning(
    backend: str, solved: bool, batch_size: int | None
) -> None:
    of = Learning(solved)
    sim = of.simulator(backend, batch_size=batch_size)
    sim.run(0.05)
    weights = np.random.default_rng(2).normal(size=(N_POST, N_PRE)) * 2e-3
    sim.data[of.learned].weights = weights
    expected = weights if batch_size is None else np.stack([weights] * 2)
    np.testing.assert_array_equal(_full_weights(sim, of), expected)
    sim.run(0.05)
    change = (_full_weights(sim, of) - expected).reshape(-1, N_PRE)
    assert np.abs(change).max() > 1e-6
    # The change is a product with the encoders, and the sum of rest and change is rounded.
    encoders = sim.data[of.net.ensembles[1]].scaled_encoders
    first = change[:N_POST]
    fit = encoders @ np.linalg.lstsq(encoders, first, rcond=None)[0]
    np.testing.assert_allclose(first, fit, rtol=0, atol=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_are_set_to_a_product_with_the_encoders_stay_in_factors(backend: str) -> None:
    of = Learning()
    sim, other = of.simulator(backend), of.simulator(backend)
    sim.run(0.1)
    weights = _full_weights(sim, of)
    other.data[of.learned].weights = weights
    np.testing.assert_allclose(
        _full_weights(other, of), weights, rtol=0, atol=1e-12 * np.abs(weights).max()
    )
    rest = next(i for i, op in enumerate(other.built.program.ops) if getattr(op, "is_rest", 0))
    assert not other.state.ops[rest]["in_use"].any()


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("set_between", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_saved_state_goes_on_equally(
    backend: str, set_between: bool, solved: bool, tmp_path: Path
) -> None:
    of = Learning(solved)
    sim = of.simulator(backend)
    sim.run(0.1)
    if set_between:
        sim.data[of.learned].weights = _full_weights(sim, of)[::-1]
    sim.save(tmp_path / "state.npz")
    again = nef.Simulator.load(tmp_path / "state.npz", of.net)
    for each in (sim, again):
        each.run(0.1)
    np.testing.assert_array_equal(again.data[of.spikes], sim.data[of.spikes])
    weights, expected = _full_weights(again, of), _full_weights(sim, of)
    # NumPy's products depend on where arrays lie in memory.
    atol = 0.0 if backend == "numba" else 1e-12 * np.abs(expected).max()
    np.testing.assert_allclose(weights, expected, rtol=0, atol=atol)
    sim.reset(keep_weights=True)
    np.testing.assert_array_equal(_full_weights(sim, of), expected)


def test_nengos_simulator_has_the_spikes_and_weights_of_nengo() -> None:
    nengo = pytest.importorskip("nengo")
    import nefsim.nengo

    with nengo.Network(seed=3) as model:
        a, b = nengo.Ensemble(60, 1), nengo.Ensemble(50, 1)
        nengo.Connection(nengo.Node(lambda t: np.sin(20 * t)), a)
        solver = nengo.solvers.LstsqL2(weights=True)
        c = nengo.Connection(a, b, solver=solver, learning_rule_type=nengo.PES(1e-3))
        d = nengo.Connection(
            a.neurons,
            b.neurons,
            transform=np.random.RandomState(1).normal(size=(50, 60)) * 1e-4,
            learning_rule_type=nengo.PES(1e-3),
        )
        for learned in (c, d):
            nengo.Connection(b, learned.learning_rule)
        spikes = nengo.Probe(b.neurons)
        probes = [nengo.Probe(each, "weights", sample_every=0.01) for each in (c, d)]
    with nengo.Simulator(model, progress_bar=False) as reference:
        reference.run(0.3)
    for backend in BACKENDS:
        with nefsim.nengo.Simulator(model, backend=backend, progress_bar=False) as sim:
            sim.run(0.3)
            np.testing.assert_array_equal(sim.data[spikes], reference.data[spikes])
            for probe, learned in zip(probes, (c, d), strict=True):
                expected = reference.data[probe]
                atol = 1e-10 * np.abs(expected).max()  # of a solver, as a product with encoders
                np.testing.assert_allclose(sim.data[probe], expected, rtol=0, atol=atol)
                weights = sim.learned[learned]
                sim.signals[sim.model.sig[learned]["weights"]] = weights + 1.0
                np.testing.assert_array_equal(sim.learned[learned], weights + 1.0)
