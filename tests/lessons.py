"""Networks that learn, which tests run on several back ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import nefsim as nef

FULL = nef.LstsqL2(weights=True)


def _two(seed: int) -> tuple[nef.Network, nef.Node, nef.Ensemble, nef.Ensemble]:
    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: [np.sin(6 * t), np.cos(5 * t)])
    a = net.ensemble(60, 2, label="a")
    b = net.ensemble(50, 2, radius=1.5, label="b")
    net.connect(stimulus, a)
    return net, stimulus, a, b


def _teach(net: nef.Network, stimulus: nef.Node, b: nef.Ensemble, rule: Any) -> None:
    error = net.node(size_in=2)
    net.connect(b, error)
    net.connect(stimulus, error, transform=-1, synapse=0.01)
    net.connect(error, rule)


def decoders(rule: nef.LearningRule) -> nef.Network:
    """A rule with an error on decoders."""
    net, stimulus, a, b = _two(1)
    learned = net.connect(a, b, transform=0.1, learning_rule=rule, label="learned")
    _teach(net, stimulus, b, learned.learning_rule)
    net.probe(learned, "weights")
    net.probe(learned.learning_rule, "activities")
    return net


def weights(rule: nef.LearningRule) -> nef.Network:
    """A rule on full weights, with an error if it takes one."""
    net, stimulus, a, b = _two(1)
    learned = net.connect(a, b, transform=0.5, solver=FULL, learning_rule=rule, label="learned")
    if rule.error == "post":
        _teach(net, stimulus, b, learned.learning_rule)
        net.probe(learned.learning_rule, "error")
    net.probe(learned, "weights")
    return net


def neurons() -> nef.Network:
    """PES from some neurons to some neurons."""
    net, stimulus, a, b = _two(1)
    start = np.full((20, 30), 1e-4)
    pre, post = a.neurons[::2], b.neurons[10:30]
    learned = net.connect(pre, post, transform=start, learning_rule=nef.PES(1e-3))
    net.connect(a, b)
    _teach(net, stimulus, b, learned.learning_rule)
    net.probe(learned, "weights")
    return net


def encoders() -> nef.Network:
    """Voja, switched off half-way."""
    net, _, a, b = _two(1)
    learned = net.connect(a, b, learning_rule=nef.Voja(0.1))
    net.connect(net.node(nef.Piecewise({0.0: 0.0, 1.0: -1.0})), learned.learning_rule)
    net.probe(b, "scaled_encoders")
    return net


def several() -> nef.Network:
    """Three rules on the same weights."""
    net, stimulus, a, b = _two(1)
    rules = {"bcm": nef.BCM(1e-9), "oja": nef.Oja(1e-6), "pes": nef.PES(1e-3)}
    learned = net.connect(a, b, solver=FULL, learning_rule=rules)
    _teach(net, stimulus, b, learned.learning_rule["pes"])
    net.probe(learned, "weights")
    return net


def one_output() -> nef.Network:
    """PES on a single decoded value, with an error population that is inhibited after 1 s."""
    net = nef.Network(seed=3)
    stimulus = net.node(np.sin)
    a, b, error = (net.ensemble(100, 1) for _ in range(3))
    net.connect(stimulus, a)
    learned = net.connect(a, b, function=np.zeros_like, learning_rule=nef.PES(1e-3))
    net.connect(b, error)
    net.connect(a, error, function=np.square, transform=-1)
    net.connect(error, learned.learning_rule)
    stop = net.node(nef.Piecewise({0.0: 0.0, 1.0: 1.0}))
    net.connect(stop, error.neurons, transform=np.full((100, 1), -20.0), synapse=None)
    net.probe(learned, "weights", sample_every=0.1)
    net.probe(b, synapse=0.03)
    return net


def sanger() -> nef.Network:
    """Three principal components of the activity of twenty neurons."""
    net = nef.Network(seed=2)
    source = net.node(nef.FilteredNoise(synapse=nef.Lowpass(0.05)), size_out=1)
    a = net.ensemble(20, 1)
    net.connect(source, a)
    out = net.node(size_in=3)
    start = np.random.default_rng(0).normal(0, 0.01, (3, 20))
    learned = net.connect(a.neurons, out, transform=start, learning_rule=nef.Sanger(1e-5))
    net.probe(learned, "weights")
    return net


#: Networks that Nengo can run as well; the first probe is of the learned weights or encoders.
WITH_NENGO: dict[str, Callable[[], nef.Network]] = {
    "pes": lambda: decoders(nef.PES(1e-3)),
    "rls": lambda: decoders(nef.RLS(1e-3)),
    "pes weights": lambda: weights(nef.PES(1e-3)),
    "bcm": lambda: weights(nef.BCM(1e-8)),
    "oja": lambda: weights(nef.Oja(1e-5)),
    "voja": encoders,
    "neurons": neurons,
    "several": several,
    "one output": one_output,
}

#: Networks with rules that Nengo does not have.
OWN: dict[str, Callable[[], nef.Network]] = {
    "hpes": lambda: weights(nef.HPES(1e-3)),
    "hpes with decay": lambda: weights(nef.HPES(1e-3, beta=0.1, supervision=0.4)),
    "bcm from a threshold": lambda: weights(nef.BCM(1e-8, theta_start=80.0)),
    "delta": lambda: decoders(nef.DeltaRule(1e-3)),
    "association": lambda: decoders(nef.Association(0.1)),
    "sanger": sanger,
}
