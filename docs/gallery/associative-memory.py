"""An associative memory.

A noisy version of a stored vector recalls its partner, clean.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

rng = np.random.default_rng(0)
keys = np.linalg.qr(rng.standard_normal((16, 3)))[0].T
noisy = keys + 0.1 * rng.standard_normal((3, 16))
net = nef.Network(seed=1)
memory = nef.networks.associative_memory(net, keys, np.eye(3), clean=True)
net.connect(net.node(nef.PresentInput(noisy, 0.2)), memory.input, synapse=None)
y = net.probe(memory.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(0.6)

plt.plot(sim.time, sim.data[y], label=["first", "second", "third"])
plt.xlabel("time [s]")
plt.legend()
