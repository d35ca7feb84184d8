"""Action selection with a thalamus, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    bg, thalamus = nengo.networks.BasalGanglia(2), nengo.networks.Thalamus(2)
    nengo.Connection(bg.output, thalamus.input)
    nengo.Connection(nengo.Node(lambda t: [0.8, 0.5 + 0.5 * t]), bg.input, synapse=None)
    y = nengo.Probe(thalamus.output, synapse=0.02)
