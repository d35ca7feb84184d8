"""A slow filter from a fast synapse, in Nengo."""

import nengo

tau, slow = 0.05, 0.5
with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: float(0.2 < t < 1.2))
    a = nengo.Ensemble(200, 1)
    nengo.Connection(stimulus, a, transform=tau / slow, synapse=tau)
    nengo.Connection(a, a, transform=1 - tau / slow, synapse=tau)
    x, y = nengo.Probe(stimulus), nengo.Probe(a, synapse=0.02)
