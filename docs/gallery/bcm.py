"""Weights that learn without an error.

The rule of Bienenstock, Cooper and Munro strengthens weights between active neurons and weakens
others: a few grow large, and the function that was solved is lost.
"""

import matplotlib.pyplot as plt

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(nef.WhiteSignal(5.0, high=5, rms=0.5, seed=1))
a, b = net.ensemble(30, 1), net.ensemble(30, 1)
net.connect(stimulus, a, synapse=None)
full = nef.LstsqL2(weights=True)
learned = net.connect(a, b, solver=full, learning_rule=nef.BCM(5e-9))
weights = net.probe(learned, "weights", sample_every=5.0)

with nef.Simulator(net) as sim:
    before = sim.data[learned].weights
    sim.run(5.0)

plt.hist(before.ravel(), bins=40, histtype="step", label="solved")
plt.hist(sim.data[weights][-1].ravel(), bins=40, histtype="step", label="after 5 s")
plt.yscale("log")
plt.xlabel("weight")
plt.legend()
