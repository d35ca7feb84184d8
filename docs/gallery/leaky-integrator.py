"""A slow filter from a fast synapse.

With a recurrent connection of less than 1 a population becomes a lowpass of half a second.
"""

import matplotlib.pyplot as plt

import nefsim as nef

tau, slow = 0.05, 0.5
net = nef.Network(seed=1)
stimulus = net.node(lambda t: float(0.2 < t < 1.2))
a = net.ensemble(200, 1)
net.connect(stimulus, a, transform=tau / slow, synapse=tau)
net.connect(a, a, transform=1 - tau / slow, synapse=tau)
x, y = net.probe(stimulus), net.probe(a, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.5)

plt.plot(sim.time, nef.Lowpass(slow).filt(sim.data[x]), color="0.6", label="lowpass of 0.5 s")
plt.plot(sim.time, sim.data[y], label="decoded")
plt.xlabel("time [s]")
plt.legend()
