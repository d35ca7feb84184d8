"""A communication channel, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(nengo.processes.WhiteSignal(5.0, high=2, rms=0.4, seed=1))
    a, b = nengo.Ensemble(100, 1), nengo.Ensemble(100, 1)
    nengo.Connection(stimulus, a, synapse=None)
    nengo.Connection(a, b)
    x, y = nengo.Probe(stimulus), nengo.Probe(b, synapse=0.02)
