"""Inhibition as a gate, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: np.sin(8 * t))
    gate = nengo.Node(lambda t: float(0.8 < t < 1.6))
    a = nengo.Ensemble(100, 1)
    nengo.Connection(stimulus, a, synapse=None)
    nengo.Connection(gate, a.neurons, transform=np.full((100, 1), -3.0))
    y = nengo.Probe(a, synapse=0.02)
