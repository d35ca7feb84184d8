"""Few weights.

A solver that drops nine of ten weights, and the value that arrives all the same.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
a = net.ensemble(200, 1)
net.connect(net.node(lambda t: np.sin(5 * t)), a, synapse=None)
probes = {}
for share in (0.0, 0.5, 0.9):
    b = net.ensemble(100, 1)
    net.connect(a, b, solver=nef.LstsqDrop(drop=share, weights=True))
    probes[share] = net.probe(b, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(1.5)

for share, probe in probes.items():
    plt.plot(sim.time, sim.data[probe], label=f"{100 * share:.0f} % dropped")
plt.xlabel("time [s]")
plt.legend()
