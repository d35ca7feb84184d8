"""Squaring.

Decoders of another function: the second population receives the square of the first.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(3 * t))
a, b = net.ensemble(50, 1), net.ensemble(50, 1)
net.connect(stimulus, a, synapse=None)
net.connect(a, b, function=np.square)
x, y = net.probe(a, synapse=0.03), net.probe(b, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(3.0)

plt.plot(sim.time, sim.data[x], label="x")
plt.plot(sim.time, sim.data[y], label="x²")
plt.xlabel("time [s]")
plt.legend()
