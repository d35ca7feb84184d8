"""A memory with a gate, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    memory = nengo.networks.InputGatedMemory(100, 1)
    stimulus = nengo.Node(lambda t: 0.6 * np.sin(6 * t))
    nengo.Connection(stimulus, memory.input, synapse=None)
    gate = nengo.Node(lambda t: float(t % 1.0 > 0.5))
    nengo.Connection(gate, memory.gate, synapse=None)
    x, y = nengo.Probe(stimulus), nengo.Probe(memory.output, synapse=0.03)
