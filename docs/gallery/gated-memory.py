"""A memory with a gate.

While the gate is 0 the memory follows its input, and while it is 1 it holds the value.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
memory = nef.networks.input_gated_memory(net, 100, 1)
stimulus = net.node(lambda t: 0.6 * np.sin(6 * t))
net.connect(stimulus, memory.input, synapse=None)
net.connect(net.node(lambda t: float(t % 1.0 > 0.5)), memory.gate, synapse=None)
x, y = net.probe(stimulus), net.probe(memory.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(2.5)

plt.plot(sim.time, sim.data[x], color="0.6", label="input")
plt.plot(sim.time, sim.data[y], label="memory")
plt.xlabel("time [s]")
plt.legend()
