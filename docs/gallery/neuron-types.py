"""Neuron types.

The same step of current into populations of five types of neurons: mean rates of 50 neurons
each.
"""

import matplotlib.pyplot as plt

import nefsim as nef

kinds = [nef.LIF(), nef.AdaptiveLIF(), nef.Izhikevich(), nef.RegularSpiking(nef.LIFRate())]
kinds.append(nef.PoissonSpiking(nef.LIFRate()))
net = nef.Network(seed=1)
stimulus = net.node(lambda t: 0.8 * (t > 0.2))
probes = {}
for kind in kinds:
    a = net.ensemble(50, 1, neuron_type=kind, max_rates=(80, 120), encoders=nef.Choice([[1.0]]))
    net.connect(stimulus, a, synapse=None)
    probes[type(kind).__name__] = net.probe(a.neurons, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(1.0)

for name, probe in probes.items():
    plt.plot(sim.time, sim.data[probe].mean(axis=1), label=name)
plt.xlabel("time [s]")
plt.ylabel("mean rate [Hz]")
plt.legend(fontsize="small")
