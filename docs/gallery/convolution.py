"""Circular convolution.

Two vectors of 16 dimensions are bound by circular convolution in neurons.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

rng = np.random.default_rng(0)
u, v = rng.standard_normal((2, 16)) / 4
net = nef.Network(seed=1)
bound = nef.networks.circular_convolution(net, 100, 16)
net.connect(net.node(u), bound.a, synapse=None)
net.connect(net.node(v), bound.b, synapse=None)
y = net.probe(bound.output, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(0.4)

ideal = np.fft.irfft(np.fft.rfft(u) * np.fft.rfft(v), n=16)
plt.bar(np.arange(16) - 0.2, ideal, 0.4, color="0.6", label="ideal")
plt.bar(np.arange(16) + 0.2, sim.data[y][-1], 0.4, label="decoded")
plt.xlabel("element")
plt.legend()
