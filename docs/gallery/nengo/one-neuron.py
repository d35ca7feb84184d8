"""One neuron, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: t)
    neuron = nengo.Ensemble(1, 1, encoders=[[1]], intercepts=[-0.2], max_rates=[80])
    nengo.Connection(stimulus, neuron, synapse=None)
    voltage = nengo.Probe(neuron.neurons, "voltage")
