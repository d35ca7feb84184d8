"""A linear map.

A matrix as the transform of a connection turns a vector by 45 degrees.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
net = nef.Network(seed=1)
stimulus = net.node(lambda t: [0.9 * np.cos(3 * t), 0.3 * np.sin(3 * t)])
a, b = net.ensemble(200, 2), net.ensemble(200, 2)
net.connect(stimulus, a, synapse=None)
net.connect(a, b, transform=turn)
x, y = net.probe(a, synapse=0.05), net.probe(b, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(2.2)

plt.plot(*sim.data[x].T, label="a")
plt.plot(*sim.data[y].T, label="b")
plt.axis("equal")
plt.legend()
