"""Multiplication, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    p = nengo.networks.Product(200, 1)
    nengo.Connection(nengo.Node(lambda t: np.sin(3 * t)), p.input_a, synapse=None)
    nengo.Connection(nengo.Node(lambda t: np.sin(5 * t)), p.input_b, synapse=None)
    y = nengo.Probe(p.output, synapse=0.02)
