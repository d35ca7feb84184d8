"""Discrete neurons.

Integrate-and-fire neurons in whole steps, as on chips, count the input: a sawtooth with a
reset to 0.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
neuron = net.ensemble(1, 1, neuron_type=nef.DiscreteLIF(), gain=1.0, bias=0.0)
current = net.node(nef.WhiteNoise(nef.Uniform(0, 0.07), scale=False))
net.connect(current, neuron.neurons, synapse=None)
voltage = net.probe(neuron.neurons, "voltage")

with nef.Simulator(net) as sim:
    sim.run(0.3)

plt.plot(sim.time, sim.data[voltage])
plt.xlabel("time [s]")
plt.ylabel("voltage")
