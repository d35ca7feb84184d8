"""A memory of one bit.

Two attractors at -1 and 1; pulses push the state from one to the other.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
memory = nef.networks.attractor(net, 300, 1, lambda x: 5 * (x - x**3), radii=1.5)
pulses = net.node(lambda t: 15.0 * (0.2 < t < 0.4) - 15.0 * (1.2 < t < 1.4))
net.connect(pulses, memory.input, synapse=None)
y = net.probe(memory.output, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(2.2)

plt.plot(sim.time, sim.data[y])
plt.xlabel("time [s]")
