"""Inhibition as a gate.

A strong negative connection onto all neurons of a population silences it while the gate is 1.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(8 * t))
gate = net.node(lambda t: float(0.8 < t < 1.6))
a = net.ensemble(100, 1)
net.connect(stimulus, a, synapse=None)
net.connect(gate, a.neurons, transform=np.full((100, 1), -3.0))
y = net.probe(a, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.4)

plt.plot(sim.time, sim.data[y])
plt.axvspan(0.8, 1.6, color="0.9")
plt.xlabel("time [s]")
