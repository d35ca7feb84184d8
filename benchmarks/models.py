"""The networks that are timed, and the settings of each."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np
from cases import CASES
from given import Given
from model import Model

import nefsim as nef


def square(net: Any) -> None:
    """x squared, 50 to 40 neurons."""
    a = net.ensemble(50, 1, max_rates=(25, 75))
    b = net.ensemble(40, 1, max_rates=(50, 100))
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    net.probe(b, synapse=0.1)


def channel(net: Any) -> None:
    """A communication channel of 16 dimensions, 1000 to 1000 neurons."""
    u = net.node(nef.WhiteSignal(1.0, high=5.0, rms=0.2, seed=1), size_out=16)
    a, b = net.ensemble(1000, 16), net.ensemble(1000, 16)
    net.connect(u, a, synapse=None)
    net.connect(a, b, synapse=0.005)
    net.probe(b, synapse=0.005)


def integrator(net: Any) -> None:
    """A recurrent integrator of 500 neurons."""
    x = net.ensemble(500, 1)
    net.connect(net.node(np.sin), x, transform=0.1, synapse=0.1)
    net.connect(x, x, synapse=0.1)
    net.probe(x, synapse=0.01)


def turn(v: np.ndarray) -> list[float]:
    """The feedback of an oscillator whose third dimension is its speed."""
    return [v[0] - v[2] * v[1], v[1] + v[2] * v[0]]


def oscillator(net: Any) -> None:
    """A controlled oscillator, 2000 neurons in three dimensions."""
    x = net.ensemble(2000, 3, radius=1.7)
    net.connect(x, x[:2], function=turn, synapse=0.1)
    kick = net.node(nef.Piecewise({0.0: 10.0, 0.1: 0.0}))
    net.connect(kick, x[0], transform=0.1, synapse=0.1)
    net.connect(net.node(0.5), x[2])
    net.probe(x, synapse=0.01)


def pes(net: Any) -> None:
    """A channel of 100 to 100 neurons learned from an error population of 100."""
    u = net.node(np.sin)
    pre, post, error = (net.ensemble(100, 1) for _ in range(3))
    net.connect(u, pre)
    rule = nef.PES(learning_rate=1e-4)
    learned = net.connect(pre, post, function=np.zeros_like, learning_rule=rule)
    net.connect(post, error)
    net.connect(u, error, transform=-1)
    net.connect(error, learned.learning_rule)
    net.probe(post, synapse=0.01)


def array(net: Any) -> None:
    """Two arrays of 250 one-dimensional ensembles of 200 neurons, chained."""
    u, out = net.node(np.sin), net.node(size_in=250)
    for i in range(250):
        a, b = net.ensemble(200, 1, label="a"), net.ensemble(200, 1, label="b")
        net.connect(u, a, synapse=None)
        net.connect(a, b, synapse=0.005)
        net.connect(b, out[i], synapse=0.005)
    net.probe(out)


def mnist(net: Any) -> None:
    """Images of 784 pixels into 2000 neurons that learn ten classes, 0.5 s an image."""
    images, labels = net.shown if isinstance(net, Given) else pictures(20)
    x = net.ensemble(2000, 784)
    net.connect(net.node(nef.PresentInput(images, 0.5)), x, synapse=None)
    wanted = net.node(nef.PresentInput(labels, 0.5))
    out, error = net.node(size_in=10), net.node(size_in=10)
    learned = net.connect(x, out, function=ten_zeros, learning_rule=nef.PES(learning_rate=1e-4))
    net.connect(out, error, synapse=None)
    net.connect(wanted, error, transform=-1, synapse=None)
    net.connect(error, learned.learning_rule, synapse=None)
    net.probe(out)


def ten_zeros(x: np.ndarray) -> np.ndarray:
    """The initial value of ten classes."""
    return np.zeros(10)


def pictures(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Images as unit vectors and their labels, one-hot; random ones where there are no data.

    ``NEFSIM_DATA`` names a folder with MNIST.
    """
    if "NEFSIM_DATA" in os.environ:
        data = nef.datasets.mnist(os.environ["NEFSIM_DATA"])
        images, labels = np.array(data.train_images[:n], float), data.train_labels[:n]
    else:
        rng = np.random.default_rng(1)
        # About as many pixels are lit as in handwritten digits.
        images = rng.random((n, 784)) * (rng.random((n, 784)) < 0.2)
        labels = rng.integers(10, size=n)
    return images / np.linalg.norm(images, axis=1, keepdims=True), np.eye(10)[labels]


def build(net: Any) -> None:
    """A chain of four ensembles of 4000 neurons in 64 dimensions; only its build is timed."""
    chain = [net.ensemble(4000, 64) for _ in range(4)]
    for a, b in pairwise(chain):
        net.connect(a, b)
    net.probe(chain[-1])


def million(net: Any, n_ensembles: int = 1000) -> None:
    """A million neurons in one-dimensional ensembles of 1000."""
    u = net.node(np.sin)
    for _ in range(n_ensembles):
        a = net.ensemble(1000, 1, n_eval_points=500)
        net.connect(u, a, synapse=None)
        net.probe(a, synapse=0.1, sample_every=0.1)


MODELS = {
    "square": Model(square, 10.0, 2.0, chains=(1, 50, 40, 0.1)),
    "channel": Model(channel, 1.0, 0.3),
    "integrator": Model(integrator, 10.0, 1.0),
    "oscillator": Model(oscillator, 2.0, 0.5),
    "pes": Model(pes, 10.0, 1.0, needs="PES"),
    "array": Model(array, 0.2, 0.1, chains=(250, 200, 200, 0.005), large=True),
    "mnist": Model(mnist, 2.0, 0.5, needs="PES"),
    "million": Model(
        million,
        seconds=1.0,
        quick=0.1,
        watched=0.02,
        nengo=False,
        brian=False,
        chains=(1000, 1000, 0, 0.1),
        large=True,
        shares_arrays=True,
    ),
    "batch": Model(channel, 1.0, 0.1, 0.1, brian=False, batch=32),
    "build": Model(build, 0.0, 0.0, brian=False),
    **CASES,
}
