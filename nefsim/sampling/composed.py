"""Distributions that combine others, and repeated rows of an array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.sampling.base import (
    Array,
    Distribution,
    Rng,
    check_width,
    generator,
    numbers_or_rows,
    sample_shape,
)


@dataclass(frozen=True, eq=False)
class Mixture(Distribution):
    r"""A mixture of distributions: :math:`p(x) = \sum_i w_i\,p_i(x)`.

    Parameters
    ----------
    distributions : sequence of k Distributions
        The distributions :math:`p_i`.
    weights : (k,) array_like, optional
        Relative weights of the distributions, at least 0; by default all are equal.

    Raises
    ------
    ValueError
        If there are no distributions, or the weights do not match them.
    TypeError
        If one of them is not a distribution.

    Examples
    --------
    Two peaks:

    >>> from nefsim import Gaussian
    >>> x = Mixture([Gaussian(-1, 0.01), Gaussian(1, 0.01)]).sample(100, rng=0)
    >>> bool((abs(abs(x) - 1) < 0.1).all())
    True
    """

    distributions: Sequence[Distribution]
    weights: ArrayLike | None = None

    def __post_init__(self) -> None:
        parts = _distributions("Mixture", "distributions", self.distributions)
        self._set(distributions=parts)
        if self.weights is not None:
            do = "pass one weight for each distribution, not all 0"
            weights = check.array("Mixture", "weights", self.weights, (len(parts),), do, low=0.0)
            if weights.sum() == 0:
                check.fail("Mixture", "weights", "have a sum above 0", "0", do)
            self._set(weights=weights)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        rng = generator(self, rng)
        parts = self.distributions
        weights = np.ones(len(parts)) if self.weights is None else np.asarray(self.weights)
        which = rng.choice(len(parts), shape[0], p=weights / weights.sum())
        samples = np.empty(shape)
        for i, part in enumerate(parts):
            rows = which == i
            if rows.any():
                samples[rows] = part.sample(int(rows.sum()), d, rng)
        return samples


@dataclass(frozen=True, eq=False)
class Copula(Distribution):
    r"""Vectors with correlated elements of any marginal distributions, by a Gaussian copula.

    .. math:: x_i = F_i^{-1}(\Phi(z_i)), \qquad z \sim \mathcal{N}(0, R)

    Parameters
    ----------
    marginals : Distribution or sequence of d Distributions
        Distribution of all elements, or of each.  It must have a method ``ppf``, the inverse of
        its cumulative distribution function F, as :class:`Uniform`, :class:`Gaussian`,
        :class:`Exponential` and :class:`CosineSimilarity` have.
    correlation : (d, d) array_like
        Correlation matrix R of the normal variables z.

    Raises
    ------
    ValueError
        If ``correlation`` is not a correlation matrix, or the sizes do not match.
    TypeError
        If a marginal is not a distribution, or has no ``ppf``.

    References
    ----------
    Nelsen, R. B. (2006). An Introduction to Copulas. Springer, 2nd edition.

    Examples
    --------
    >>> from nefsim import Uniform
    >>> x = Copula(Uniform(0, 1), [[1, 0.9], [0.9, 1]]).sample(1000, 2, rng=0)
    >>> bool(x.min() >= 0), bool(x.max() <= 1), bool(np.corrcoef(x.T)[0, 1] > 0.8)
    (True, True, True)
    """

    marginals: Distribution | Sequence[Distribution]
    correlation: ArrayLike

    def __post_init__(self) -> None:
        who = "Copula"
        do = "pass a symmetric matrix with ones in its diagonal"
        R = check.array(who, "correlation", self.correlation, (None, None), do, -1.0, 1.0)
        if R.shape[0] != R.shape[1] or not R.size:
            check.fail(who, "correlation", "be square", f"shape {R.shape}", do)
        if np.abs(R - R.T).max() > 1e-12 or np.abs(np.diag(R) - 1).max() > 1e-12:
            check.fail(who, "correlation", "be symmetric with 1 in its diagonal", R, do)
        if np.linalg.eigvalsh(R).min() < -1e-10:
            got = f"{np.linalg.eigvalsh(R).min():g}"
            check.fail(who, "correlation", "have no negative eigenvalue", got, do)
        marginals: Any = self.marginals
        if not isinstance(marginals, Distribution):
            marginals = _distributions(who, "marginals", marginals)
            if len(marginals) != len(R):
                got = f"{len(marginals)} for {len(R)} coordinates"
                check.fail(who, "marginals", "be one for each", got, "match the correlation")
        for one in [marginals] if isinstance(marginals, Distribution) else marginals:
            if not callable(getattr(one, "ppf", None)):
                do = "take one such as Uniform, Gaussian or Exponential"
                check.fail(who, "marginals", "have a method ppf", check.show(one), do, TypeError)
        self._set(marginals=marginals, correlation=R)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        R = np.asarray(self.correlation, dtype=np.float64)
        if (d or 1) != len(R):
            do = "match the correlation"
            check.fail("Copula.sample", "d", f"be {len(R)}", check.show(d), do)
        sizes, vectors = np.linalg.eigh(R)
        root = vectors * np.sqrt(np.maximum(sizes, 0.0))
        z = generator(self, rng).standard_normal((shape[0], len(R))) @ root.T
        shares = _normal_cdf(z)
        marginals = self.marginals
        if isinstance(marginals, Distribution):
            marginals = [marginals] * len(R)
        columns = [one.ppf(p) for one, p in zip(marginals, shares.T, strict=True)]  # type: ignore[attr-defined]
        return np.stack(columns, axis=1).reshape(shape)


@dataclass(frozen=True, eq=False)
class Tile(Distribution):
    r"""A fixed array, repeated as often as needed: :math:`x_i = values_{i \bmod k}`.

    Parameters
    ----------
    values : (k,) or (k, d) array_like
        Numbers, or vectors in rows.

    Raises
    ------
    ValueError
        If the array is empty; on use, if its rows do not have d elements.

    See Also
    --------
    Samples : A fixed array of exactly n rows.

    Examples
    --------
    >>> Tile([1.0, 2.0]).sample(5)
    array([1., 2., 1., 2., 1.])
    """

    values: ArrayLike

    def __post_init__(self) -> None:
        do = "pass numbers or rows that repeat"
        self._set(values=numbers_or_rows("Tile", "values", self.values, do))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        generator(self, rng)
        values = np.asarray(self.values, dtype=np.float64)
        check_width("Tile.sample", "values", values, d)
        return values[np.arange(shape[0]) % len(values)].reshape(shape)


def _distributions(who: str, argument: str, value: Any) -> tuple[Distribution, ...]:
    do = "pass a list of distributions such as [Uniform(-1, 0), Gaussian(1, 0.1)]"
    check.instance(who, argument, value, (list, tuple), "a list of distributions", do)
    if not value:
        check.fail(who, argument, "hold a distribution", "none", do)
    for part in value:
        check.instance(who, argument, part, Distribution, "distributions", do)
    return tuple(value)


def _normal_cdf(z: Array) -> Array:
    """Φ(z), strictly between 0 and 1, so that quantiles are finite."""
    from scipy.special import ndtr

    tiny = np.finfo(np.float64).tiny
    return np.asarray(np.clip(ndtr(z), tiny, math.nextafter(1.0, 0.0)))
