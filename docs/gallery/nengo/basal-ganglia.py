"""Basal ganglia, in Nengo."""

import nengo

shown = [[0.9, 0.6, 0.5], [0.5, 0.9, 0.6], [0.6, 0.5, 0.9]]
with nengo.Network(seed=1) as model:
    bg = nengo.networks.BasalGanglia(3)
    utilities = nengo.Node(nengo.processes.PresentInput(shown, 0.3))
    nengo.Connection(utilities, bg.input, synapse=None)
    y = nengo.Probe(bg.output, synapse=0.02)
