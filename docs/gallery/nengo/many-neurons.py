"""A population, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: np.sin(6 * t))
    a = nengo.Ensemble(100, 1)
    nengo.Connection(stimulus, a, synapse=None)
    spikes = nengo.Probe(a.neurons)
