"""Chaos.

The Lorenz attractor in 2000 spiking neurons.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
weather = nef.networks.lorenz(net, 2000)
y = net.probe(weather.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(8.0)

plt.plot(sim.data[y][:, 0], sim.data[y][:, 2], linewidth=0.7)
plt.xlabel("x")
plt.ylabel("z")
