"""Excitatory and inhibitory neurons.

Weights whose sign is that of the neuron before them: 80 % excite, 20 % inhibit.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
a, b = net.ensemble(100, 1), net.ensemble(50, 1)
net.connect(net.node(lambda t: np.sin(6 * t)), a, synapse=None)
c = net.connect(a, b, solver=nef.Dale(0.8))
y = net.probe(b, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(1.0)
    weights = sim.data[c].weights

plt.hist(weights.mean(axis=0), bins=40)
plt.xlabel("mean weight of a neuron before the synapse")
