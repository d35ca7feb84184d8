"""Addition.

Two connections into one population add their values.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
a, b, total = net.ensemble(50, 1), net.ensemble(50, 1), net.ensemble(50, 1)
net.connect(net.node(lambda t: 0.5 * np.sin(3 * t)), a, synapse=None)
net.connect(net.node(lambda t: 0.4 * np.sin(9 * t)), b, synapse=None)
net.connect(a, total)
net.connect(b, total)
probes = [net.probe(ensemble, synapse=0.03) for ensemble in (a, b, total)]

with nef.Simulator(net) as sim:
    sim.run(2.0)

for name, probe in zip(("a", "b", "a + b"), probes, strict=True):
    plt.plot(sim.time, sim.data[probe], label=name)
plt.xlabel("time [s]")
plt.legend()
