"""Weights that learn without an error, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(nengo.processes.WhiteSignal(5.0, high=5, rms=0.5, seed=1))
    a, b = nengo.Ensemble(30, 1), nengo.Ensemble(30, 1)
    nengo.Connection(stimulus, a, synapse=None)
    full = nengo.solvers.LstsqL2(weights=True)
    learned = nengo.Connection(a, b, solver=full, learning_rule_type=nengo.BCM(5e-9))
    weights = nengo.Probe(learned, "weights", sample_every=5.0)
