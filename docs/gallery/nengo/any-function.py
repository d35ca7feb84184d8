"""Any function, in Nengo."""

import nengo
import numpy as np

functions = [lambda x: np.sin(np.pi * x), np.abs, np.sign, lambda x: np.exp(-8 * x**2)]
with nengo.Network(seed=1) as model:
    a = nengo.Ensemble(400, 1)
    nengo.Connection(nengo.Node(lambda t: t - 1), a, synapse=None)
    for function in functions:
        out = nengo.Node(size_in=1)
        nengo.Connection(a, out, function=function)
        nengo.Probe(out, synapse=0.02)
