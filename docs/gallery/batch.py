"""Many trials at once.

One network in eight trials with different noise, in one run.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(nef.WhiteSignal(2.0, high=3, rms=0.5))
a = net.ensemble(100, 1)
net.connect(stimulus, a, synapse=None)
y = net.probe(a, synapse=0.03)

with nef.Simulator(net, batch_size=8) as sim:
    sim.run(1.0)

plt.plot(sim.time, sim.data[y][:, :, 0].T)
plt.xlabel("time [s]")
