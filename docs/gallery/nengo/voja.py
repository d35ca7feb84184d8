"""Encoders that learn, in Nengo."""

import nengo
import numpy as np

keys = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.6, -0.7]])
with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(nengo.processes.PresentInput(keys, 0.2))
    memory = nengo.Ensemble(60, 2, intercepts=nengo.dists.Uniform(0.2, 0.6))
    nengo.Connection(stimulus, memory, synapse=None, learning_rule_type=nengo.Voja(0.05))
