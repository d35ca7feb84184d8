"""Two neurons.

An on and an off neuron represent a number between them: one fires for positive values and one
for negative values.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(8 * t))
pair = net.ensemble(2, 1, encoders=[[1], [-1]], intercepts=[-0.5, -0.5], max_rates=[100, 100])
net.connect(stimulus, pair, synapse=None)
x, spikes = net.probe(pair, synapse=0.03), net.probe(pair.neurons)

with nef.Simulator(net) as sim:
    sim.run(1.0)

plt.plot(sim.time, np.sin(8 * sim.time), color="0.6", label="input")
plt.plot(sim.time, sim.data[x], label="decoded")
for row, fired in enumerate(sim.data[spikes].T):
    plt.plot(sim.time[fired > 0], np.full((fired > 0).sum(), -1.6 - 0.2 * row), "|")
plt.xlabel("time [s]")
plt.legend()
