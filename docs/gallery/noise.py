"""Noise in the current.

White noise into each neuron makes its spikes irregular; the decoded value stays.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(4 * t))
plain = net.ensemble(60, 1, label="without noise")
noisy = net.ensemble(60, 1, noise=nef.WhiteNoise(nef.Gaussian(0, 0.05)), label="with noise")
probes = []
for ensemble in (plain, noisy):
    net.connect(stimulus, ensemble, synapse=None)
    probes.append(net.probe(ensemble, synapse=0.02))

with nef.Simulator(net) as sim:
    sim.run(2.0)

for ensemble, probe in zip((plain, noisy), probes, strict=True):
    plt.plot(sim.time, sim.data[probe], label=ensemble.label)
plt.xlabel("time [s]")
plt.legend()
