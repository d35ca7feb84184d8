"""Sparse weights between neurons: spikes equal those of the other back end in any arrangement."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import nefsim as nef
from nefsim.neurons import NeuronType

pytest.importorskip("numba")

#: Fewer and more neurons than a block of currents, and no multiple of eight.
SIZES = (300, 601)

#: Tiles of steps, parts of a tile, and single steps.
PIECES = (70, 1, 1, 130)

LIF = nef.LIF(0.02, 0.002)
FAST = nef.Lowpass(0.005)


def weights(n: int, seed: int = 0, equal: bool = True) -> csr_array:
    """Balanced weights, 5 % of all pairs, some of them from a neuron to itself."""
    rng = np.random.default_rng(seed)
    pre = np.where(np.arange(n) < 0.8 * n, 0.1, -0.4) / n
    values = np.where(rng.random((n, n)) < 0.05, pre, 0.0)
    assert np.diag(values).any()
    return csr_array(values if equal else values * rng.uniform(0.5, 1.5, (n, n)))


def population(
    net: nef.Network, n: int, neuron_type: NeuronType = LIF, seed: int = 0, gain: bool = True
) -> nef.network.Ensemble:
    """Neurons that fire without input, at other voltages and other gains."""
    rng = np.random.default_rng(seed)
    return net.ensemble(
        n,
        1,
        neuron_type=neuron_type,
        encoders=np.ones((n, 1)),
        gain=rng.uniform(0.9, 1.1, n) if gain else np.ones(n),
        bias=rng.uniform(1.01, 1.1, n),
        initial_state={"voltage": rng.random(n)},
    )


def recurrent(
    net: nef.Network, n: int, equal: bool = True, neuron_type: NeuronType = LIF, **options: Any
) -> None:
    """One population, one matrix."""
    a = population(net, n, neuron_type)
    net.connect(a.neurons, a.neurons, transform=weights(n, equal=equal), synapse=FAST, **options)
    net.probe(a.neurons)


def slices(net: nef.Network, n: int, **options: Any) -> None:
    """One population, a matrix and a synapse for each of its kinds of neurons."""
    a, w, ne = population(net, n), weights(n), round(0.8 * n)
    for chosen, tau in ((slice(0, ne), 0.005), (slice(ne, n), 0.01)):
        part = w[:, chosen]
        net.connect(a.neurons[chosen], a.neurons, transform=part, synapse=tau, **options)
    net.probe(a.neurons)


def targets(net: nef.Network, n: int, **options: Any) -> None:
    """Connections into parts of a population, one of which overlaps others."""
    a, w = population(net, n), weights(n, equal=False)
    for first, last in pairwise([0, n // 3, n]):
        part = w[first:last]
        net.connect(a.neurons, a.neurons[first:last], transform=part, synapse=FAST, **options)
    net.connect(a.neurons, a.neurons[5:70], transform=w[5:70], synapse=0.02, **options)
    net.probe(a.neurons)


def scattered(net: nef.Network, n: int, **options: Any) -> None:
    """Spikes of every third neuron into every other one."""
    a, w = population(net, n), weights(n)
    chosen, into = list(range(0, n, 3)), list(range(0, n, 2))
    part = w[into][:, chosen]
    net.connect(a.neurons[chosen], a.neurons[into], transform=part, synapse=FAST, **options)
    net.connect(a.neurons[chosen], a.neurons, transform=w[:, chosen], synapse=FAST, **options)
    net.probe(a.neurons)


def two(net: nef.Network, n: int, neuron_type: NeuronType = LIF, **options: Any) -> None:
    """An excitatory and an inhibitory population, all four connections."""
    ne, w = round(0.8 * n), weights(n)
    sizes = slice(0, ne), slice(ne, n)
    parts = [population(net, s.stop - s.start, neuron_type, i) for i, s in enumerate(sizes)]
    for pre, a in zip(sizes, parts, strict=True):
        for post, b in zip(sizes, parts, strict=True):
            part = w[post, pre]
            net.connect(a.neurons, b.neurons, transform=part, synapse=FAST, **options)
    for a in parts:
        net.probe(a.neurons)


def stimulated(net: nef.Network, n: int) -> None:
    """Decoded input, an input into neurons and a dense recurrent matrix as well."""
    a = population(net, n)
    net.connect(net.node(np.sin), a, synapse=0.01)
    net.connect(net.node(0.05), a.neurons, transform=np.ones((n, 1)), synapse=None)
    net.connect(a.neurons, a.neurons, transform=weights(n), synapse=FAST)
    dense = weights(n, seed=1).toarray()
    net.connect(a.neurons, a.neurons, transform=dense, synapse=0.003)
    other = population(net, n, seed=1)
    net.connect(other.neurons, a.neurons, transform=1e-3 * weights(n, 2), synapse=None)
    net.probe(a.neurons)


def observed(net: nef.Network, n: int) -> None:
    """Probes of voltages, of currents, and of what a connection carries."""
    a = population(net, n)
    net.connect(a.neurons, a.neurons, transform=weights(n), synapse=FAST)
    other = net.connect(a.neurons, a.neurons, transform=weights(n, 1), synapse=0.02)
    net.probe(a.neurons)
    net.probe(a.neurons, "voltage")
    net.probe(a.neurons, "input")
    net.probe(other)


def chain(net: nef.Network, n: int) -> None:
    """A population that drives another one, which does not drive it."""
    a, b = population(net, n), population(net, n, seed=1)
    net.connect(a.neurons, b.neurons, transform=weights(n), synapse=FAST)
    net.probe(a.neurons)
    net.probe(b.neurons)


NETWORKS: dict[str, Callable[[nef.Network, int], None]] = {
    "recurrent": recurrent,
    "weights differ": lambda net, n: recurrent(net, n, equal=False),
    "slices": slices,
    "targets": targets,
    "scattered": scattered,
    "two": two,
    "time constants": lambda net, n: two(net, n, nef.LIF(0.03, 0.003)),
    "time constants per neuron": lambda net, n: recurrent(
        net, n, neuron_type=nef.LIF(np.linspace(0.015, 0.03, n), 0.002)
    ),
    "stimulated": stimulated,
    "observed": observed,
    "chain": chain,
    **{
        f"delay {d:g}, {f.__name__}": lambda net, n, d=d, f=f: f(net, n, delay=d)
        for d in (0.001, 0.002, 0.005, 0.1)
        for f in (recurrent, slices, targets, two)
    },
}


def records(
    describe: Callable[[nef.Network, int], None], n: int, pieces: tuple[int, ...], **options: Any
) -> list[np.ndarray]:
    """The records of all probes."""
    net = nef.Network(seed=1)
    describe(net, n)
    with nef.Simulator(net, progress=False, **options) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
        return [np.asarray(sim.data[probe]) for probe in sim.probes]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", NETWORKS)
def test_spikes_equal_those_of_the_other_back_end(name: str, n: int) -> None:
    ours = records(NETWORKS[name], n, PIECES, backend="numba")
    theirs = records(NETWORKS[name], n, (sum(PIECES),), backend="numpy")
    for one, other in zip(ours, theirs, strict=True):
        # Spikes are equal; sums of weights are added in another order: rounding.
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        assert (one != 0).sum() > one.shape[1]


@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"batch_size": 3}], ids=str)
@pytest.mark.parametrize("name", ["slices", "two", "stimulated", "delay 0.005, targets"])
def test_single_steps_equal_a_run_bit_for_bit(name: str, options: Any) -> None:
    at_once = records(NETWORKS[name], 300, (100,), backend="numba", **options)
    one_by_one = records(NETWORKS[name], 300, (1,) * 100, backend="numba", **options)
    for one, other in zip(at_once, one_by_one, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.any()


@pytest.mark.parametrize("name", ["recurrent", "delay 0.001, two", "delay 0.005, recurrent"])
def test_a_saved_state_continues_a_run(name: str, tmp_path: Any) -> None:
    """Also on the other back end: sums that are under way are part of the state."""
    net = nef.Network(seed=1)
    NETWORKS[name](net, 300)
    (probe, *_) = net.all_probes
    with nef.Simulator(net, backend="numba", progress=False) as sim:
        sim.run_steps(75)
        path = sim.save(tmp_path / "half")
        sim.run_steps(75)
        whole = np.asarray(sim.data[probe])[75:]
    for backend in ("numba", "numpy"):
        with nef.Simulator.load(path, net, backend=backend, progress=False) as sim:
            sim.run_steps(75)
            np.testing.assert_array_equal(np.asarray(sim.data[probe])[-75:], whole)


def test_an_error_within_a_run_restores_sums_that_are_under_way() -> None:
    """A function in the loop fails once, between the spikes of a step and their filter."""
    fails = [True]

    def fragile(t: float, x: np.ndarray) -> np.ndarray:
        if t > 0.0505 and fails:
            fails.clear()
            raise RuntimeError("once")
        return x

    def spikes(faulty: bool) -> np.ndarray:
        net = nef.Network(seed=1)
        slices(net, 300)
        (a,) = net.all_ensembles
        node = net.node(fragile, size_in=1)
        net.connect(a, node, synapse=0.01)
        net.connect(node, a, synapse=0.01)
        fails[:] = [True] if faulty else []
        with nef.Simulator(net, backend="numba", progress=False) as sim:
            if faulty:
                with pytest.raises(RuntimeError, match="once"):
                    sim.run_steps(100)
            sim.run_steps(100 - sim.n_steps)
            return np.asarray(sim.data[net.all_probes[0]])

    np.testing.assert_array_equal(spikes(True), spikes(False))


@pytest.mark.parametrize("n", [40, 70000])
@pytest.mark.parametrize("equal", [True, False])
def test_weights_into_few_and_into_many_neurons(n: int, equal: bool) -> None:
    """Rows of more than 2**16 neurons need integers of 32 bits."""
    rng = np.random.default_rng(0)
    entries = 1 + rng.random(500) * (not equal), (rng.integers(0, n, 500), rng.integers(0, 30, 500))
    matrix = csr_array(entries, shape=(n, 30))
    matrix.sum_duplicates()

    def values(backend: str) -> np.ndarray:
        net = nef.Network(seed=1)
        a, out = population(net, 30), net.node(size_in=n)
        net.connect(a.neurons, out, transform=matrix, synapse=0.005)
        probe = net.probe(out)
        with nef.Simulator(net, backend=backend, progress=False) as sim:
            sim.run_steps(40)
            return np.asarray(sim.data[probe])[-1]

    ours = values("numba")
    np.testing.assert_allclose(ours, values("numpy"), rtol=1e-12)
    assert np.count_nonzero(ours) > 30
