"""Encoders that learn.

The Voja rule turns encoders of active neurons towards the inputs, so that many of them come to
lie there.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

keys = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.6, -0.7]])
net = nef.Network(seed=1)
stimulus = net.node(nef.PresentInput(keys, 0.2))
memory = net.ensemble(60, 2, intercepts=(0.2, 0.6))
learned = net.connect(stimulus, memory, synapse=None, learning_rule=nef.Voja(0.05))

with nef.Simulator(net) as sim:
    before = np.array(sim.data[memory].encoders)
    sim.run(3.0)
    after = np.array(sim.data[memory].encoders)

gain = np.linalg.norm(before, axis=1, keepdims=True) / np.linalg.norm(after, axis=1, keepdims=True)
plt.plot(*before.T, ".", color="0.7", label="before")
plt.plot(*(after * gain).T, ".", label="after")
plt.plot(*(keys / np.linalg.norm(keys, axis=1, keepdims=True)).T, "x", color="k", label="inputs")
plt.axis("equal")
plt.legend()
