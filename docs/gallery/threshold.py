"""Values above a threshold.

Populations that fire only above 0.3 pass large values and are silent for small ones.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: [t, 1 - t])
gate = nef.networks.thresholding(net, 50, 2, threshold=0.3)
net.connect(stimulus, gate.input, synapse=None)
y = net.probe(gate.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(1.0)

plt.plot(sim.time, sim.data[y])
plt.axhline(0.3, color="0.6", linewidth=0.8)
plt.xlabel("time [s]")
