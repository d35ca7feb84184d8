"""An oscillator by hand, in Nengo."""

import nengo
import numpy as np

omega, tau = 4 * np.pi, 0.1
with nengo.Network(seed=1) as model:
    a = nengo.Ensemble(400, 2, radius=1.2)
    nengo.Connection(nengo.Node(lambda t: [1.5 * (t < 0.1), 0.0]), a, synapse=tau)
    turn = [[1.0, -omega * tau], [omega * tau, 1.0]]
    nengo.Connection(a, a, transform=turn, synapse=tau)
    y = nengo.Probe(a, synapse=0.02)
