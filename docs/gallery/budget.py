"""Where the error comes from.

The error budget of a network that squares its input: delay, distortion, noise and saturation.
"""

import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
a, b = net.ensemble(50, 1), net.ensemble(50, 1)
net.connect(net.node(nef.WhiteSignal(2.0, high=3, rms=0.4, seed=1)), a, synapse=None)
net.connect(a, b, function=np.square)
y = net.probe(b, synapse=0.03)

nef.plot.error_budget(nef.error_budget(net, seconds=1.0))
