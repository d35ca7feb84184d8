"""An oscillator with a controlled frequency.

The control makes it turn faster, slower and backwards.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
clock = nef.networks.controlled_oscillator(net, 800, max_frequency=3.0)
net.connect(net.node(lambda t: 2.5 * np.cos(1.5 * t)), clock.control, synapse=None)
y = net.probe(clock.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(4.0)

plt.plot(sim.time, sim.data[y])
plt.xlabel("time [s]")
