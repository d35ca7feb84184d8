"""A vector in two dimensions.

A population of 200 neurons represents a point that moves on a curve.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: [np.sin(4 * t), np.cos(6 * t)])
a = net.ensemble(200, 2, radius=1.4)
net.connect(stimulus, a, synapse=None)
y = net.probe(a, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(3.2)

plt.plot(*sim.data[y].T, linewidth=0.8)
plt.plot(np.sin(4 * sim.time), np.cos(6 * sim.time), color="0.6")
plt.axis("equal")
