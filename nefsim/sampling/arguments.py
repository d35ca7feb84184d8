"""Convert arguments for the parameters of a population to distributions or arrays."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.sampling.base import (
    Array,
    Distribution,
    Rng,
    check_width,
    checked_shape,
    numbers_or_rows,
)
from nefsim.sampling.distributions import Choice, Constant, Samples, Uniform, all_rows


def as_distribution(who: str, argument: str, value: Any, d: int | None = None) -> Distribution:
    """Convert an argument for numbers or vectors to a distribution, and check it.

    Parameters
    ----------
    who, argument : str
        Function or class, and the name of its argument, for the message.
    value : Distribution, float, (low, high) or array
        A distribution is returned unchanged; a number becomes `Constant`; a tuple of two
        numbers becomes `Uniform` if d is None; another array (n,) or (n, d) becomes `Samples`.
    d : int or None
        Number of dimensions of a vector; None for plain numbers.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError, TypeError
        If the argument is of another kind, or has another number of coordinates.

    See Also
    --------
    as_samples : Samples from such an argument.

    Examples
    --------
    >>> as_distribution("Ensemble", "max_rates", (200, 400))
    Uniform(low=200.0, high=400.0)
    """
    if isinstance(value, Samples):
        check_width(who, argument, np.asarray(value.values), d)
    if isinstance(value, Choice) and np.ndim(value.options) == 2:
        check_width(who, argument, np.asarray(value.options), d)
    if isinstance(value, Distribution):
        return value
    pair = "" if d is not None else "a pair (low, high), "
    do = f"pass a number, {pair}an array with one row for each or a distribution"
    if isinstance(value, Real) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return Constant(check.real(who, argument, value, do))
    if d is None and isinstance(value, tuple) and len(value) == 2:
        low, high = (check.real(who, argument, end, do) for end in value)
        if high < low:
            check.fail(who, argument, "have low at most high", value, "swap the two")
        return Uniform(low, high)
    rows = numbers_or_rows(who, argument, value, do)
    check_width(who, argument, rows, d)
    return Samples(rows)


def as_samples(
    who: str, argument: str, value: Any, n: int, d: int | None = None, rng: Rng = None
) -> Array:
    """Draw samples (n,) or (n, d) from an argument that `as_distribution` accepts.

    Parameters
    ----------
    who, argument : str
        Function or class, and the name of its argument, for the message.
    value : Distribution, float, (low, high) or array
        As in `as_distribution`.
    n : int
        Number of samples.
    d : int or None
        Number of dimensions of a sample; None for plain numbers.
    rng : numpy.random.Generator, int or None
        Random generator, or a seed for one.

    Returns
    -------
    (n,) or (n, d) ndarray

    Raises
    ------
    ValueError, TypeError
        If the argument is of another kind, or its shape is not that of the samples.

    See Also
    --------
    as_distribution : The distribution itself.

    Examples
    --------
    >>> as_samples("Ensemble", "intercepts", 0.5, n=3)
    array([0.5, 0.5, 0.5])
    """
    distribution = as_distribution(who, argument, value, d)
    shape = checked_shape(who, n, d)
    if isinstance(distribution, Samples):
        return all_rows(who, argument, distribution, shape, d)
    do = "let its sample return one row for each"
    return check.array(who, argument, distribution.sample(n, d, rng), shape, do)
