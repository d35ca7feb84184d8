"""Maxima of similarities near points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Newton's steps: from within half a length scale, rounding is reached after some six.
STEPS = 12


def maxima(
    x: Array, weights: NDArray[np.complex128], waves: Array, low: Array, high: Array
) -> Array:
    r"""Return maxima of :math:`\operatorname{Re} \sum_k w_k e^{i k \cdot x}` near points.

    Newton's steps are damped until they raise the sum.

    Parameters
    ----------
    x : (n, m) array
        The points.
    weights : (n, K) complex array
        The weights w of each point.
    waves : (K, m) array
        The frequencies k.
    low, high : (m,) array
        Bounds of the coordinates.

    Returns
    -------
    (n, m) array
        The maxima.
    """
    value = np.full(len(x), -np.inf)
    damping = np.zeros(len(x))
    best = x
    for _ in range(STEPS):
        now = (weights * np.exp(1j * x @ waves.T)).real.sum(axis=1)
        better = now >= value
        value, best = np.where(better, now, value), np.where(better[:, None], x, best)
        damping = np.where(better, damping / 4, 4 * damping + 1)
        terms = weights * np.exp(1j * best @ waves.T)
        slope = -terms.imag @ waves
        curvature = np.einsum("pn,ni,nj->pij", terms.real, waves, waves)
        size = np.abs(curvature).sum(axis=(1, 2)) + 1e-300
        curvature += ((damping + 1e-9) * size)[:, None, None] * np.eye(waves.shape[1])
        step = np.linalg.solve(curvature, slope[..., None])[..., 0]
        x = np.clip(best + step, low, high)
    return best
