"""Points of the unit ball and of the unit sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.sampling.base import Array, Distribution, Rng, generator, sample_shape

#: Above this number of dimensions the additive recurrence is no more even than random points.
MOST_SCATTERED = 40


@dataclass(frozen=True, eq=False)
class UniformHypersphere(Distribution):
    r"""Independent uniformly random points of the unit ball or sphere.

    .. math:: x = r\, g / \lVert g \rVert, \qquad g \sim \mathcal{N}(0, I_d), \qquad
              r^d \sim U(m^d, 1) \text{ (ball)} \quad\text{or}\quad r = 1 \text{ (surface)}

    Parameters
    ----------
    surface : bool
        True for points on the surface, False for points of the whole ball.
    min_magnitude : float
        Smallest length m of points in the ball, at least 0 and below 1.

    Raises
    ------
    ValueError, TypeError
        If ``min_magnitude`` is not in [0, 1), or ``surface`` is not True or False.

    See Also
    --------
    ScatteredHypersphere : Points that are more even than random ones.
    unit_vectors : Points of the sphere in one call.

    References
    ----------
    Muller, M. E. (1959). A note on a method for generating points uniformly on n-dimensional
    spheres. Communications of the ACM 2(4), 19-20.

    Examples
    --------
    >>> x = UniformHypersphere(surface=True).sample(5, d=3, rng=0)
    >>> np.linalg.norm(x, axis=1).round(12)
    array([1., 1., 1., 1., 1.])
    """

    surface: bool = False
    min_magnitude: float = 0.0

    def __post_init__(self) -> None:
        who = "UniformHypersphere"
        do = "pass a length in [0, 1)"
        surface = check.flag(who, "surface", self.surface)
        m = check.real(who, "min_magnitude", self.min_magnitude, do, 0.0, 1.0, open_high=True)
        self._set(surface=surface, min_magnitude=m)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        rng = generator(self, rng)
        points = _random_directions(n, d or 1, rng)
        if not self.surface:
            points *= _radii(rng.random(n), d or 1, self.min_magnitude)
        return points.reshape(shape)


def _random_directions(n: int, d: int, rng: np.random.Generator) -> Array:
    return _normalised(rng.standard_normal((n, d)))


def _normalised(x: Array) -> Array:
    unit: Array = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit


def _radii(u: Array, d: int, shortest: float = 0.0) -> Array:
    """Lengths (n, 1) of uniform points of the ball, from uniform u (n,) in [0, 1)."""
    core = shortest**d
    radii: Array = (core + (1 - core) * u[:, None]) ** (1 / d)
    return radii


@dataclass(frozen=True, eq=False)
class ScatteredHypersphere(Distribution):
    r"""Evenly scattered points of the unit ball or sphere (low discrepancy).

    .. math:: u_i = (s + i\,\alpha) \bmod 1, \quad \alpha_j = \varphi_k^{-j}, \quad
              \varphi_k^{k+1} = \varphi_k + 1, \qquad x_i = Q\,h(u_i)

    The recurrence fills the cube of k dimensions evenly. The map h from the cube to the sphere
    (k = d - 1) or the ball (k = d) preserves ratios of volumes. The start s and the rotation Q
    are random. In one dimension the surface is half +1 and half -1 (with an odd number, one
    sign is random) and the ball is a grid on [-1, 1), both in random order. Above 40
    dimensions the recurrence is no more even than random points, which are then used.

    Parameters
    ----------
    surface : bool
        True for points on the surface, False for points of the whole ball.

    Raises
    ------
    TypeError
        If ``surface`` is not True or False.

    See Also
    --------
    UniformHypersphere : Independent random points.
    unit_vectors : Points of the sphere in one call.

    References
    ----------
    Fang, K.-T. and Wang, Y. (1994). Number-Theoretic Methods in Statistics. Chapman & Hall.

    Roberts, M. (2018). The unreasonable effectiveness of quasirandom sequences.
    http://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/

    Examples
    --------
    >>> np.sort(ScatteredHypersphere(surface=True).sample(4, rng=0))
    array([-1., -1.,  1.,  1.])
    """

    surface: bool = False

    def __post_init__(self) -> None:
        self._set(surface=check.flag("ScatteredHypersphere", "surface", self.surface))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        rng = generator(self, rng)
        if d is None or d == 1:
            return _scattered_line(n, self.surface, rng).reshape(shape)
        if d > MOST_SCATTERED:
            return UniformHypersphere(self.surface).sample(n, d, rng)
        u = additive_recurrence(n, d - 1 if self.surface else d, rng)
        points = _normalised(_sphere_from_cube(u[:, 1 - d :]) @ rotation(d, rng))
        return points if self.surface else points * _radii(u[:, 0], d)


def _scattered_line(n: int, surface: bool, rng: np.random.Generator) -> Array:
    if surface:
        signs = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
        signs *= rng.choice([-1.0, 1.0])
        return rng.permutation(signs)
    return rng.permutation(2 * (np.arange(n) + rng.random()) / n - 1)


def additive_recurrence(n: int, k: int, rng: np.random.Generator) -> Array:
    """Evenly scattered points (n, k) of the cube [0, 1)^k."""
    root = 2.0
    for _ in range(64):  # contracts by more than 1/2, so 64 iterations reach rounding
        root = (1 + root) ** (1 / (k + 1))
    alpha = root ** -np.arange(1.0, k + 1)
    points: Array = (rng.random(k) + np.arange(n)[:, None] * alpha) % 1.0
    return points


def _sphere_from_cube(u: Array) -> Array:
    """Unit vectors (n, d) from points (n, d - 1) of the cube; equal volumes map to equal areas.

    Two coordinates of a random unit vector in d dimensions have a uniform direction and a
    squared length with the distribution function 1 - (1 - r²)^((d - 2)/2); the other
    coordinates are a random vector in d - 2 dimensions.  In three dimensions one coordinate is
    uniform; in two dimensions an angle is.
    """
    n, d = len(u), u.shape[1] + 1
    points = np.empty((n, d))
    left = np.ones(n)
    for k in range(0, d - 3, 2):
        rest = u[:, k] ** (1 / (d - k - 2))
        points[:, k : k + 2] = _on_circle(left * np.sqrt(1 - rest**2), u[:, k + 1])
        left *= rest
    if d % 2:
        cosine = 2 * u[:, -2] - 1
        points[:, -3] = left * cosine
        left *= np.sqrt(1 - cosine**2)
    points[:, -2:] = _on_circle(left, u[:, -1])
    return points


def _on_circle(radius: Array, turn: Array) -> Array:
    """Vectors (n, 2) from a length and an angle in turns."""
    angle = 2 * np.pi * turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def rotation(d: int, rng: np.random.Generator) -> Array:
    """A random orthogonal matrix (d, d): QR of normal numbers, with random signs."""
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    rotation: Array = q * np.sign(np.diag(r))
    return rotation


@dataclass(frozen=True, eq=False)
class CosineSimilarity(Distribution):
    r"""The cosine between two random vectors, or one coordinate of a random unit vector.

    .. math:: p(x) = \frac{(1 - x^2)^{(D-3)/2}}{B(\frac{1}{2}, \frac{D-1}{2})}, \quad |x| \le 1,
              \qquad \frac{x+1}{2} \sim \mathrm{Beta}\bigl(\tfrac{D-1}{2}, \tfrac{D-1}{2}\bigr)

    Parameters
    ----------
    dimensions : int
        Number of dimensions D, at least 2.

    Raises
    ------
    ValueError, TypeError
        If ``dimensions`` is not a whole number of at least 2.

    See Also
    --------
    UniformHypersphere : The vectors themselves.

    References
    ----------
    Cai, T., Fan, J. and Jiang, T. (2013). Distributions of angles in random packing on spheres.
    Journal of Machine Learning Research 14, 1837-1864.

    Examples
    --------
    >>> CosineSimilarity(3).cdf([-1, 0, 0.5])
    array([0.  , 0.5 , 0.75])
    """

    dimensions: int

    def __post_init__(self) -> None:
        do = "pass the dimensions of the vectors"
        dimensions = check.integer("CosineSimilarity", "dimensions", self.dimensions, do, low=2)
        self._set(dimensions=dimensions)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        a = (self.dimensions - 1) / 2
        x: Array = 2 * generator(self, rng).beta(a, a, sample_shape(self, n, d)) - 1
        return x

    def pdf(self, x: ArrayLike) -> Array:
        """Density p(x); 0 outside [-1, 1].

        Parameters
        ----------
        x : array_like
            Cosines.

        Returns
        -------
        ndarray of the shape of x

        Raises
        ------
        ValueError, TypeError
            If x is not an array of finite numbers.
        """
        x = check.array("CosineSimilarity.pdf", "x", x)
        half = (self.dimensions - 1) / 2
        log_beta = math.lgamma(0.5) + math.lgamma(half) - math.lgamma(half + 0.5)
        with np.errstate(divide="ignore"):  # in two dimensions the density at ±1 is infinite
            density: Array = np.maximum(1 - x**2, 0.0) ** (half - 1) / math.exp(log_beta)
        return np.where(np.abs(x) <= 1, density, 0.0)

    def cdf(self, x: ArrayLike) -> Array:
        """Cumulative distribution: the probability of a sample below x.

        Parameters
        ----------
        x : array_like
            Cosines.

        Returns
        -------
        ndarray of the shape of x

        Raises
        ------
        ValueError, TypeError
            If x is not an array of finite numbers.
        """
        from scipy.special import betainc

        x = check.array("CosineSimilarity.cdf", "x", x)
        a = (self.dimensions - 1) / 2
        return np.asarray(betainc(a, a, np.clip((x + 1) / 2, 0.0, 1.0)))

    def ppf(self, p: ArrayLike) -> Array:
        """Quantile function, the inverse of ``cdf``.

        Parameters
        ----------
        p : array_like
            Probabilities from 0 to 1.

        Returns
        -------
        ndarray of the shape of p

        Raises
        ------
        ValueError, TypeError
            If a probability is out of range.
        """
        from scipy.special import betaincinv

        do = "pass shares between 0 and 1"
        p = check.array("CosineSimilarity.ppf", "p", p, None, do, 0.0, 1.0)
        a = (self.dimensions - 1) / 2
        return np.asarray(2 * betaincinv(a, a, p) - 1)


def unit_vectors(
    n: int,
    d: int,
    rng: Rng = None,
    kind: Literal["scattered", "uniform"] = "scattered",
) -> Array:
    r"""Unit vectors, :math:`\lVert e_i \rVert = 1`, such as the encoders of a population.

    Parameters
    ----------
    n, d : int
        Number of vectors and of dimensions; with one dimension they are ±1.
    rng : numpy.random.Generator, int or None
        Random generator, or a seed for one.
    kind : "scattered" or "uniform"
        Evenly scattered (`ScatteredHypersphere`) or independent (`UniformHypersphere`).

    Returns
    -------
    ndarray of shape (n, d)

    Raises
    ------
    ValueError, TypeError
        If n, d or ``rng`` is out of range, or ``kind`` is neither of the two.

    See Also
    --------
    ScatteredHypersphere, UniformHypersphere

    Examples
    --------
    >>> np.sort(unit_vectors(4, 1, rng=0).ravel())
    array([-1., -1.,  1.,  1.])
    """
    n = check.integer("unit_vectors", "n", n, "pass the number of vectors")
    d = check.integer("unit_vectors", "d", d, "pass the number of dimensions", low=1)
    rng = check.generator("unit_vectors", rng)
    if check.one_of("unit_vectors", "kind", kind, ("scattered", "uniform")) == "scattered":
        return ScatteredHypersphere(surface=True).sample(n, d, rng)
    return UniformHypersphere(surface=True).sample(n, d, rng)
