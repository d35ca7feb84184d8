"""Learning a channel.

An error teaches a connection that computes nothing at first; after 4 s the error is switched
off.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(nef.WhiteSignal(10.0, high=2, rms=0.4, seed=1))
a, b = net.ensemble(100, 1), net.ensemble(100, 1)
error = net.ensemble(100, 1)
net.connect(stimulus, a, synapse=None)
learned = net.connect(a, b, function=np.zeros_like, learning_rule=nef.PES(5e-4))
net.connect(b, error)  # the error is actual minus target
net.connect(a, error, transform=-1)
net.connect(error, learned.learning_rule)
stop = net.node(lambda t: float(t > 4))
net.connect(stop, error.neurons, transform=np.full((100, 1), -20.0))
x, y = net.probe(a, synapse=0.02), net.probe(b, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(6.0)

plt.plot(sim.time, sim.data[x], label="a")
plt.plot(sim.time, sim.data[y], label="b")
plt.xlabel("time [s]")
plt.legend()
