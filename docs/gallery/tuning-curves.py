"""Tuning curves.

Firing rates of 30 neurons at each value that they represent, by encoders, intercepts and
maximum rates.
"""

import numpy as np

import nefsim as nef

net = nef.Network(seed=1)
a = net.ensemble(30, 1, max_rates=(50, 100), intercepts=(-0.9, 0.9))
with nef.Simulator(net) as sim:
    built = sim.data[a]

x = np.linspace(-1, 1, 200)
rates = nef.tuning_curves(nef.LIF(), x, built.encoders, built.gain, built.bias)
nef.plot.tuning_curves(rates, x)
