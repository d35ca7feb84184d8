"""Adaptation, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: 0.8 * (0.2 < t < 0.8))
    for kind in (nengo.LIF(), nengo.AdaptiveLIF(tau_n=0.1, inc_n=0.05)):
        a = nengo.Ensemble(30, 1, neuron_type=kind, encoders=nengo.dists.Choice([[1.0]]))
        nengo.Connection(stimulus, a, synapse=None)
        nengo.Probe(a.neurons, synapse=0.02)
