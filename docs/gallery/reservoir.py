"""A reservoir.

Random recurrent weights, and decoders that are fitted to recorded spikes: the input of 50 ms
ago.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
pool = nef.networks.reservoir(net, 300, 1)
u = net.node(nef.WhiteSignal(4.0, high=3, rms=0.4, seed=5))
net.connect(u, pool.input, synapse=None)
signal, spikes = net.probe(u), net.probe(pool.neurons, synapse=0.05)

with nef.Simulator(net) as sim:
    sim.run(4.0)

A, target = sim.data[spikes][50:], sim.data[signal][:-50]
half = len(A) // 2
decoders = nef.solve_decoders(A[:half], target[:half], reg=0.01)
plt.plot(sim.time[50:], target, color="0.6", label="50 ms ago")
plt.plot(sim.time[50:], A @ decoders, label="read from spikes")
plt.axvline(sim.time[50 + half], color="0.8")
plt.xlabel("time [s]")
plt.legend()
