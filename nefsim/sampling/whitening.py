"""Whitening: a linear map that removes the correlations between pixels of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.sampling.base import Array


@dataclass(frozen=True, eq=False)
class Whitening(Value):
    r"""A linear map to decorrelated coordinates, :math:`z = W (x - \bar{x})`.

    ``Whitening.fit`` computes W from examples with the covariance
    :math:`C = U\, \mathrm{diag}(\lambda)\, U^\top`:

    .. math:: W_{\mathrm{PCA}} = \mathrm{diag}(\lambda + \epsilon)^{-1/2}\, U^\top, \qquad
              W_{\mathrm{ZCA}} = U\, W_{\mathrm{PCA}}, \qquad
              \epsilon = \mathrm{reg} \cdot \lambda_{\max}

    With all components and reg 0 the covariance of z is the identity. Among all such maps ZCA
    changes x least, so z still looks like an image.

    Parameters
    ----------
    mean : (D,) array_like
        Mean :math:`\bar{x}`, which is subtracted first.
    matrix : (K, D) array_like
        Matrix W.

    Raises
    ------
    ValueError, TypeError
        If the arrays are not finite or their shapes do not match.

    See Also
    --------
    SparsePatches, SparseGabor, CIW : Encoders for images.

    References
    ----------
    Bell, A. J. and Sejnowski, T. J. (1997). The "independent components" of natural scenes are
    edge filters. Vision Research 37(23), 3327-3338.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(500, 2)) @ [[2.0, 1.0], [0.0, 1.0]]
    >>> z = Whitening.fit(x, reg=0.0)(x)
    >>> np.abs(np.cov(z.T, bias=True) - np.eye(2)).max().round(9)
    np.float64(0.0)

    In a network, use ``net.connect(stimulus, ensemble, transform=w.matrix)``, and
    ``net.connect(net.node(-w.matrix @ w.mean), ensemble)`` to subtract the mean.
    """

    mean: ArrayLike
    matrix: ArrayLike

    def __post_init__(self) -> None:
        who = "Whitening"
        matrix = check.array(who, "matrix", self.matrix, (None, None), "pass a (K, D) matrix")
        do = "pass a number for each column of matrix"
        self._set(mean=check.array(who, "mean", self.mean, (matrix.shape[1],), do), matrix=matrix)

    @classmethod
    def fit(
        cls, x: ArrayLike, kind: str = "zca", n_components: int | None = None, reg: float = 1e-3
    ) -> Whitening:
        """Compute the whitening from the mean and covariance of examples.

        Parameters
        ----------
        x : (P, D) array_like
            Examples, such as images flattened row by row; at least two.
        kind : "zca" or "pca"
            Coordinates of the whitened vectors z: "zca" has the D coordinates of x, "pca" has
            principal components.
        n_components : int or None
            Number of principal components; None for all.
        reg : float
            Number ε to add to every variance, as a share of the largest one, so that directions
            of small variance are not amplified.

        Returns
        -------
        Whitening

        Raises
        ------
        ValueError, TypeError
            If all examples are equal, a variance is 0 with this ``reg``, or an argument is
            out of range.
        """
        who = "Whitening.fit"
        do = "pass one example per row"
        examples = check.array(who, "x", x, (None, None), do)
        n, d = examples.shape
        if n < 2 or not np.ptp(examples, axis=0).any():
            check.fail(who, "x", "have rows that differ", f"shape {examples.shape}", do)
        check.one_of(who, "kind", kind, ("zca", "pca"))
        k = _components(who, n_components, d)
        reg = check.real(who, "reg", reg, "pass a share of the largest variance", low=0.0)
        mean = examples.mean(axis=0)
        examples -= mean
        variance, directions = np.linalg.eigh(examples.T @ examples / n)
        variance, directions = variance[::-1][:k], directions[:, ::-1][:, :k]
        floor = variance + reg * variance[0]
        if not floor[-1] > np.finfo(float).eps * variance[0]:
            do = "pass a larger reg or fewer n_components"
            check.fail(who, "reg", "make every variance positive", f"{reg:g}", do)
        pca: Array = directions.T / np.sqrt(floor)[:, None]
        return cls(mean, directions @ pca if kind == "zca" else pca)

    def __call__(self, x: ArrayLike) -> Array:
        """Compute the whitened coordinates z of the rows of x.

        Parameters
        ----------
        x : (P, D) array_like
            Vectors to whiten, one per row.

        Returns
        -------
        ndarray of shape (P, K)

        Raises
        ------
        ValueError, TypeError
            If the rows have another length than the mean.
        """
        mean, matrix = np.asarray(self.mean), np.asarray(self.matrix)
        do = "pass rows of the length of the mean"
        rows = check.array("Whitening", "x", x, (None, len(mean)), do)
        z: Array = (rows - mean) @ matrix.T
        return z


def _components(who: str, n_components: Any, d: int) -> int:
    if n_components is None:
        return d
    return check.integer(who, "n_components", n_components, "pass the number of components", 1, d)
