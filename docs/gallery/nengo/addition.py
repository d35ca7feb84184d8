"""Addition, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    a, b, total = (nengo.Ensemble(50, 1) for _ in range(3))
    nengo.Connection(nengo.Node(lambda t: 0.5 * np.sin(3 * t)), a, synapse=None)
    nengo.Connection(nengo.Node(lambda t: 0.4 * np.sin(9 * t)), b, synapse=None)
    nengo.Connection(a, total)
    nengo.Connection(b, total)
    probes = [nengo.Probe(ensemble, synapse=0.03) for ensemble in (a, b, total)]
