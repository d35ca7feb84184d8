"""Circular convolution, in Nengo."""

import nengo
import numpy as np

rng = np.random.RandomState(0)
u, v = rng.standard_normal((2, 16)) / 4
with nengo.Network(seed=1) as model:
    bound = nengo.networks.CircularConvolution(100, 16)
    nengo.Connection(nengo.Node(u), bound.input_a, synapse=None)
    nengo.Connection(nengo.Node(v), bound.input_b, synapse=None)
    y = nengo.Probe(bound.output, synapse=0.05)
