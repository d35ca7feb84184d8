"""Coordinates of a system in which noise of its states reaches the output least."""

from __future__ import annotations

import numpy as np

from nefsim.algebra import Array


def least_noise(spread: Array, seen: Array) -> Array:
    r"""A matrix T, x = T z, such that noise in proportion to the states z is seen least.

    .. math:: \sum_i (T^\top W T)_{ii} \, (T^{-1} K T^{-\top})_{ii} = \frac{1}{q}
              \Bigl(\sum_i \sqrt{\lambda_i(K W)}\Bigr)^2

    which is the lowest sum of all T, with the K of all states z alike (Mullis and Roberts, 1976,
    Synthesis of minimum roundoff noise fixed point digital filters, IEEE Trans. Circuits Syst.
    23; Hwang, 1977).  Populations with equal numbers of neurons have such noise.

    Parameters
    ----------
    spread : (q, q) ndarray
        K, the mean of x x^T.
    seen : (q, q) ndarray
        W, the gramian of how states are observed.

    Returns
    -------
    (q, q) ndarray
    """
    q = len(spread)
    # States that hardly move would be magnified without bounds.
    root = np.linalg.cholesky(spread + 1e-9 * np.trace(spread) * np.eye(q))
    turn, squares, _ = np.linalg.svd(root.T @ seen @ root)
    values = np.sqrt(np.maximum(squares, 1e-18 * squares[0]))
    balanced = root @ turn / np.sqrt(values)
    return balanced @ _equal_diagonal(np.diag(values))


def _equal_diagonal(K: Array) -> Array:
    """A rotation R such that the diagonal of R^T K R is its mean, by rotations of two axes."""
    R, mean = np.eye(len(K)), np.trace(K) / len(K)
    for _ in range(len(K)):  # each makes one more element the mean
        i, j = np.diag(K).argmax(), np.diag(K).argmin()
        a, b, c = K[i, i] - mean, K[j, j] - mean, K[i, j]
        if a <= 1e-12 * mean or b >= -1e-12 * mean:
            break
        tangent = (-c - np.sqrt(c * c - a * b)) / b
        cosine = 1 / np.hypot(1.0, tangent)
        G = np.eye(len(K))
        G[i, i] = G[j, j] = cosine
        G[j, i] = tangent * cosine
        G[i, j] = -G[j, i]
        K, R = G.T @ K @ G, R @ G
    return R
