"""A population.

A hundred neurons with random tuning curves represent a number; the raster is sorted by the
values that they prefer.
"""

import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(lambda t: np.sin(6 * t))
a = net.ensemble(100, 1)
net.connect(stimulus, a, synapse=None)
spikes = net.probe(a.neurons)

with nef.Simulator(net) as sim:
    sim.run(1.0)
    built = sim.data[a]

order = np.argsort((built.encoders[:, 0]) * (1.5 - built.intercepts))
nef.plot.raster(sim.data[spikes], sim.time, sort=order)
