"""Spatial semantic pointers: points of a continuous space as vectors."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.spa.peaks import maxima

Array = NDArray[np.float64]

#: Most numbers of the vectors of a grid in decoding.
MOST = 2**24


@dataclass(frozen=True, eq=False)
class Space(Value):
    r"""Base class of spaces, which encode points as unitary vectors of HRR.

    .. math:: S(x) = F^{-1}\big(e^{i K x / \ell}\big), \qquad
              S(x) \cdot S(y) = \frac1D \Big(1 + 2 \sum_k \cos\big(k \cdot (x - y) / \ell\big)\Big)

    The rows k of K are the frequencies, and :math:`\ell` is the length scale.  A binding adds
    points, :math:`S(x) \circledast S(y) = S(x + y)`.
    """

    @property
    @abstractmethod
    def frequencies(self) -> Array:
        """The frequencies, (n, domain_dimensions), for a length scale of 1 [rad]."""

    @property
    def dimensions(self) -> int:
        """Number of dimensions D of the vectors, twice the number of frequencies plus 1."""
        return 2 * len(self.frequencies) + 1

    def encode(self, points: ArrayLike) -> Array:
        """Return the vectors of points.

        Parameters
        ----------
        points : (..., domain_dimensions) array_like
            The points.

        Returns
        -------
        (..., D) array
            Unitary vectors, of length 1.
        """
        return self._encoded(self._points("encode", points))

    def gradient(self, points: ArrayLike) -> Array:
        """Return the derivatives of the vectors of points.

        Parameters
        ----------
        points : (..., domain_dimensions) array_like
            The points.

        Returns
        -------
        (..., domain_dimensions, D) array
            The derivative by each coordinate.
        """
        x = self._points("gradient", points)
        k = self._waves()
        turned = 1j * np.exp(1j * x @ k.T)[..., None, :] * k.T
        return self._vectors(turned, constant=0.0)

    def similarity(self, a: ArrayLike, b: ArrayLike) -> Any:
        """Return the dot products of the vectors of points.

        Parameters
        ----------
        a, b : (..., domain_dimensions) array_like
            The points.

        Returns
        -------
        float or (...) array
            The dot products, 1 for equal points.
        """
        x, y = self._points("similarity", a), self._points("similarity", b)
        angles = (x - y) @ self._waves().T
        return (1 + 2 * np.cos(angles).sum(axis=-1)) / self.dimensions

    def decode(
        self, vectors: ArrayLike, bounds: ArrayLike | None = None, n_samples: int = 40
    ) -> Array:
        """Return the points whose vectors are most similar to given ones.

        The best point of a grid is improved by Newton's method.

        Parameters
        ----------
        vectors : (..., D) array_like
            The vectors, such as the decoded values of a probe.
        bounds : (2,) or (domain_dimensions, 2) array_like, or None
            The range of each coordinate; None means from -1 to 1, or one period of a cyclic one.
        n_samples : int
            Number of points of the grid along each coordinate; less than half a length scale
            should lie between two points.

        Returns
        -------
        (..., domain_dimensions) array
            The points, within the bounds.

        Raises
        ------
        ValueError, TypeError
            If the vectors have another size, or the grid is too large.
        """
        who = f"{type(self).__name__}.decode"
        rows = check.array(who, "vectors", vectors)
        if not rows.ndim or rows.shape[-1] != self.dimensions:
            must = f"have {self.dimensions} dimensions"
            check.fail(who, "vectors", must, f"shape {rows.shape}", "pass vectors of the space")
        m = self.frequencies.shape[1]
        low, high = self._bounds(who, bounds, m)
        n = check.integer(who, "n_samples", n_samples, low=2)
        if n**m * self.dimensions > MOST:
            do = "use fewer samples"
            check.fail(who, "n_samples", f"have at most {MOST} numbers of vectors", n, do)
        axes = [np.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, m)
        flat = rows.reshape(-1, self.dimensions)
        codes, some = self._encoded(grid).T, max(1, MOST // len(grid))  # rows at once
        parts = [flat[i : i + some] for i in range(0, max(1, len(flat)), some)]
        x = grid[np.concatenate([np.argmax(part @ codes, axis=1) for part in parts])]
        # Coefficients such that the dot product with S(x) is their real part times exp(i K x).
        weights = 2 * np.fft.rfft(flat)[:, 1:].conj() / self.dimensions
        return maxima(x, weights, self._waves(), low, high).reshape(*rows.shape[:-1], m)

    def _usual_bounds(self) -> Array:
        """The range of each coordinate in decoding, (domain_dimensions, 2)."""
        return np.tile([-1.0, 1.0], (self.frequencies.shape[1], 1))

    def _waves(self) -> Array:
        scale: float = getattr(self, "length_scale", 1.0)
        return self.frequencies / scale

    def _encoded(self, points: Array) -> Array:
        return self._vectors(np.exp(1j * points @ self._waves().T), constant=1.0)

    def _vectors(self, waves: NDArray[np.complex128], constant: float) -> Array:
        first = np.full((*waves.shape[:-1], 1), constant, complex)
        return np.fft.irfft(np.concatenate([first, waves], axis=-1), n=self.dimensions)

    def _points(self, method: str, value: Any) -> Array:
        who, m = f"{type(self).__name__}.{method}", self.frequencies.shape[1]
        points = check.array(who, "points", value)
        if not points.ndim or points.shape[-1] != m:
            do = "pass a coordinate for each dimension of the domain"
            check.fail(who, "points", f"have {m} coordinates", f"shape {points.shape}", do)
        return points

    def _bounds(self, who: str, value: Any, m: int) -> tuple[Array, Array]:
        bounds = self._usual_bounds() if value is None else check.array(who, "bounds", value)
        if bounds.shape not in ((2,), (m, 2)) or not (bounds[..., 0] < bounds[..., 1]).all():
            do = "pass such as (-1, 1)"
            check.fail(who, "bounds", "be a range, or one for each coordinate", value, do)
        low, high = np.broadcast_to(bounds, (m, 2)).T
        return low, high


@dataclass(frozen=True, eq=False)
class RandomSSP(Space):
    r"""A space with random frequencies, normal with a standard deviation of 1.

    The similarity of points is about :math:`e^{-|x - y|^2 / (2 \ell^2)}`.

    Parameters
    ----------
    domain_dimensions : int
        Number of coordinates of a point.
    n_frequencies : int
        Number of frequencies; vectors have ``2 * n_frequencies + 1`` dimensions.
    length_scale : float
        Length scale.
    seed : int
        Seed of the frequencies.

    See Also
    --------
    HexagonalSSP, GridSSP

    References
    ----------
    B. Komer, T. C. Stewart, A. R. Voelker and C. Eliasmith, A neural representation of
    continuous space using fractional binding, CogSci 2019.

    Examples
    --------
    >>> from nefsim import spa
    >>> space = spa.RandomSSP(2, 100, length_scale=0.2)
    >>> space.decode(space.encode([[0.3, -0.5]])).round(6).tolist()
    [[0.3, -0.5]]
    """

    domain_dimensions: int
    n_frequencies: int = 128
    length_scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        who = "RandomSSP"
        check.integer(who, "domain_dimensions", self.domain_dimensions, low=1, high=100)
        check.integer(who, "n_frequencies", self.n_frequencies, low=1, high=10**6)
        check.integer(who, "seed", self.seed, high=2**64 - 1)
        self._set(length_scale=check.positive(who, "length_scale", self.length_scale))

    @property
    def frequencies(self) -> Array:
        """The frequencies, (n_frequencies, domain_dimensions), for a length scale of 1 [rad]."""
        shape = self.n_frequencies, self.domain_dimensions
        return np.random.default_rng(self.seed).standard_normal(shape)
