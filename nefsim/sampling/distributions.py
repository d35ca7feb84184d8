"""Distributions of numbers, and choices from lists of numbers or vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
class Constant(Distribution):
    """A constant: every sample is ``value``.

    Parameters
    ----------
    value : float
        The number.

    Raises
    ------
    ValueError, TypeError
        If ``value`` is not a finite number.

    See Also
    --------
    Uniform, Samples

    Examples
    --------
    >>> Constant(0.5).sample(3)
    array([0.5, 0.5, 0.5])
    """

    value: float

    def __post_init__(self) -> None:
        self._set(value=check.real("Constant", "value", self.value))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        generator(self, rng)
        return np.full(sample_shape(self, n, d), self.value)


@dataclass(frozen=True, eq=False)
class Uniform(Distribution):
    r"""The uniform distribution: :math:`p(x) = 1/(high - low)` for low ≤ x < high.

    Parameters
    ----------
    low, high : float
        Ends of the interval; when they are equal every sample is that number.

    Raises
    ------
    ValueError, TypeError
        If an end is not a finite number, or ``low`` is above ``high``.

    See Also
    --------
    Gaussian, Exponential

    Examples
    --------
    >>> x = Uniform(200, 400).sample(50, rng=0)
    >>> x.shape, bool(x.min() >= 200), bool(x.max() < 400)
    ((50,), True, True)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        low = check.real("Uniform", "low", self.low)
        high = check.real("Uniform", "high", self.high)
        if high < low:
            check.fail("Uniform", "high", f"be at least low = {low:g}", high, "swap the two")
        self._set(low=low, high=high)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        return generator(self, rng).uniform(self.low, self.high, sample_shape(self, n, d))

    def ppf(self, p: ArrayLike) -> Array:
        """Quantiles: numbers below which shares p of the samples are.

        Parameters
        ----------
        p : array_like of any shape
            Shares, from 0 to 1.

        Returns
        -------
        ndarray of the shape of p

        Raises
        ------
        ValueError
            If a share is outside [0, 1].
        """
        return self.low + (self.high - self.low) * _shares("Uniform.ppf", p)


@dataclass(frozen=True, eq=False)
class Gaussian(Distribution):
    r"""The normal distribution: :math:`p(x) \propto \exp(-(x - mean)^2 / (2\,std^2))`.

    Parameters
    ----------
    mean : float
        Centre.
    std : float
        Standard deviation, at least 0.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not a finite number, or ``std`` is negative.

    See Also
    --------
    Uniform, Exponential

    Examples
    --------
    >>> Gaussian(0, 1).sample(4, d=2, rng=0).shape
    (4, 2)
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        mean = check.real("Gaussian", "mean", self.mean)
        std = check.real("Gaussian", "std", self.std, "pass a standard deviation", low=0.0)
        self._set(mean=mean, std=std)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        return generator(self, rng).normal(self.mean, self.std, sample_shape(self, n, d))

    def ppf(self, p: ArrayLike) -> Array:
        """Quantiles: numbers below which shares p of the samples are.

        Parameters
        ----------
        p : array_like of any shape
            Shares, from 0 to 1.

        Returns
        -------
        ndarray of the shape of p

        Raises
        ------
        ValueError
            If a share is outside [0, 1].
        """
        from scipy.special import ndtri

        shares = _shares("Gaussian.ppf", p)
        return (
            self.mean + self.std * np.asarray(ndtri(shares)) if self.std else 0 * shares + self.mean
        )


@dataclass(frozen=True, eq=False)
class Exponential(Distribution):
    r"""An exponential tail: :math:`p(x) \propto \exp(-(x - shift)/scale)` for x ≥ shift.

    Samples at or above ``high`` become the largest float below it, so all are in
    [shift, high).

    Parameters
    ----------
    scale : float
        Mean distance from ``shift``, above 0.
    shift : float
        Start of the tail.
    high : float
        Upper limit of the samples; ``math.inf`` for none.

    Raises
    ------
    ValueError, TypeError
        If ``scale`` is not above 0, or ``high`` is not above ``shift``.

    See Also
    --------
    Uniform, Gaussian

    Examples
    --------
    >>> x = Exponential(0.15, shift=-1.0, high=1.0).sample(100, rng=0)
    >>> bool(x.min() >= -1), bool(x.max() < 1)
    (True, True)
    """

    scale: float
    shift: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        scale = check.positive("Exponential", "scale", self.scale)
        shift = check.real("Exponential", "shift", self.shift)
        high = self.high
        if not (isinstance(high, float) and high == math.inf):
            do = "pass a number above shift, or math.inf"
            high = check.real("Exponential", "high", high, do)
            if high <= shift:
                check.fail("Exponential", "high", f"be above shift = {shift:g}", high, do)
        self._set(scale=scale, shift=shift, high=float(high))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        tail = generator(self, rng).exponential(self.scale, sample_shape(self, n, d))
        return self._clipped(tail)

    def _clipped(self, tail: Array) -> Array:
        clipped: Array = np.minimum(self.shift + tail, np.nextafter(self.high, -math.inf))
        return clipped

    def ppf(self, p: ArrayLike) -> Array:
        """Quantiles: numbers below which shares p of the samples are.

        Parameters
        ----------
        p : array_like of any shape
            Shares, from 0 to 1.

        Returns
        -------
        ndarray of the shape of p

        Raises
        ------
        ValueError
            If a share is outside [0, 1].
        """
        with np.errstate(divide="ignore"):  # all samples are below infinity
            return self._clipped(-self.scale * np.log1p(-_shares("Exponential.ppf", p)))


def _shares(who: str, p: ArrayLike) -> Array:
    return check.array(who, "p", p, None, "pass shares between 0 and 1", 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Choice(Distribution):
    r"""One of a few options: :math:`P(x = options_i) = weights_i / \sum_j weights_j`.

    Parameters
    ----------
    options : array of shape (k,) or (k, d)
        Numbers, from which each element of a sample is chosen; or vectors in rows, one of which
        is chosen as a sample.
    weights : array of shape (k,), optional
        Relative frequency of each option, at least 0; equal if None.

    Raises
    ------
    ValueError, TypeError
        If there is no option, or a weight is negative or all are 0.

    See Also
    --------
    Samples : All rows of an array, in order.

    Examples
    --------
    >>> Choice([[1, 0], [0, 1]], weights=[1, 0]).sample(2, d=2, rng=0)
    array([[1., 0.],
           [1., 0.]])
    """

    options: ArrayLike
    weights: ArrayLike | None = None

    def __post_init__(self) -> None:
        do = "pass a list of numbers or of rows"
        options = numbers_or_rows("Choice", "options", self.options, do)
        self._set(options=options)
        if self.weights is not None:
            do = "pass one weight per option, not all 0"
            weights = check.array("Choice", "weights", self.weights, (len(options),), do, low=0.0)
            if weights.sum() == 0:
                check.fail("Choice", "weights", "have a sum above 0", "0", do)
            self._set(weights=weights)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        options = np.asarray(self.options, dtype=np.float64)
        if options.ndim == 2:
            check_width("Choice.sample", "options", options, d)
        weights = np.ones(len(options)) if self.weights is None else np.asarray(self.weights)
        below = np.cumsum(weights)
        u = generator(self, rng).random(n if options.ndim == 2 else shape)
        picked = np.searchsorted(below / below[-1], u, side="right")
        return options[picked].reshape(shape)


@dataclass(frozen=True, eq=False)
class Samples(Distribution):
    """A fixed array in place of random samples: x_i = values_i.

    Parameters
    ----------
    values : array of shape (n,) or (n, d)
        The result of ``sample(n)`` or ``sample(n, d)``, which raises for another n or d.

    Raises
    ------
    ValueError, TypeError
        If ``values`` is not a finite array; on use, if its shape is not the requested one.

    See Also
    --------
    Choice : Random rows of an array.

    Examples
    --------
    >>> Samples([0.1, 0.2, 0.3]).sample(3)
    array([0.1, 0.2, 0.3])
    """

    values: ArrayLike

    def __post_init__(self) -> None:
        do = "pass the samples, one per row"
        self._set(values=numbers_or_rows("Samples", "values", self.values, do))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        generator(self, rng)
        return all_rows("Samples.sample", "values", self, shape, d)


def all_rows(
    who: str, argument: str, samples: Samples, shape: tuple[int, ...], d: int | None
) -> Array:
    values = np.asarray(samples.values, dtype=np.float64)
    if len(values) != shape[0]:
        do = f"pass {shape[0]} rows, or a distribution"
        check.fail(who, argument, f"have length {shape[0]}", f"length {len(values)}", do)
    check_width(who, argument, values, d)
    return values.reshape(shape).copy()
