"""A delay of half a second.

Six coefficients of a polynomial describe the last half second, and its end is read.
"""

import matplotlib.pyplot as plt

import nefsim as nef

u = nef.WhiteSignal(10.0, high=1.0, rms=0.4, seed=3)
net = nef.Network(seed=1)
stimulus = net.node(u)
sample = nef.WhiteSignal(10.0, high=1.0, rms=0.4, seed=4).run(10.0)
window = nef.networks.delay(net, 1200, theta=0.5, sample=sample)
net.connect(stimulus, window.input, synapse=None)
x, y = net.probe(stimulus), net.probe(window.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(5.0)

plt.plot(sim.time, sim.data[x], label="input")
plt.plot(sim.time, sim.data[y], label="half a second later")
plt.xlabel("time [s]")
plt.legend()
