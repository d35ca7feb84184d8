"""An oscillator by hand.

A recurrent transform that turns the vector a little in each step, started by a pulse.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

omega, tau = 4 * np.pi, 0.1
net = nef.Network(seed=1)
a = net.ensemble(400, 2, radius=1.2)
net.connect(net.node(lambda t: [1.5 * (t < 0.1), 0.0]), a, synapse=tau)
net.connect(a, a, transform=[[1.0, -omega * tau], [omega * tau, 1.0]], synapse=tau)
y = net.probe(a, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.0)

plt.plot(sim.time, sim.data[y])
plt.xlabel("time [s]")
