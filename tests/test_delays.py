"""Delays of connections: the same values, so many steps later, on every back end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import nefsim as nef
from nefsim import backends, filtering

BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]
DELAYS = (0.001, 0.002, 0.013)

#: What a connection can be, from a population a to one b; both have 30 neurons in 2 dimensions.
KINDS: dict[str, Any] = {
    "decoded": lambda net, u, a, b, **how: net.connect(a, b, **how),
    "a function": lambda net, u, a, b, **how: net.connect(a, b[1], lambda x: x[0] * x[1], **how),
    "of weights": lambda net, u, a, b, **how: net.connect(
        a, b, solver=nef.LstsqL2(weights=True), **how
    ),
    "of neurons": lambda net, u, a, b, **how: net.connect(
        a.neurons, b.neurons, transform=0.001, **how
    ),
    "of some neurons": lambda net, u, a, b, **how: net.connect(
        a.neurons[3:9], b.neurons[[9, 8, 7, 0, 1, 2]], transform=0.01, **how
    ),
    "of sparse weights": lambda net, u, a, b, **how: net.connect(
        a.neurons, b.neurons, transform=0.003 * scipy.sparse.eye_array(30, k=2), **how
    ),
    "of a node": lambda net, u, a, b, **how: net.connect(u, b, transform=[[1], [2]], **how),
    "of a function of a node": lambda net, u, a, b, **how: net.connect(u, b[0], np.square, **how),
}


def made(kind: str, **how: Any) -> tuple[nef.Network, nef.Ensemble, nef.Connection]:
    """A connection between two populations, the first of which gets a sine."""
    net = nef.Network(seed=1)
    u = net.node(lambda t: np.sin(20 * t))
    a, b = net.ensemble(30, 2, label="a"), net.ensemble(30, 2, label="b")
    net.connect(u, a, transform=[[1.0], [-0.5]], synapse=None)
    return net, b, KINDS[kind](net, u, a, b, **how)


def ran(net: nef.Network, *probes: nef.Probe, seconds: float = 0.15, **how: Any) -> Any:
    with nef.Simulator(net, progress=False, **how) as sim:
        sim.run(seconds)
    return [sim.data[probe] for probe in probes]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("synapse", [None, 0.005, nef.Alpha(0.01)])
def test_currents_are_those_without_a_delay_shifted(kind: str, synapse: Any, backend: str) -> None:
    net, b, _ = made(kind, synapse=synapse)
    (currents,) = ran(net, net.probe(b.neurons, "input"), backend=backend)
    for delay in DELAYS:
        net, b, _ = made(kind, synapse=synapse, delay=delay)
        (later,) = ran(net, net.probe(b.neurons, "input"), backend=backend)
        steps = round(delay / 0.001)
        # What nothing filters and delays is weighed, multiplied by the gain and added to the bias
        # at once: sums of some thirty numbers in another order.
        close = 1e-13 * np.abs(currents).max() if synapse is None else 0
        assert np.abs(later[steps:] - currents[:-steps]).max() <= close
        bias = nef.Simulator(net).data[b].bias
        assert np.array_equal(later[:steps], np.tile(bias, (steps, 1)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_spikes_are_those_of_currents_played_later(kind: str, backend: str) -> None:
    net, b, _ = made(kind)
    (currents,) = ran(net, net.probe(b.neurons, "input"), backend=backend)
    net, b, _ = made(kind, delay=0.013)
    (spikes,) = ran(net, net.probe(b.neurons), backend=backend)
    bias = nef.Simulator(net).data[b].bias

    twin = nef.Network(seed=1)
    twin.ensemble(30, 2)
    b = twin.ensemble(30, 2, gain=np.ones(30), bias=np.zeros(30))
    played = np.concatenate([np.tile(bias, (13, 1)), currents])
    source = twin.node(lambda t: played[round(t / 0.001) - 1], size_out=30)
    twin.connect(source, b.neurons, synapse=None)
    (expected,) = ran(twin, twin.probe(b.neurons), backend=backend)
    assert spikes.sum() > 0
    assert np.array_equal(spikes > 0, expected > 0)


RULES = {
    "PES": (nef.PES(1e-3), {}),
    "PES on weights": (nef.PES(1e-3), {"solver": nef.LstsqL2(weights=True)}),
    "delta": (nef.DeltaRule(1e-6), {}),
    "RLS": (nef.RLS(), {}),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", RULES)
def test_what_is_learned_is_learned_later(name: str, backend: str) -> None:
    rule, options = RULES[name]

    def run(delay: float) -> Any:
        net = nef.Network(seed=1)
        u = net.node(lambda t: np.sin(20 * t))
        a, b = net.ensemble(20, 1), net.ensemble(20, 1)
        net.connect(u, a)
        c = net.connect(a, b, learning_rule=rule, delay=delay, **options)
        net.connect(u, c.learning_rule, transform=-1, delay=delay)
        return ran(net, net.probe(c, "weights"), net.probe(c), backend=backend)

    (weights, values), (later, shifted) = run(0.0), run(0.013)
    assert not np.array_equal(weights[0], weights[-1])
    assert np.array_equal(later[13:], weights[:-13])
    # Compiled, what is learned weighs spikes one by one, and what was delayed as a vector.
    assert np.abs(shifted[13:] - values[:-13]).max() <= 1e-13 * np.abs(values).max()
    assert np.array_equal(later[:13], np.tile(weights[0], (13, *[1] * (weights.ndim - 1))))


@pytest.mark.parametrize("backend", BACKENDS)
def test_encoders_learn_from_what_arrives(backend: str) -> None:
    def run(delay: float) -> Any:
        net = nef.Network(seed=1)
        u = net.node(lambda t: [np.sin(20 * t), np.cos(20 * t)])
        # Without a bias, so that it does nothing before its input arrives.
        a = net.ensemble(30, 2, gain=3.0, bias=0.0, initial_state={"voltage": 0.0})
        net.connect(u, a, learning_rule=nef.Voja(1e-1, post_synapse=None), delay=delay)
        return ran(net, net.probe(a, "scaled_encoders"), net.probe(a.neurons), backend=backend)

    (encoders, spikes), (later, shifted) = run(0.0), run(0.013)
    assert not np.array_equal(encoders[0], encoders[-1])
    assert np.array_equal(later[13:], encoders[:-13])
    assert np.array_equal(shifted[13:], spikes[:-13])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_loop_may_have_a_delay_in_the_place_of_a_synapse(steps: int, backend: str) -> None:
    net = nef.Network()
    x = net.node(size_in=1)
    net.connect(net.node(1.0), x, synapse=None)
    net.connect(x, x, transform=0.5, synapse=None, delay=steps * 0.001)
    (got,) = ran(net, net.probe(x), backend=backend, seconds=0.02)
    ideal = np.zeros(20)
    for k in range(20):
        ideal[k] = 1.0 + (0.5 * ideal[k - steps] if k >= steps else 0.0)
    assert np.array_equal(got[:, 0], ideal)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("options", [{"batch_size": 3}, {"dtype": "float32"}])
def test_batches_and_single_precision_have_delays(options: Any, backend: str) -> None:
    net, b, _ = made("decoded")
    (currents,) = ran(net, net.probe(b.neurons, "input"), backend=backend, **options)
    net, b, _ = made("decoded", delay=0.013)
    (later,) = ran(net, net.probe(b.neurons, "input"), backend=backend, **options)
    assert np.array_equal(later[..., 13:, :], currents[..., :-13, :])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_saved_state_contains_the_delayed_values(backend: str, tmp_path: Any) -> None:
    net, b, _ = made("decoded", delay=0.013)
    probe = net.probe(b.neurons)
    (whole,) = ran(net, probe, backend=backend, seconds=0.1)
    with nef.Simulator(net, backend=backend, progress=False) as sim:
        sim.run(0.05)
        path = sim.save(tmp_path / "half")
    with nef.Simulator.load(path, net) as sim:
        sim.run(0.05)
        assert np.array_equal(sim.data[probe][-50:], whole[50:])
        sim.reset()
        sim.run(0.1)
        assert np.array_equal(sim.data[probe], whole)


def test_a_delay_is_rounded_to_a_step() -> None:
    for dt, delay, steps in ((0.001, 0.0134, 13), (0.0005, 0.0134, 27), (0.001, 0.0004, 0)):
        net = nef.Network()
        x = net.node(size_in=1)
        net.connect(net.node(lambda t: t), x, synapse=None, delay=delay)
        (got,) = ran(net, net.probe(x), dt=dt, seconds=0.05)
        t = dt * np.arange(1, len(got) + 1)
        np.testing.assert_allclose(got[:, 0], np.maximum(0, t - steps * dt), atol=1e-12)


def test_longer_delays_than_can_be_meant_are_refused() -> None:
    net = nef.Network()
    x = net.node(size_in=1)
    net.connect(net.node(1.0), x, delay=200.0, label="late")
    must = "<connection 'late'>: delay must be at most 100000 steps, got 200 s at dt = 0.001 s"
    with pytest.raises(ValueError, match=must):
        nef.Simulator(net)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "synapse", [None, 0.005, nef.Alpha(0.01), nef.LinearFilter([1, 2], [1, 9, 9])]
)
@pytest.mark.parametrize("delay", DELAYS)
def test_nengo_has_the_same_spikes(kind: str, synapse: Any, delay: float) -> None:
    pytest.importorskip("nengo")
    net, b, c = made(kind, synapse=synapse, delay=delay)
    net.probe(b.neurons)
    net.probe(c, "input")
    report = nef.crosscheck(net, seconds=0.2, backends=("numpy", "nengo"))
    assert report.spikes_differ == 0
    # Nengo filters by matrices of the order of the delay, in another order of sums.
    assert all(p.max_abs_diff <= p.tolerance for p in report.probes)


def test_nengo_refuses_delays_where_weights_learn() -> None:
    pytest.importorskip("nengo")
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1)
    c = net.connect(a, a, learning_rule=nef.PES(), delay=0.01)
    net.connect(a, c.learning_rule)
    with pytest.raises(ValueError, match=r"delay must be 0 in Nengo where weights learn"):
        nef.Simulator(net, backend="nengo")


def test_nir_refuses_delays() -> None:
    pytest.importorskip("nir")
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1)
    net.connect(net.node(size_in=1), a, delay=0.01)
    with pytest.raises(ValueError, match="delay"):
        nef.nir.to_nir(net, allow_lossy=True)


@given(
    steps=st.integers(1, 30),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    columns=st.integers(1, 300),
)
@settings(max_examples=60, deadline=None)
def test_rows_are_shifted_however_they_are_taken(
    steps: int, lengths: list[int], columns: int
) -> None:
    form = filtering.shift(steps)
    assert filtering.is_shift(form)
    u = np.random.default_rng(0).normal(size=(sum(lengths), columns))
    ideal = np.concatenate([np.zeros((steps, columns)), u])[: len(u)]
    z = np.zeros((steps, columns))
    found = []
    for i, length in enumerate(lengths):
        start = sum(lengths[:i])
        y = np.empty((length, columns))
        if i % 2:
            filtering.many_rows(form, z)(u[start : start + length], y)
        else:
            one = filtering.one_row(form, z)
            for given_row, shown in zip(u[start : start + length], y, strict=True):
                one(given_row, shown)
        found.append(y)
    assert np.array_equal(np.concatenate(found), ideal)
