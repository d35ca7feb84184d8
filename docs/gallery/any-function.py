"""Any function.

One population and four functions of its value, each with separate decoders.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

functions = {
    "sin πx": lambda x: np.sin(np.pi * x),
    "|x|": np.abs,
    "sign x": np.sign,
    "exp -8x²": lambda x: np.exp(-8 * x**2),
}
net = nef.Network(seed=1)
a = net.ensemble(400, 1)
net.connect(net.node(lambda t: t - 1), a, synapse=None)
probes = {}
for name, function in functions.items():
    out = net.node(size_in=1)
    net.connect(a, out, function=function)
    probes[name] = net.probe(out, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(2.0)

for name, probe in probes.items():
    plt.plot(sim.time - 1, sim.data[probe], label=name)
plt.xlabel("x")
plt.legend()
