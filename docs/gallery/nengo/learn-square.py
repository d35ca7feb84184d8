"""Learning a function, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(nengo.processes.WhiteSignal(2.0, high=3, rms=0.5, seed=1))
    a = nengo.Ensemble(200, 1)
    out, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
    nengo.Connection(stimulus, a, synapse=None)
    learned = nengo.Connection(a, out, function=lambda x: [0], learning_rule_type=nengo.PES(1e-3))
    nengo.Connection(out, error, synapse=None)
    nengo.Connection(stimulus, error, function=lambda x: -(x**2))
    nengo.Connection(error, learned.learning_rule, synapse=None)
    shown = nengo.Probe(error, synapse=0.03)
