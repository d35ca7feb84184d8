"""Learning a channel, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(nengo.processes.WhiteSignal(10.0, high=2, rms=0.4, seed=1))
    a, b, error = (nengo.Ensemble(100, 1) for _ in range(3))
    nengo.Connection(stimulus, a, synapse=None)
    learned = nengo.Connection(a, b, function=lambda x: [0], learning_rule_type=nengo.PES(5e-4))
    nengo.Connection(b, error)
    nengo.Connection(a, error, transform=-1)
    nengo.Connection(error, learned.learning_rule)
    stop = nengo.Node(lambda t: float(t > 4))
    nengo.Connection(stop, error.neurons, transform=np.full((100, 1), -20.0))
    x, y = nengo.Probe(a, synapse=0.02), nengo.Probe(b, synapse=0.02)
