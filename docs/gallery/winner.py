"""A winner takes all.

Three populations race; the one with the largest input silences the others.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
race = nef.networks.winner_take_all(net, 200, 3)
net.connect(net.node([0.6, 0.8, 0.7]), race.input, synapse=None)
y = net.probe(race.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(1.0)

plt.plot(sim.time, sim.data[y], label=["0.6", "0.8", "0.7"])
plt.xlabel("time [s]")
plt.legend(title="input")
