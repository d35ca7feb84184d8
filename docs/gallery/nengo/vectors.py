"""A vector in two dimensions, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: [np.sin(4 * t), np.cos(6 * t)])
    a = nengo.Ensemble(200, 2, radius=1.4)
    nengo.Connection(stimulus, a, synapse=None)
    y = nengo.Probe(a, synapse=0.02)
