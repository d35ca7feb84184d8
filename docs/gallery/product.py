"""Multiplication.

The product of two numbers by squares of their sum and their difference.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
p = nef.networks.product(net, 200, 1)
net.connect(net.node(lambda t: np.sin(3 * t)), p.a, synapse=None)
net.connect(net.node(lambda t: np.sin(5 * t)), p.b, synapse=None)
y = net.probe(p.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(3.0)

plt.plot(sim.time, np.sin(3 * sim.time) * np.sin(5 * sim.time), color="0.6", label="ideal")
plt.plot(sim.time, sim.data[y], label="decoded")
plt.xlabel("time [s]")
plt.legend()
