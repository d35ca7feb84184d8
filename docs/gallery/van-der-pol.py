"""A relaxation oscillator.

The van der Pol equation as an attractor: any function of the state can be its slope.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef


def slope(x):
    """Change of the state per second."""
    return 8 * np.array([x[1], 2 * (1 - x[0] ** 2) * x[1] - x[0]])


net = nef.Network(seed=1)
state = nef.networks.attractor(net, 2000, 2, slope, radii=[2.5, 4.5])
net.connect(net.node(lambda t: [20.0 * (t < 0.1), 0.0]), state.input, synapse=None)
y = net.probe(state.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(3.0)

plt.plot(sim.time, sim.data[y])
plt.xlabel("time [s]")
