"""Combining values.

Two numbers from two populations become one vector of a third.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
first, second = net.node(lambda t: np.sin(6 * t)), net.node(lambda t: np.cos(6 * t))
a, b = net.ensemble(100, 1), net.ensemble(100, 1)
both = net.ensemble(200, 2, radius=1.4)
net.connect(first, a, synapse=None)
net.connect(second, b, synapse=None)
net.connect(a, both[0])
net.connect(b, both[1])
y = net.probe(both, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.0)

plt.plot(sim.time, sim.data[y], label=["first", "second"])
plt.xlabel("time [s]")
plt.legend()
