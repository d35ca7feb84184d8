"""Product of two matrices.

Each of the products of elements is computed by a population, and their sums are the elements
of the result.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

A, B = np.array([[0.5, -0.5]]), np.array([[0.8, -0.2], [-0.3, 0.6]])
net = nef.Network(seed=1)
product = nef.networks.matrix_product(net, 200, (1, 2), (2, 2))
net.connect(net.node(A.ravel()), product.a, synapse=None)
net.connect(net.node(B.ravel()), product.b, synapse=None)
y = net.probe(product.output, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(0.5)

plt.plot(sim.time, sim.data[y])
for value in (A @ B).ravel():
    plt.axhline(value, color="0.6", linewidth=0.8)
plt.xlabel("time [s]")
