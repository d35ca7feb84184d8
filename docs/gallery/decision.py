"""A decision from noisy evidence.

Evidence is integrated to a bound; 20 trials at once, each with other noise.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
choice = nef.networks.decision(net, 300, noise=1.0)
net.connect(net.node(1.0), choice.input, synapse=None)
evidence = net.probe(choice.evidence, synapse=0.02)

with nef.Simulator(net, batch_size=20) as sim:
    sim.run(1.2)

plt.plot(sim.time, sim.data[evidence][:, :, 0].T, linewidth=0.7)
plt.xlabel("time [s]")
plt.ylabel("evidence")
