"""Learning a function.

The error of a square teaches a connection.  The same two seconds of input come again and again,
and the error falls.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
stimulus = net.node(nef.WhiteSignal(2.0, high=3, rms=0.5, seed=1))
a, out, error = net.ensemble(200, 1), net.node(size_in=1), net.node(size_in=1)
net.connect(stimulus, a, synapse=None)
learned = net.connect(a, out, function=np.zeros_like, learning_rule=nef.PES(1e-3))
net.connect(out, error, synapse=None)
net.connect(stimulus, error, function=lambda x: -(x**2))
net.connect(error, learned.learning_rule, synapse=None)
shown = net.probe(error, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(16.0)

time, rms = nef.analysis.learning_curve(sim.data[shown], window=2.0)
plt.plot(time, rms, "o-")
plt.xlabel("time [s]")
plt.ylabel("rms error")
