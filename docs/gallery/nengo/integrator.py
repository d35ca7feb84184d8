"""An integrator, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: 2.0 * (0.2 < t < 0.6) - 4.0 * (1.4 < t < 1.7))
    memory = nengo.Ensemble(300, 1)
    nengo.Connection(stimulus, memory, transform=0.1, synapse=0.1)
    nengo.Connection(memory, memory, synapse=0.1)
    y = nengo.Probe(memory, synapse=0.03)
