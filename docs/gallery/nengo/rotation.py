"""A linear map, in Nengo."""

import nengo
import numpy as np

turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: [0.9 * np.cos(3 * t), 0.3 * np.sin(3 * t)])
    a, b = nengo.Ensemble(200, 2), nengo.Ensemble(200, 2)
    nengo.Connection(stimulus, a, synapse=None)
    nengo.Connection(a, b, transform=turn)
    x, y = nengo.Probe(a, synapse=0.05), nengo.Probe(b, synapse=0.05)
