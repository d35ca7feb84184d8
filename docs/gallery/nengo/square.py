"""Squaring, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: np.sin(3 * t))
    a, b = nengo.Ensemble(50, 1), nengo.Ensemble(50, 1)
    nengo.Connection(stimulus, a, synapse=None)
    nengo.Connection(a, b, function=np.square)
    x, y = nengo.Probe(a, synapse=0.03), nengo.Probe(b, synapse=0.03)
