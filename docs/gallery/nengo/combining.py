"""Combining values, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    first = nengo.Node(lambda t: np.sin(6 * t))
    second = nengo.Node(lambda t: np.cos(6 * t))
    a, b = nengo.Ensemble(100, 1), nengo.Ensemble(100, 1)
    both = nengo.Ensemble(200, 2, radius=1.4)
    nengo.Connection(first, a, synapse=None)
    nengo.Connection(second, b, synapse=None)
    nengo.Connection(a, both[0])
    nengo.Connection(b, both[1])
    y = nengo.Probe(both, synapse=0.02)
