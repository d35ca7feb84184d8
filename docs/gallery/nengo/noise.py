"""Noise in the current, in Nengo."""

import nengo
import numpy as np

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(lambda t: np.sin(4 * t))
    plain = nengo.Ensemble(60, 1)
    noise = nengo.processes.WhiteNoise(nengo.dists.Gaussian(0, 0.05))
    noisy = nengo.Ensemble(60, 1, noise=noise)
    for ensemble in (plain, noisy):
        nengo.Connection(stimulus, ensemble, synapse=None)
        nengo.Probe(ensemble, synapse=0.02)
