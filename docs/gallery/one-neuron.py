"""One neuron.

A leaky integrate-and-fire neuron of 20 to 80 Hz follows a rising current: its voltage climbs
to the threshold, and a spike resets it.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: t)
neuron = net.ensemble(1, 1, encoders=[[1]], intercepts=[-0.2], max_rates=[80])
net.connect(stimulus, neuron, synapse=None)
voltage = net.probe(neuron.neurons, "voltage")

with nef.Simulator(net) as sim:
    sim.run(1.0)

plt.plot(sim.time, sim.data[voltage])
plt.xlabel("time [s]")
plt.ylabel("voltage")
