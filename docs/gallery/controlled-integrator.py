"""A memory that can be cleared.

The control decides whether the value is held or decays.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
memory = nef.networks.controlled_integrator(net, 300)
net.connect(net.node(lambda t: 3.0 * (0.1 < t < 0.4)), memory.input, synapse=None)
net.connect(net.node(lambda t: float(t < 1.2)), memory.control, synapse=None)
y = net.probe(memory.output, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(2.0)

plt.plot(sim.time, sim.data[y])
plt.axvspan(0, 1.2, color="0.93")
plt.text(0.05, 0.05, "control 1")
plt.xlabel("time [s]")
