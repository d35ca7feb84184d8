"""A communication channel.

The value of one population is sent to another, which receives it through a synapse.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(nef.WhiteSignal(5.0, high=2, rms=0.4, seed=1))
a, b = net.ensemble(100, 1), net.ensemble(100, 1)
net.connect(stimulus, a, synapse=None)
net.connect(a, b)
x, y = net.probe(stimulus), net.probe(b, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(3.0)

plt.plot(sim.time, sim.data[x], label="input")
plt.plot(sim.time, sim.data[y], label="second population")
plt.xlabel("time [s]")
plt.legend()
