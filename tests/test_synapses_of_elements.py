"""Synapses that differ between the dimensions or neurons that a connection ends in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]
SYNAPSES = (nef.Lowpass(0.005), nef.Alpha(0.02), nef.Lowpass(0.005), nef.DoubleExp(0.01, 0.03))


#: Decoders that do not depend on the synapse.
SOLVER = nef.LstsqL2()


def network(connect: Callable[..., Any]) -> nef.Network:
    """Two populations; ``connect(net, a, b)`` makes the connections between them."""
    net = nef.Network(seed=2)
    stimulus = net.node(lambda t: [np.sin(9 * t), np.cos(7 * t), 0.5, -np.sin(5 * t)])
    a, b = net.ensemble(60, 4), net.ensemble(50, 4)
    net.connect(stimulus, a)
    connect(net, a, b)
    net.probe(b.neurons)
    return net


def spikes(net: nef.Network, backend: str, **options: Any) -> Any:
    sim = nef.Simulator(net, backend=backend, progress=False, **options)
    sim.run(0.4)
    return sim.recorded(net.probes[0])


def together(net: nef.Network, a: Any, b: Any) -> None:
    net.connect(a, b, synapse=SYNAPSES, seed=5, solver=SOLVER)


def apart(net: nef.Network, a: Any, b: Any) -> None:
    for i, synapse in enumerate(SYNAPSES):
        matrix = np.zeros((1, 4))
        matrix[0, i] = 1.0
        net.connect(a, b[i], transform=matrix, synapse=synapse, seed=5, solver=SOLVER)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}])
def test_one_connection_has_the_spikes_of_one_for_each_element(
    backend: str, options: dict[str, Any]
) -> None:
    found = spikes(network(together), backend, **options)
    assert found.any()
    assert np.array_equal(found, spikes(network(apart), backend, **options))
    same = network(lambda net, a, b: net.connect(a, b, synapse=0.005, seed=5))
    assert not np.array_equal(found, spikes(same, backend, **options))


@pytest.mark.parametrize(
    "connect",
    [
        together,
        lambda net, a, b: net.connect(a, b[[2, 0]], lambda x: x[:2], synapse=[0.01, 0.1]),
        lambda net, a, b: net.connect(a, b, synapse=[0.01, 0.1, 0.01, 0.05], delay=0.004),
        lambda net, a, b: net.connect(
            a, b, solver=nef.LstsqL2(weights=True), synapse=np.linspace(0.005, 0.05, 50)
        ),
        lambda net, a, b: net.connect(
            a.neurons, b.neurons, transform=np.full((50, 60), 1e-3), synapse=[0.003, 0.02] * 25
        ),
    ],
    ids=["dimensions", "view", "delay", "full weights", "neurons"],
)
def test_all_back_ends_agree(connect: Callable[..., Any]) -> None:
    net = network(connect)
    report = nef.crosscheck(net, seconds=0.3)
    assert report.spikes_differ == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_learn_before_their_synapses(backend: str) -> None:
    """With equal synapses, the connection learns and has the spikes of one with one synapse."""

    def learned(synapse: Any) -> Callable[..., Any]:
        def connect(net: nef.Network, a: Any, b: Any) -> None:
            c = net.connect(
                a, b, lambda x: np.zeros(4), synapse=synapse, learning_rule=nef.PES(1e-3)
            )
            net.connect(a, c.learning_rule)

        return connect

    found = spikes(network(learned([0.02] * 4)), backend)
    assert np.array_equal(found, spikes(network(learned(0.02)), backend))
    assert not np.array_equal(found, spikes(network(learned([0.02] * 3 + [0.2])), backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_probe_of_the_connection_reads_the_filtered_vector(backend: str) -> None:
    net = nef.Network(seed=1)
    source, sink = net.node(lambda t: [t, 1.0]), net.node(size_in=2)
    c = net.connect(source, sink, synapse=[0.01, nef.Alpha(0.03)])
    value, arrived, raw = net.probe(c), net.probe(sink), net.probe(c, "input")
    sim = nef.Simulator(net, backend=backend, progress=False)
    sim.run(0.1)
    expected = nef.PerElement([0.01, nef.Alpha(0.03)]).filt(sim.data[raw])
    # Filters of one pole and of several take their steps in another form than a whole signal.
    assert np.allclose(sim.data[value], expected, rtol=0, atol=1e-14)
    assert np.array_equal(sim.data[arrived][1:], sim.data[value][:-1])


def test_filt_filters_each_column_alone() -> None:
    values = np.random.default_rng(0).normal(size=(3, 50, 4))
    found = nef.PerElement(SYNAPSES).filt(values, axis=1)
    for i, synapse in enumerate(SYNAPSES):
        assert np.array_equal(found[..., i], synapse.filt(values[..., i], axis=1))


def test_a_network_with_them_is_saved(tmp_path: Any) -> None:
    net = nef.Network(seed=1)
    net.connect(net.node(np.ones(4)), net.ensemble(10, 4), synapse=SYNAPSES)
    again = nef.load_network(net.save(tmp_path / "a"))
    assert again.connections[0].synapse == nef.PerElement(SYNAPSES)


@pytest.mark.parametrize(
    ("synapse", "message"),
    [
        ([0.1], "Network.connect: synapse must be of 4 elements, got 1"),
        ([], "PerElement: synapses must have an element or more"),
        ([0.1, None, 0.1, 0.1], "PerElement: synapses must be a number"),
        ([0.1, "a", 0.1, 0.1], "PerElement: synapses must be a number"),
        ([0.1, -1.0, 0.1, 0.1], "PerElement: synapses must be at least 0"),
        ([[0.1], [0.2], [0.3], [0.4]], "PerElement: synapses must"),
        (np.ones((4, 1)), "PerElement: synapses must"),
        ("abcd", "synapse must be"),
    ],
)
def test_other_lists_are_refused(synapse: Any, message: str) -> None:
    net = nef.Network()
    a, b = net.ensemble(10, 4), net.ensemble(10, 4)
    with pytest.raises((ValueError, TypeError), match=message):
        net.connect(a, b, synapse=synapse)
    assert len(net.connections) == 0


def test_probes_and_lists_in_lists_are_refused() -> None:
    net = nef.Network()
    a = net.ensemble(10, 2)
    with pytest.raises(TypeError, match=r"Network\.probe: synapse must be one filter"):
        net.probe(a, synapse=nef.PerElement([0.1, 0.2]))
    with pytest.raises(TypeError, match="be of one element each"):
        nef.PerElement([nef.PerElement([0.1]), 0.1])
    with pytest.raises(TypeError, match="take the synapse of one element"):
        nef.PerElement([0.1, 0.2]).coefficients(0.001)
    with pytest.raises(ValueError, match="have 2 elements along its last axis"):
        nef.PerElement([0.1, 0.2]).filt(np.ones(5))


def test_the_budget_adds_the_noise_behind_each_synapse() -> None:
    def budget(synapse: Any) -> float:
        net = nef.Network(seed=1)
        a, b = net.ensemble(80, 2), net.ensemble(20, 2)
        net.connect(net.node(lambda t: [np.sin(5 * t), np.cos(4 * t)]), a)
        c = net.connect(a, b, synapse=synapse, solver=nef.LstsqL2(0.1))
        (part,) = (p for p in nef.error_budget(net).connections if p.label == c.label)
        return float(part.noise)

    fast, slow, mixed = (budget(s) for s in ([0.005] * 2, [0.05] * 2, [0.005, 0.05]))
    assert slow < mixed < fast
