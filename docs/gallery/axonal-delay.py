"""Delays of connections.

The same value arrives after 0, 100 and 200 ms.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(2 * np.pi * t))
a = net.ensemble(200, 1)
net.connect(stimulus, a, synapse=None)
probes = {}
for delay in (0.0, 0.1, 0.2):
    b = net.ensemble(100, 1)
    net.connect(a, b, delay=delay)
    probes[delay] = net.probe(b, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(1.5)

for delay, probe in probes.items():
    plt.plot(sim.time, sim.data[probe], label=f"{1000 * delay:.0f} ms")
plt.xlabel("time [s]")
plt.legend()
