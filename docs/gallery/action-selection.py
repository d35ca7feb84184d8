"""Action selection with a thalamus.

The thalamus turns the output of the basal ganglia into an action that is on or off.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
bg, thalamus = nef.networks.basal_ganglia(net, 2), nef.networks.thalamus(net, 2)
net.connect(bg.output, thalamus.input)
net.connect(net.node(lambda t: [0.8, 0.5 + 0.5 * t]), bg.input, synapse=None)
y = net.probe(thalamus.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(1.2)

plt.plot(sim.time, sim.data[y], label=["0.8", "rises"])
plt.xlabel("time [s]")
plt.legend(title="utility")
