"""The variance of filtered spike trains (for a moment; the solvers' room has the lasting one)."""

from __future__ import annotations

import numpy as np

from nefsim.synapses import Lowpass


def regular(rates, synapse, dt):
    a = np.asarray(rates, float)
    if synapse is None:
        return a / dt - np.minimum(a * a, a / dt)
    b, den = synapse.coefficients(dt)
    grid = np.geomspace(0.5, 2 / dt, 400)
    k = np.arange(1, 200)[:, None]
    f = k * grid
    z = np.exp(-2j * np.pi * f * dt)
    H = np.polyval(b[::-1], z) / np.polyval(den[::-1], z)
    v = 2 * grid**2 * (np.abs(H) ** 2 * np.sinc(f * dt) ** 2).sum(0)
    low = v[0] / grid[0]
    out = np.interp(a, grid, v)
    return np.where(a < grid[0], a * low, out)
