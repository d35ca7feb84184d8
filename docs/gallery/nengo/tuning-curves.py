"""Tuning curves, in Nengo."""

import nengo

with nengo.Network(seed=1) as model:
    a = nengo.Ensemble(
        30, 1, max_rates=nengo.dists.Uniform(50, 100), intercepts=nengo.dists.Uniform(-0.9, 0.9)
    )
