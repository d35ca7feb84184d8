"""Neurons that start in their steady state fire from the first step on as they do later."""

import numpy as np
import pytest

import nefsim as nef
from nefsim.neurons.steady import steady_values

DT = 0.001
TYPES = [
    nef.LIF(),
    nef.LIF(tau_rc=0.01, tau_ref=0.005),
    nef.LIF(method="euler"),
    nef.LIF(tau_rc=0.0001, tau_ref=0.02),  # whose refractory factor would overflow
]


def stepped(neuron, J, start, n_steps):
    """Spikes (n_steps, N) at constant currents, and the state at the end."""
    state = neuron.start(start, DT)
    out, spikes = np.empty_like(J), []
    for _ in range(n_steps):
        neuron.step(J, state, DT, out)
        spikes.append(out > 0)
    return np.array(spikes), {name: neuron.read(state, name) for name in start}


def farthest(a, b):
    """The largest difference between the shares of two samples (Kolmogorov and Smirnov)."""
    points = np.concatenate([a, b])
    return np.abs(
        np.searchsorted(np.sort(a), points, "right") / len(a)
        - np.searchsorted(np.sort(b), points, "right") / len(b)
    ).max()


@pytest.mark.parametrize("neuron", TYPES, ids=repr)
@pytest.mark.parametrize("current", [1.1, 2.0, 10.0])
def test_the_rate_is_steady_from_the_first_step_on(neuron, current):
    n = 20_000
    J = np.full(n, current)
    spikes, _ = stepped(neuron, J, steady_values(neuron, J, DT, np.random.default_rng(0)), 20)
    first, later = spikes[:5].mean() / DT, spikes[5:].mean() / DT
    rate = neuron.rates(J[:1]).item()
    # Euler's intervals are whole steps, up to two longer or shorter than those of the curve.
    slack = rate * 2.5 * DT if neuron.method == "euler" else 0.0
    # The spikes of 5 steps are at most 5 n draws; four standard deviations.
    assert first == pytest.approx(rate, rel=slack, abs=4 * np.sqrt(rate / DT / n / 5))
    assert later == pytest.approx(rate, rel=slack, abs=4 * np.sqrt(rate / DT / n / 5))


@pytest.mark.parametrize("neuron", [nef.LIF(), nef.LIF(tau_ref=0.006)], ids=repr)
def test_the_states_are_spread_as_after_long_firing(neuron):
    n = 20_000
    J = np.full(n, 2.0)
    start = steady_values(neuron, J, DT, np.random.default_rng(1))
    _, late = stepped(neuron, J, start, 137)
    # Both are drawn from one law: once in 10,000 times they differ by more.
    bound = np.sqrt(np.log(2 / 1e-4) / n)
    for name, values in late.items():
        now, before = np.maximum(values - DT, 0), np.maximum(start[name] - DT, 0)
        pair = (now, before) if name == "refractory_time" else (values, start[name])
        assert farthest(*pair) < bound


def test_neurons_without_steady_state_fire_in_waves():
    n = 20_000
    J = np.full(n, 10.0)
    start = {"voltage": np.random.default_rng(0).random(n), "refractory_time": np.zeros(n)}
    spikes, _ = stepped(nef.LIF(), J, start, 2)
    assert spikes.mean() / DT > 1.5 * nef.LIF().rates(10.0)


def test_neurons_that_do_not_fire_are_at_their_current():
    J = np.array([-3.0, 0.0, 0.4, 1.0])
    state = steady_values(nef.LIF(min_voltage=-1.0), J, DT, np.random.default_rng(0))
    assert state["voltage"].tolist() == [-1.0, 0.0, 0.4, 1.0]
    assert state["refractory_time"].tolist() == [0.0] * 4


def test_neurons_that_adapt_have_adapted():
    neuron, J = nef.AdaptiveLIF(tau_n=0.5), np.full(5000, 3.0)
    spikes, _ = stepped(neuron, J, steady_values(neuron, J, DT, np.random.default_rng(0)), 100)
    rate = neuron.rates(J[:1]).item()
    # Adaptation moves a little between spikes, which the rate curve leaves out.
    assert spikes[:50].mean() / DT == pytest.approx(rate, rel=0.02)
    assert spikes[50:].mean() / DT == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_population_has_its_rate_at_once(backend):
    pytest.importorskip("numba" if backend == "numba" else "numpy")

    def counts(initial_state):
        net = nef.Network(seed=1)
        source = net.node([0.5, -0.3])
        a = net.ensemble(2000, 2, initial_state=initial_state, radius=1.5)
        net.connect(source, a, synapse=None)
        probe = net.probe(a.neurons)
        sim = nef.Simulator(net, backend=backend, progress=False)
        sim.run(0.3)
        return (np.asarray(sim.data[probe]) > 0).sum(axis=1)

    steady, usual = counts(nef.SteadyState([0.5, -0.3])), counts(None)
    late = steady[100:].mean()
    # Some 150 spikes in a step: three of them are known to 5 per cent.
    assert steady[:3].mean() == pytest.approx(late, rel=0.15)
    assert usual[:3].mean() > 1.3 * late


def test_back_ends_have_the_same_spikes():
    pytest.importorskip("numba")
    net = nef.Network(seed=2)
    a = net.ensemble(60, 1, initial_state=nef.SteadyState(0.2))
    b = net.ensemble(60, 1, neuron_type=nef.AdaptiveLIF(), initial_state=nef.SteadyState())
    net.connect(a, b)
    net.probe(a.neurons)
    net.probe(b.neurons)
    report = nef.crosscheck(net, 0.2, backends=("numpy", "numba"))
    assert report.spikes_differ == 0
    assert report.n_spikes > 100
    assert "ensemble" in str(nef.describe(net))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: net.ensemble(5, 2, initial_state=nef.SteadyState([1.0])), "2 dimensions"),
        (
            lambda net: net.ensemble(
                5, 1, neuron_type=nef.LIFRate(), initial_state=nef.SteadyState()
            ),
            "be a dict for this neuron type",
        ),
    ],
)
def test_a_steady_state_that_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(nef.Network())
