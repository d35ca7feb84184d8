"""Learning rules: their equations on every back end, and their use."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lessons import FULL, OWN, WITH_NENGO, decoders, sanger, weights

import nefsim as nef
from nefsim.lowering.stability import learning_rate_bound
from nefsim.program import Learn, Weigh

BACKENDS = ["numpy", "numba"]

#: A filter that is run by its state.
FOURTH_ORDER = nef.LinearFilter([1.0], np.poly([-3.0, -4.0, -5.0, -6.0]) / 360.0)
Model = Callable[[], nef.Network]


@pytest.mark.parametrize("name", WITH_NENGO)
def test_rules_give_the_weights_and_spikes_of_nengo(name: str) -> None:
    net = WITH_NENGO[name]()
    report = nef.crosscheck(net, 2.0, ("numpy", "nengo"))
    assert report.n_spikes > 1000
    assert report.spikes_differ == 0
    actual, expected = (_weights(net, backend) for backend in ("numpy", "nengo"))
    # Nengo multiplies in another order: a rounding per step, and 500 of them.
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("name", [*WITH_NENGO, *OWN])
def test_compiled_rules_equal_the_reference(name: str) -> None:
    net = (WITH_NENGO | OWN)[name]()
    report = nef.crosscheck(net, 2.0, ("numpy", "numba"))
    assert report.n_spikes > 500
    assert report.spikes_differ == 0
    actual, compiled = (_weights(net, backend) for backend in BACKENDS)
    # Products are summed in another order where an error is encoded.
    np.testing.assert_allclose(compiled, actual, rtol=0, atol=1e-12 * np.abs(actual).max())


def _weights(net: nef.Network, backend: str, **options: Any) -> np.ndarray:
    with nef.Simulator(net, backend=backend, **options) as sim:
        sim.run(0.5)
        return np.asarray(sim.data[net.probes[0]])


def _constant(rule: nef.LearningRule) -> tuple[nef.Network, nef.Connection, nef.Probe]:
    """Rate neurons with a constant input, no filters, and the error of this very step."""
    net = nef.Network(seed=1)
    stimulus = net.node(0.3)
    a = net.ensemble(40, 1, neuron_type=nef.LIFRate())
    out, error = net.node(size_in=2), net.node(size_in=2)
    net.connect(stimulus, a, synapse=None)
    learned = net.connect(a, out, function=lambda x: [0.0, 0.0], synapse=None, learning_rule=rule)
    net.connect(out, error, synapse=None)
    net.connect(net.node([-0.5, 0.7]), error, synapse=None)
    net.connect(error, learned.learning_rule, synapse=None)
    return net, learned, net.probe(error)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_error_of_pes_shrinks_by_the_same_factor_in_each_step(backend: str) -> None:
    kappa = 2e-4
    net, learned, error = _constant(nef.PES(kappa, pre_synapse=None))
    activity = net.probe(learned.learning_rule, "activities")
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.5)
    a = sim.data[activity][0]
    gamma = 1 - kappa * 0.001 * (a @ a) / len(a)
    expected = np.array([-0.5, 0.7]) * gamma ** np.arange(500)[:, None]
    np.testing.assert_allclose(sim.data[error], expected, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rls_is_ridge_regression_on_all_steps(backend: str) -> None:
    kappa, dt = 0.05, 0.001
    net = nef.Network(seed=1)
    signal = nef.WhiteSignal(1.0, high=20.0)
    stimulus = net.node(signal, size_out=2)
    a = net.ensemble(30, 2, neuron_type=nef.LIFRate())
    out, error = net.node(size_in=2), net.node(size_in=2)
    net.connect(stimulus, a, synapse=None)
    learned = net.connect(
        a, out, function=lambda x: [0.0, 0.0], synapse=None, learning_rule=nef.RLS(kappa, None)
    )
    net.connect(out, error, synapse=None)
    net.connect(stimulus, error, transform=-1, synapse=None)
    net.connect(error, learned.learning_rule, synapse=None)
    activity, target = net.probe(a.neurons), net.probe(stimulus)
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.5)
    A, Y = sim.data[activity], sim.data[target]
    ridge = np.eye(30) * 30 / (kappa * dt)
    batch = np.linalg.solve(A.T @ A + ridge, A.T @ Y)
    got = sim.data[learned].decoders
    np.testing.assert_allclose(got, batch, rtol=0, atol=1e-8 * np.abs(batch).max())


@pytest.mark.parametrize("backend", BACKENDS)
def test_hpes_with_full_supervision_is_pes_up_to_rounding(backend: str) -> None:
    one, two = weights(nef.HPES(1e-3, supervision=1.0)), weights(nef.PES(1e-3))
    first, second = (_learned(net, backend) for net in (one, two))
    assert np.ptp(first) > 0
    # The weights of PES are in factors, whose sums are in another order.
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-12 * np.abs(first).max())


def _learned(net: nef.Network, backend: str) -> np.ndarray:
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.5)
    learned = next(c for c in net.connections if c.rules)
    return np.asarray(sim.data[learned].weights)


def test_hpes_without_supervision_is_bcm_with_a_rate_for_each_neuron() -> None:
    rng = np.random.default_rng(0)
    pre, post, theta = rng.uniform(0, 200, 7), rng.uniform(0, 200, 5), rng.uniform(0, 200, 5)
    gain, max_rates = rng.uniform(1, 9, 5), rng.uniform(200, 400, 5)
    kappa, scale = 1e-3, 0.5
    rule = nef.HPES(kappa, supervision=0.0, bcm_scale=scale)
    extra = {"theta": theta, "gain": gain, "max_rates": max_rates}
    actual = rule.step(pre, post, rng.normal(size=5), None, **extra)
    bcm = nef.BCM(1.0).step(pre, post, None, None, theta=theta)
    rates = kappa * gain * scale / (len(pre) * max_rates**2)
    # Divisions are taken in another order.
    np.testing.assert_allclose(actual, rates[:, None] * bcm, rtol=1e-12)


def test_filters_of_hpes_may_be_numbers_and_its_shares_are_checked() -> None:
    rule = nef.HPES(1, pre_synapse=0.01, theta_synapse=2, beta=1, theta_start=[1, 2])
    assert rule.pre_synapse == nef.Lowpass(0.01) and rule.theta_synapse == nef.Lowpass(2.0)
    assert isinstance(rule.learning_rate, float) and isinstance(rule.beta, float)
    assert rule.theta_start.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="supervision must"):
        nef.HPES(supervision=1.5)


def test_the_bcm_term_of_hpes_is_as_large_as_published_by_default() -> None:
    """2e-8 a (a - theta) beside the error, whatever the maximum rates."""
    rng = np.random.default_rng(0)
    pre, post, theta = rng.uniform(0, 200, 7), rng.uniform(0, 200, 5), rng.uniform(0, 200, 5)
    gain, max_rates = rng.uniform(1, 9, 5), rng.uniform(200, 400, 5)
    extra = {"theta": theta, "gain": gain, "max_rates": max_rates}
    change = nef.HPES(0.7, supervision=0.2).step(pre, post, np.zeros(5), None, **extra)
    expected = np.outer(0.7 / 7 * 0.8 * 2e-8 * gain * post * (post - theta), pre)
    # Divided by the maximum rate and multiplied again.
    np.testing.assert_allclose(change, expected, rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("theta", [nef.Lowpass(20.0), nef.Alpha(2.0), FOURTH_ORDER], ids=repr)
def test_a_threshold_may_start_at_another_rate_for_each_neuron(
    backend: str, theta: nef.LinearFilter
) -> None:
    start = np.linspace(10.0, 200.0, 30)

    def weights_after(begin: Any) -> np.ndarray:
        net = nef.Network(seed=1)
        a, b = net.ensemble(40, 2), net.ensemble(30, 2)
        net.connect(net.node([0.5, -0.3]), a)
        # So slow that no spike changes, and each row of the weights depends on its neuron alone.
        rule = nef.BCM(1e-15, theta_synapse=theta, theta_start=begin)
        c = net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=rule)
        with nef.Simulator(net, backend=backend) as sim:
            before = np.array(sim.data[c].weights)
            sim.run(0.1)
            return np.asarray(sim.data[c].weights - before)

    together = weights_after(start)
    assert np.ptp(together) > 0
    for i in range(0, 30, 7):
        np.testing.assert_array_equal(together[i], weights_after(float(start[i]))[i])


def test_a_threshold_has_one_start_for_each_neuron() -> None:
    with pytest.raises(ValueError, match="theta_start must have one number for each of"):
        nef.Simulator(weights(nef.BCM(theta_start=[1.0, 2.0, 3.0])))


def test_hpes_without_supervision_ignores_the_error() -> None:
    net = weights(nef.HPES(1e-3, supervision=0.0))
    before = _learned(net, "numba")
    other = weights(nef.HPES(1e-3, supervision=0.0))
    other.connect(other.node([3.0, -2.0]), other.connections[1].learning_rule)
    np.testing.assert_array_equal(_learned(other, "numba"), before)


def test_sanger_finds_the_principal_components() -> None:
    net = nef.Network(seed=2)
    rng = np.random.default_rng(5)
    mix = np.linalg.qr(rng.normal(size=(12, 12)))[0][:, :3] * [3.0, 2.0, 1.0]
    samples = rng.normal(size=(4000, 3)) @ mix.T
    source = net.node(nef.PresentInput(samples, 0.001))
    a = net.ensemble(
        12,
        12,
        neuron_type=nef.RectifiedLinear(),
        encoders=np.eye(12),
        gain=np.ones(12),
        bias=np.full(12, 30.0),
        normalize_encoders=False,
    )
    net.connect(source, a, synapse=None)
    out = net.node(size_in=3)
    # The mean is subtracted, as principal components are those of the covariance.
    learned = net.connect(
        a.neurons,
        out,
        transform=0.1 * rng.normal(size=(3, 12)),
        synapse=None,
        learning_rule=Centred(2.0),
    )
    with nef.Simulator(net) as sim:
        sim.run(4.0)
    actual = np.linalg.qr(sim.data[learned].weights.T)[0]
    expected = np.linalg.svd(samples - samples.mean(0), full_matrices=False)[2][:3].T
    cosines = np.linalg.svd(actual.T @ expected, compute_uv=False)
    assert np.degrees(np.arccos(min(cosines.min(), 1.0))) < 5.0


@dataclass(frozen=True, eq=False)
class Centred(nef.LearningRule):
    """Sanger's rule on activities less their mean of 30 Hz."""

    learning_rate: float
    pre_synapse: None = None
    modifies = "decoders"

    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        x = pre - 30.0
        return nef.Sanger(self.learning_rate).step(x, weights @ x, None, weights)


@dataclass(frozen=True, eq=False)
class Own(nef.LearningRule):
    """A rule of a user, the same as BCM."""

    learning_rate: float = 1e-8

    def traces(self) -> Any:
        return nef.BCM().traces()

    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        return self.learning_rate * np.outer(post * (post - more["theta"]), pre)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_custom_rule_equals_the_rule_of_the_package(backend: str) -> None:
    own, known = _weights(weights(Own()), backend), _weights(weights(nef.BCM(1e-8)), backend)
    np.testing.assert_allclose(own, known, rtol=1e-12)


def test_a_result_of_the_wrong_shape_is_refused_with_its_time() -> None:
    @dataclass(frozen=True, eq=False)
    class Wrong(nef.LearningRule):
        def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
            return np.zeros(3)

    with pytest.raises(ValueError, match=r"Wrong.step: result must return.*at t = 0.001 s"):
        nef.Simulator(weights(Wrong())).run(0.1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rule", [nef.PES(1e-3), nef.RLS(1e-3)], ids=repr)
def test_a_gate_switches_learning(backend: str, rule: nef.LearningRule) -> None:
    net = decoders(rule)
    learned = next(c for c in net.connections if c.rules)
    gate = net.node(nef.Piecewise({0.0: 1.0, 0.2: 0.0, 0.4: 1.0}))
    net.connect(gate, learned.learning_rule.gate, synapse=None)
    w = _weights(net, backend)
    moved = np.abs(np.diff(w, axis=0)).max(axis=(1, 2)) > 0
    assert moved[50:198].all()
    assert not moved[200:398].any()
    assert moved[400:].all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gate_that_stays_open_changes_nothing(backend: str) -> None:
    plain, gated = weights(nef.HPES(1e-3)), weights(nef.HPES(1e-3))
    learned = next(c for c in gated.connections if c.rules)
    gated.connect(gated.node(1.0), learned.learning_rule.gate, synapse=None)
    np.testing.assert_array_equal(_learned(gated, backend), _learned(plain, backend))


@pytest.mark.parametrize("name", ["pes", "rls", "several", "voja", "hpes with decay", "sanger"])
def test_trials_of_a_batch_learn_apart_and_the_first_as_alone(name: str) -> None:
    net = (WITH_NENGO | OWN)[name]()
    alone = _weights(net, "numpy")
    for backend in BACKENDS:
        trials = _weights(net, backend, batch_size=3)
        assert trials.shape == (3, *alone.shape)
        np.testing.assert_allclose(trials[0], alone, rtol=0, atol=1e-12 * np.abs(alone).max())
        assert np.abs(trials[1] - trials[0]).max() > 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["rls", "hpes", "voja"])
def test_a_run_saved_half_way_equals_a_run_in_one_piece(
    backend: str, name: str, tmp_path: Path
) -> None:
    net = (WITH_NENGO | OWN)[name]()
    whole = _weights(net, backend)
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.2)
        path = sim.save(tmp_path / "half")
    later = nef.Simulator.load(path, net, backend=backend)
    later.run(0.3)
    np.testing.assert_array_equal(later.data[net.probes[0]], whole)


@pytest.mark.parametrize("backend", BACKENDS)
def test_learned_weights_can_be_read_and_set(backend: str) -> None:
    net = decoders(nef.PES(1e-3))
    learned = next(c for c in net.connections if c.rules)
    sim = nef.Simulator(net, backend=backend)
    data = sim.data[learned]
    np.testing.assert_array_equal(data.weights, data.initial_weights)
    sim.run(0.3)
    now = sim.data[learned].weights
    assert np.abs(now - data.initial_weights).max() > 0
    np.testing.assert_array_equal(sim.data[learned].decoders, now.T)
    other = nef.Simulator(net, backend=backend)
    other.data[learned].weights = now
    other.run_steps(1)
    np.testing.assert_array_equal(other.data[net.probes[0]][0], now)
    sim.reset()
    np.testing.assert_array_equal(sim.data[learned].weights, data.initial_weights)


def test_learned_encoders_are_those_of_the_ensemble() -> None:
    net = WITH_NENGO["voja"]()
    b = net.ensembles[1]
    sim = nef.Simulator(net)
    before = sim.data[b].encoders
    sim.run(0.5)
    scaled = sim.data[b].encoders * (sim.data[b].gain / 1.5)[:, None]
    np.testing.assert_allclose(scaled, sim.data[b].scaled_encoders, rtol=1e-12)
    assert np.abs(sim.data[b].encoders - before).max() > 0.01


def test_probes_of_fixed_encoders_show_them() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(10, 2)
    encoder_probe = net.probe(a, "scaled_encoders")
    with nef.Simulator(net) as sim:
        sim.run_steps(2)
    np.testing.assert_array_equal(sim.data[encoder_probe][1], sim.data[a].scaled_encoders)


def test_a_rule_without_an_error_is_refused_by_name() -> None:
    net = nef.Network(seed=1)
    net.connect(net.ensemble(9, 1), net.ensemble(9, 1), learning_rule=nef.PES(), label="learned")
    with pytest.raises(ValueError, match=r"'learned'.*learning_rule must have an error, got PES"):
        nef.Simulator(net)


def test_rules_where_there_is_nothing_to_change_are_refused() -> None:
    net = nef.Network(seed=1)
    a, node = net.ensemble(9, 1), net.node(size_in=1)
    with pytest.raises(ValueError, match="must have activities to learn from"):
        net.connect(node, a, learning_rule=nef.PES())
    with pytest.raises(ValueError, match="must have weights onto neurons to change"):
        net.connect(a, a, learning_rule=nef.BCM())
    with pytest.raises(ValueError, match="must have encoders to change"):
        net.connect(a, node, learning_rule=nef.Voja())
    with pytest.raises(ValueError, match="post must take input"):
        c = net.connect(a, a, solver=FULL, learning_rule=nef.BCM())
        net.connect(node, c.learning_rule)
    assert len(net.connections) == 1


def test_the_warning_of_a_rate_above_the_bound_suggests_a_rate() -> None:
    net, learned, _ = _constant(nef.PES(1.0, pre_synapse=None))
    with pytest.warns(UserWarning, match="learning_rate must be below 2 n") as caught:
        nef.Simulator(net)
    assert caught[0].filename == __file__
    good = nef.suggest_learning_rate(learned)
    net, _, error = _constant(nef.PES(good, pre_synapse=None))
    with nef.Simulator(net) as sim:
        sim.run(0.5)
    assert np.abs(sim.data[error][-1]).max() < 0.03 * 0.7


def _at_one_point(rule: nef.LearningRule | None) -> tuple[nef.Network, Any, nef.Probe, nef.Probe]:
    """Rate neurons that represent one value alone; the error goes through a lowpass of 0.1 s."""
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1, neuron_type=nef.LIFRate(), eval_points=[[0.3]])
    error = net.node(size_in=1)
    net.connect(net.node(0.3), a, synapse=None)
    learned = net.connect(
        a, error, function=np.zeros_like, eval_points=[[0.3]], synapse=None, learning_rule=rule
    )
    net.connect(net.node(-0.5), error, synapse=None)
    if rule is not None:
        net.connect(error, learned.learning_rule, synapse=TAU)
    return net, learned, net.probe(error), net.probe(a.neurons)


TAU = 0.1


def test_the_bound_is_where_the_error_stops_shrinking() -> None:
    _, _, activity = _error_after(1e-4)
    bound = learning_rate_bound(activity @ activity, len(activity), 0.001)
    for share in (0.99, 1.01):
        first, last, _ = _error_after(share * bound)
        # Each step multiplies the error by 1 - 2 share.
        assert last / first == pytest.approx(abs(1 - 2 * share) ** 200, rel=1e-9)
    assert learning_rate_bound(0.0, 40, 0.001) == np.inf


def _error_after(kappa: float) -> tuple[float, float, np.ndarray]:
    """The error at first and after 200 steps, and the activities."""
    net, learned, error = _constant(nef.PES(kappa, pre_synapse=None))
    activity = net.probe(learned.learning_rule, "activities")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        sim = nef.Simulator(net)
    with sim:
        sim.run_steps(201)
    size = np.abs(sim.data[error]).max(axis=1)
    return size[0], size[-1], sim.data[activity][0]


def test_only_rates_above_the_bound_are_warned_of() -> None:
    net, _, _, rates = _at_one_point(None)
    with nef.Simulator(net) as sim:
        sim.run_steps(1)
    a = sim.data[rates][0]
    bound = learning_rate_bound(a @ a, len(a), 0.001)
    nef.Simulator(_at_one_point(nef.PES(0.999 * bound))[0])
    with pytest.warns(UserWarning, match="learning_rate must be below") as caught:
        nef.Simulator(_at_one_point(nef.PES(1.001 * bound))[0])
    assert f"= {bound:.2g} " in str(caught[0].message)
    assert f"try {bound / 20:.1g} " in str(caught[0].message)


def test_the_suggested_rate_damps_the_loop_of_the_error_critically() -> None:
    """No faster rate is free of oscillation: the error is (1 + t / 2 tau) exp(-t / 2 tau)."""
    kappa = nef.suggest_learning_rate(_at_one_point(None)[1], error_tau=TAU)
    net, _, error, _ = _at_one_point(nef.PES(kappa, pre_synapse=None))
    with nef.Simulator(net) as sim:
        sim.run(1.0)
    share = sim.data[error][:, 0] / -0.5
    t = sim.trange() / (2 * TAU)
    # Euler steps of the weights have an error of a share dt / tau of the change.
    np.testing.assert_allclose(share, (1 + t) * np.exp(-t), atol=2 * 0.001 / TAU)
    assert share.min() > 0


def test_the_suggested_rate_counts_the_synapse_and_stays_far_below_the_bound() -> None:
    net, learned, _, rates = _at_one_point(None)
    with nef.Simulator(net) as sim:
        sim.run_steps(1)
    a = sim.data[rates][0]
    bound = learning_rate_bound(a @ a, len(a), 0.001)
    assert nef.suggest_learning_rate(learned, error_tau=0.0) == pytest.approx(bound / 20, rel=1e-12)
    slow = net.connect(learned.pre, learned.post, function=np.zeros_like, synapse=0.03)
    one = nef.suggest_learning_rate(learned, error_tau=0.07)
    assert nef.suggest_learning_rate(slow, error_tau=0.04) == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_associations_fade_while_others_are_stored_and_stay_otherwise(backend: str) -> None:
    eta, fade, dt = 3.0, 2.0, 0.001
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1, neuron_type=nef.LIFRate())
    out = net.node(size_in=2)
    net.connect(net.node(0.3), a, synapse=None)
    rule = nef.Association(eta, forgetting=fade, pre_synapse=None)
    learned = net.connect(a, out, function=lambda x: [x[0], -x[0]], learning_rule=rule)
    target = net.node(nef.Piecewise({0.0: [0.5, -0.7], 0.3: [0.0, 0.0]}), size_out=2)
    net.connect(target, learned.learning_rule, synapse=None)
    weight_probe, activity = (
        net.probe(learned, "weights"),
        net.probe(learned.learning_rule, "activities"),
    )
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.4)
    W, a = sim.data[weight_probe], sim.data[activity][0]
    stored = eta * np.outer([0.5, -0.7], a) / (a @ a) / fade
    k = np.arange(299)[:, None, None]
    expected = stored + (1 - fade * dt) ** k * (W[0] - stored)
    np.testing.assert_allclose(W[:299], expected, rtol=0, atol=1e-12 * np.abs(W).max())
    np.testing.assert_array_equal(W[300:], np.broadcast_to(W[300], W[300:].shape))


@pytest.mark.parametrize("backend", BACKENDS)
def test_diverging_learning_raises_at_its_step(backend: str) -> None:
    net, learned, error = _constant(nef.PES(1.0, pre_synapse=None))
    with pytest.warns(UserWarning, match="learning_rate"):
        sim = nef.Simulator(net, backend=backend)
    with pytest.raises(ValueError, match=r"learning_rule: weights must stay below 1e\+09") as info:
        sim.run(1.0)
    assert 0 < sim.n_steps < 100
    assert f"at t = {(sim.n_steps + 1) * 0.001:g} s" in str(info.value)
    assert len(sim.data[error]) == sim.n_steps
    assert np.abs(sim.data[learned].weights).max() < 1e9


def test_float32_learns_about_the_same() -> None:
    net = decoders(nef.PES(1e-3))
    double, single = _weights(net, "numba"), _weights(net, "numba", dtype="float32")
    assert single.dtype == np.float32
    # One spike more or less moves the error by its post-synaptic current.
    np.testing.assert_allclose(single, double, atol=0.05 * np.abs(double).max())


def test_sanger_on_spikes_keeps_its_rows_bounded() -> None:
    w = _weights(sanger(), "numba")
    assert np.linalg.norm(w[-1], axis=1).max() < 2.0


def test_several_connections_add_up_to_the_error() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 2), net.ensemble(20, 2)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-3))
    stimulus = net.node(0.5)
    net.connect(stimulus, learned.learning_rule[1], synapse=None)
    error_probe = net.probe(learned.learning_rule)
    with nef.Simulator(net) as sim:
        sim.run_steps(3)
    np.testing.assert_array_equal(sim.data[error_probe], [[0.0, 0.5]] * 3)


# Back to the start, with the learned weights


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*WITH_NENGO, *OWN])
def test_a_reset_can_preserve_learned_weights(name: str, backend: str) -> None:
    net = (WITH_NENGO | OWN)[name]()
    fresh = nef.Simulator(net, backend=backend, batch_size=2)
    with nef.Simulator(net, backend=backend, batch_size=2) as sim:
        sim.run(0.1)
        before = [{key: value.copy() for key, value in memory.items()} for memory in sim.state.ops]
        sim.reset(keep_weights=True)
        assert sim.n_steps == 0
        changed, program = 0, sim.built.program
        reads = [
            part.traces["theta"]
            for op in program.ops
            if isinstance(op, Learn)
            for part in op.parts
            if "theta" in part.traces
        ]
        thresholds = {program.writer[read.signal] for read in reads}
        assert bool(thresholds) == (name.startswith(("bcm", "hpes")) or name == "several")
        for i, op in enumerate(program.ops):
            learned = isinstance(op, (Weigh, Learn)) or i in thresholds
            for key, value in (before if learned else fresh.state.ops)[i].items():
                np.testing.assert_array_equal(sim.state.ops[i][key], value)
                changed += learned and not np.array_equal(value, fresh.state.ops[i][key])
        assert changed
        sim.run(0.01)  # uses the preserved weights
        sim.reset()
        for actual, start in zip(sim.state.ops, fresh.state.ops, strict=True):
            assert all(np.array_equal(actual[key], start[key]) for key in start)


def test_keep_weights_must_be_a_flag_and_needs_a_state_of_nefsim() -> None:
    net = decoders(nef.PES())
    with pytest.raises(TypeError, match=r"keep_weights must be True or False, got 1"):
        nef.Simulator(net).reset(keep_weights=1)  # type: ignore[arg-type]
    pytest.importorskip("nengo")
    with pytest.raises(
        ValueError, match=r"backend must be one that keeps learned weights, got nengo"
    ):
        nef.Simulator(net, backend="nengo").reset(keep_weights=True)


def test_the_weights_of_trials_may_be_set_apart() -> None:
    net = nef.Network(seed=1)
    a, error = net.ensemble(20, 1), net.node(size_in=1)
    learned = net.connect(a, error, learning_rule=nef.PES(1e-12))
    net.connect(error, learned.learning_rule)
    y = net.probe(error)
    given = np.stack([np.zeros((1, 20)), np.full((1, 20), 1e-3)])
    with nef.Simulator(net, batch_size=2) as sim:
        sim.data[learned].weights = given
        np.testing.assert_array_equal(sim.data[learned].weights, given)
        sim.run(0.1)
        assert not sim.data[y][0].any() and sim.data[y][1].any()
        with pytest.raises(ValueError, match=r"must have shape \(2, 1, 20\)"):
            sim.data[learned].weights = given[:1]


@pytest.mark.parametrize("batch_size", [None, 2])
def test_the_threshold_starts_where_the_rule_says(batch_size: int | None) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 1), net.ensemble(10, 1)
    rule = nef.BCM(theta_start=40.0, theta_synapse=1e6)
    weights = np.zeros((10, 10))
    net.connect(a.neurons, b.neurons, transform=weights, learning_rule=rule)
    with nef.Simulator(net, batch_size=batch_size) as sim:
        ops, memories = sim.built.program.ops, sim.state.ops
        thetas = [m["z"] for op, m in zip(ops, memories, strict=True) if getattr(op, "start", 0)]
        (theta,) = thetas
        assert theta.size == 10 * (batch_size or 1)
        # What is carried over from its output: all but a share of 1e-9.
        np.testing.assert_allclose(theta, 40.0, rtol=2e-9)
