"""Two neurons, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: np.sin(8 * t))
    pair = nengo.Ensemble(2, 1, encoders=[[1], [-1]], intercepts=[-0.5, -0.5], max_rates=[100, 100])
    nengo.Connection(stimulus, pair, synapse=None)
    x, spikes = nengo.Probe(pair, synapse=0.03), nengo.Probe(pair.neurons)
