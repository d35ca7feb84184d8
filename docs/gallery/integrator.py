"""An integrator.

A recurrent connection holds a value, and the input adds to it.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: 2.0 * (0.2 < t < 0.6) - 4.0 * (1.4 < t < 1.7))
memory = nef.networks.integrator(net, 300)
net.connect(stimulus, memory.input, synapse=None)
y = net.probe(memory.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(2.5)

plt.plot(sim.time, sim.data[y])
plt.axhline(0, color="0.6", linewidth=0.8)
plt.xlabel("time [s]")
