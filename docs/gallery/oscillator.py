"""An oscillator.

Two dimensions that turn into each other, with a limit cycle of radius 1.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
clock = nef.networks.oscillator(net, 400, frequency=2.0)
y = net.probe(clock.output, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.5)

plt.plot(sim.time, sim.data[y])
plt.xlabel("time [s]")
