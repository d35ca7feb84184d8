"""Networks that are run on several processes, and a script that prints their spikes."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import nefsim as nef


def square() -> nef.Network:
    """x squared between two populations."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    return _probed(net)


def integrator() -> nef.Network:
    """A recurrent integrator between an input and an output population."""
    net = nef.Network(seed=2)
    a, b, c = net.ensemble(60, 1), net.ensemble(200, 1), net.ensemble(60, 1)
    net.connect(net.node(lambda t: float(t < 0.2)), a)
    net.connect(a, b, transform=0.1, synapse=0.1)
    net.connect(b, b, synapse=0.1)
    net.connect(b, c)
    net.connect(c, a, transform=-0.1)
    return _probed(net)


def oscillator() -> nef.Network:
    """An oscillator of two populations, each of which drives the other."""
    net = nef.Network(seed=3)
    a, b = (net.ensemble(100, 1, label=name) for name in "ab")
    kick = net.node(lambda t: float(t < 0.1))
    net.connect(kick, a)
    for pre, post, sign in ((a, b, 0.5), (b, a, -0.5)):
        net.connect(pre, pre, synapse=0.1)
        net.connect(pre, post, transform=sign, synapse=0.1)
    return _probed(net)


def pes() -> nef.Network:
    """PES learns the square of an input."""
    net = nef.Network(seed=4)
    stimulus = net.node(np.sin)
    a, b, error = net.ensemble(100, 1), net.ensemble(80, 1), net.ensemble(90, 1)
    net.connect(stimulus, a)
    learned = net.connect(a, b, function=lambda x: [0.0], learning_rule=nef.PES(1e-3))
    net.connect(b, error)
    net.connect(a, error, function=np.square, transform=-1)
    net.connect(error, learned.learning_rule)
    net.probe(learned, "weights", sample_every=0.05)
    return _probed(net)


def delays() -> nef.Network:
    """A ring of populations whose connections have delays, of which the shortest is 7 ms."""
    net = nef.Network(seed=5)
    ring = [net.ensemble(50, 2) for _ in range(6)]
    net.connect(net.node(lambda t: [np.cos(9 * t), 0.5]), ring[0])
    for k, (pre, post) in enumerate(zip(ring, ring[1:] + ring[:1], strict=True)):
        net.connect(pre, post, transform=0.9, delay=0.007 + 0.001 * k)
    return _probed(net)


def random_graph(n: int = 500, each: int = 4) -> nef.Network:
    """Populations of 20 neurons in two dimensions, with random connections between them."""
    net = nef.Network(seed=6)
    rng = np.random.default_rng(6)
    some = [net.ensemble(20, 2, seed=k % 7) for k in range(n)]
    net.connect(net.node([0.7, -0.3]), some[0])
    for pre, post in rng.integers(n, size=(each * n, 2)):
        transform = rng.normal(0, 0.5, (2, 2))
        net.connect(some[pre], some[post], transform=transform, synapse=0.01)
    return _probed(net)


def streams(n: int = 16, neurons: int = 200) -> nef.Network:
    """Rings of four-dimensional populations, the benchmark of nengo_mpi: sqrt(n) rings."""
    net = nef.Network(seed=7)
    length = round(n**0.5)
    for _ in range(length):
        ring = [net.ensemble(neurons, 4, seed=1) for _ in range(length)]
        net.connect(net.node([0.5, 0.0, -0.5, 0.3]), ring[0])
        for pre, post in zip(ring, ring[1:] + ring[:1], strict=True):
            net.connect(pre, post, synapse=0.01)
    return _probed(net)


def arrays() -> nef.Network:
    """Arrays of populations in a loop, whose output nodes are probed."""
    net = nef.Network(seed=8)
    a, b = (nef.networks.ensemble_array(net, 40, 6) for _ in range(2))
    net.connect(net.node(lambda t: np.full(6, np.sin(9 * t))), a.input, synapse=None)
    net.connect(a.output, b.input, synapse=0.01)
    net.connect(b.output, a.input, transform=-0.5, synapse=0.02)
    net.probe(a.output)
    net.probe(a.output, synapse=0.01)
    net.probe(b.input)
    return _probed(net)


def sums() -> nef.Network:
    """Nodes that add values of several populations, with and without synapses, in a loop."""
    net = nef.Network(seed=9)
    a, b, c, d, e = (net.ensemble(50 + 5 * k, 1) for k in range(5))
    net.connect(net.node(lambda t: float(np.sin(20 * t))), a)
    first, second = net.node(size_in=1), net.node(size_in=1)
    for pre in (a, b):
        net.connect(pre, first, transform=0.5, synapse=None)
    for pre in (c, d):
        net.connect(pre, second, transform=0.5, synapse=None)
    net.connect(first, second, synapse=0.01)
    net.connect(e, second, synapse=0.02)
    net.connect(net.node([0.1]), second, synapse=None)
    for post in (b, c, d, e):
        net.connect(second, post, transform=0.7, synapse=0.005)
    net.connect(first, e, transform=-0.5, delay=0.004)
    net.probe(second)
    net.probe(second, synapse=0.01)
    return _probed(net)


def _probed(net: nef.Network) -> nef.Network:
    for ensemble in net.all_ensembles:
        net.probe(ensemble.neurons)
        net.probe(ensemble, synapse=0.01, sample_every=0.003)
    return net


NETWORKS: dict[str, Callable[[], nef.Network]] = {
    "square": square,
    "integrator": integrator,
    "oscillator": oscillator,
    "pes": pes,
    "delays": delays,
    "random graph": random_graph,
    "streams": streams,
    "arrays": arrays,
    "sums": sums,
}


def main() -> None:
    """Run the networks that are named, and print the spikes of each as one number."""
    from hashlib import sha256

    from nefsim import backends

    backend, seconds, *names = sys.argv[1:]
    for name in names:
        net = NETWORKS[name]()
        with nef.Simulator(net, backend=backend) as sim:
            for part in (0.4, 0.6):
                sim.run(part * float(seconds))
            spikes = [sim.data[p] for p in sim.probes if isinstance(p.target, nef.network.Neurons)]
            values = [sim.data[p] for p in sim.probes]
            number = sha256(b"".join((each > 0).tobytes() for each in spikes)).hexdigest()
            total = sum(float(each.sum()) for each in values)
        if backends.is_first_process():
            count = sum(int((each > 0).sum()) for each in spikes)
            print(f"{name}: {count} spikes, {number[:16]}, {total:.6g}", flush=True)


if __name__ == "__main__":
    main()
