"""Basal ganglia.

Of three actions the one with the largest utility is released: its output is 0, the others are
negative.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
bg = nef.networks.basal_ganglia(net, 3)
utilities = net.node(nef.PresentInput([[0.9, 0.6, 0.5], [0.5, 0.9, 0.6], [0.6, 0.5, 0.9]], 0.3))
net.connect(utilities, bg.input, synapse=None)
y = net.probe(bg.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(0.9)

plt.plot(sim.time, sim.data[y], label=["action 1", "action 2", "action 3"])
plt.xlabel("time [s]")
plt.legend()
