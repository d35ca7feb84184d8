"""The networks that are timed, each with the seconds of model time that one run takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import nefsim as nef


def square() -> nef.Network:
    """x squared, 50 to 40 neurons."""
    net = nef.Network(seed=1)
    a = net.ensemble(50, 1, max_rates=(25, 75))
    b = net.ensemble(40, 1, max_rates=(50, 100))
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    net.probe(b, synapse=0.1)
    return net


def channel() -> nef.Network:
    """A communication channel of 16 dimensions, 1000 to 1000 neurons."""
    net = nef.Network(seed=1)
    u = net.node(nef.WhiteSignal(1.0, high=5.0, rms=0.2, seed=1), size_out=16)
    a, b = net.ensemble(1000, 16), net.ensemble(1000, 16)
    net.connect(u, a, synapse=None)
    net.connect(a, b, synapse=0.005)
    net.probe(b, synapse=0.005)
    return net


def integrator() -> nef.Network:
    """A recurrent integrator of 500 neurons."""
    net = nef.Network(seed=1)
    x = net.ensemble(500, 1)
    net.connect(net.node(np.sin), x, transform=0.1, synapse=0.1)
    net.connect(x, x, synapse=0.1)
    net.probe(x, synapse=0.01)
    return net


def oscillator() -> nef.Network:
    """A controlled oscillator, 2000 neurons in three dimensions."""
    net = nef.Network(seed=1)
    x = net.ensemble(2000, 3, radius=1.7)

    def turn(v: np.ndarray) -> list[float]:
        return [v[0] - v[2] * v[1], v[1] + v[2] * v[0]]

    net.connect(x, x[:2], function=turn, synapse=0.1)
    kick = net.node(nef.Piecewise({0.0: 10.0, 0.1: 0.0}))
    net.connect(kick, x[0], transform=0.1, synapse=0.1)
    net.connect(net.node(0.5), x[2])
    net.probe(x, synapse=0.01)
    return net


def array() -> nef.Network:
    """Two arrays of 250 one-dimensional ensembles of 200 neurons, chained."""
    net = nef.Network(seed=1)
    u, out = net.node(np.sin), net.node(size_in=250)
    for i in range(250):
        a, b = net.ensemble(200, 1), net.ensemble(200, 1)
        net.connect(u, a, synapse=None)
        net.connect(a, b, synapse=0.005)
        net.connect(b, out[i], synapse=0.005)
    net.probe(out)
    return net


def million() -> nef.Network:
    """A million neurons in one-dimensional ensembles of 1000."""
    net = nef.Network(seed=1)
    u = net.node(np.sin)
    for _ in range(1000):
        a = net.ensemble(1000, 1, n_eval_points=500)
        net.connect(u, a, synapse=None)
        net.probe(a, synapse=0.1, sample_every=0.1)
    return net


#: Model, seconds of model time of a run, and of a quick one.
MODELS: dict[str, tuple[Callable[[], nef.Network], float, float]] = {
    "square": (square, 10.0, 2.0),
    "channel": (channel, 1.0, 0.3),
    "integrator": (integrator, 10.0, 1.0),
    "oscillator": (oscillator, 2.0, 0.5),
    "array": (array, 0.2, 0.1),
    "million": (million, 1.0, 0.1),
}

#: Too large for Nengo to be waited for.
NOT_IN_NENGO = {"million"}

#: Chains of one-dimensional populations that plain C runs too: chains, neurons, neurons.
IN_C = {"square": (1, 50, 40), "array": (250, 200, 200), "million": (1000, 1000, 0)}
