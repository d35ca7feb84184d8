"""Chaos, in Nengo."""

import nengo
import numpy as np


def slope(x):
    """The recurrent function of the system, with z shifted by 28."""
    a, b, c = x
    change = np.array([10 * (b - a), -a * c - b, a * b - 8 / 3 * (c + 28) - 28])
    return 0.1 * change + x


with nengo.Network(seed=1) as model:
    state = nengo.Ensemble(2000, 3, radius=60)
    nengo.Connection(state, state, function=slope, synapse=0.1)
    y = nengo.Probe(state, synapse=0.02)
