"""Adaptation.

Neurons that adapt answer a step with many spikes at first and with fewer later.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: 0.8 * (0.2 < t < 0.8))
probes = {}
for kind in (nef.LIF(), nef.AdaptiveLIF(tau_n=0.1, inc_n=0.05)):
    a = net.ensemble(30, 1, neuron_type=kind, encoders=nef.Choice([[1.0]]))
    net.connect(stimulus, a, synapse=None)
    probes[type(kind).__name__] = net.probe(a.neurons, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(1.2)

for name, probe in probes.items():
    plt.plot(sim.time, sim.data[probe].mean(axis=1), label=name)
plt.xlabel("time [s]")
plt.ylabel("mean rate [Hz]")
plt.legend()
