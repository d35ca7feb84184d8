"""Similarity of two vectors.

The dot product of two vectors of 16 dimensions, one of which turns away from the other.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

rng = np.random.default_rng(0)
u, v = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
net = nef.Network(seed=1)
dot = nef.networks.dot_product(net, 100, 16, input_magnitude=0.8)
net.connect(net.node(u), dot.a, synapse=None)
net.connect(net.node(lambda t: np.cos(3 * t) * u + np.sin(3 * t) * v), dot.b, synapse=None)
y = net.probe(dot.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(2.0)

plt.plot(sim.time, np.cos(3 * sim.time), color="0.6", label="cosine")
plt.plot(sim.time, sim.data[y], label="decoded")
plt.xlabel("time [s]")
plt.legend()
