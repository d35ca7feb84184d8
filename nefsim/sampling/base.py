"""The base class of distributions, and checks shared by all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array: TypeAlias = NDArray[np.float64]
#: Type of ``rng``: a generator, a seed for a new generator, or None for a random seed.
Rng: TypeAlias = np.random.Generator | int | None


class Distribution(Value, ABC):
    """Base class of distributions of numbers or of vectors with d dimensions.

    Write a custom distribution as a frozen dataclass with a method ``sample``.

    See Also
    --------
    Uniform : Numbers of an interval.
    Samples : A fixed array in place of a distribution.
    UniformHypersphere : Vectors of the unit ball or sphere.
    nefsim.testing.check_distribution : Test a custom distribution.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True, eq=False)
    ... class Ramp(Distribution):
    ...     def sample(self, n, d=None, rng=None):
    ...         ramp = np.linspace(0.0, 1.0, n)
    ...         return ramp if d is None else np.tile(ramp[:, None], d)
    >>> Ramp().sample(3)
    array([0. , 0.5, 1. ])
    """

    @abstractmethod
    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        """Draw n samples.

        Parameters
        ----------
        n : int
            Number of samples.
        d : int or None
            Number of dimensions of a sample; None for plain numbers.
        rng : numpy.random.Generator, int or None
            Random generator, or a seed for one; None draws a new seed.

        Returns
        -------
        ndarray of shape (n,) if d is None, otherwise (n, d)

        Raises
        ------
        ValueError, TypeError
            If n, d or ``rng`` is out of range, or d does not fit the distribution.
        """


#: A distribution, or the samples themselves: a number, or an array with one for each neuron.
DistributionLike: TypeAlias = Distribution | ArrayLike


def sample_shape(distribution: Distribution, n: Any, d: Any) -> tuple[int, ...]:
    """Check n and d; return the shape (n,) or (n, d) of a sample."""
    return checked_shape(f"{type(distribution).__name__}.sample", n, d)


def checked_shape(who: str, n: Any, d: Any) -> tuple[int, ...]:
    """Check n and d; return (n,) if d is None, otherwise (n, d)."""
    n = check.integer(who, "n", n, "pass the number of samples")
    if d is None:
        return (n,)
    return (n, check.integer(who, "d", d, "pass the number of dimensions, or None", low=1))


def generator(distribution: Distribution, rng: Rng) -> np.random.Generator:
    """The generator of a sample; a seed becomes a new generator."""
    return check.generator(f"{type(distribution).__name__}.sample", rng)


def numbers_or_rows(who: str, argument: str, value: Any, do: str) -> Array:
    """Check that an argument is a finite array (k,) or (k, d) with at least one element."""
    checked = check.array(who, argument, value, do=do)
    if checked.ndim not in (1, 2) or checked.size == 0:
        must = "have shape (k,) or (k, d) with at least one row"
        check.fail(who, argument, must, f"shape {checked.shape}", do)
    return checked


def check_width(who: str, argument: str, values: Array, d: int | None) -> None:
    """Check that the rows of ``values`` have d coordinates."""
    width = 1 if values.ndim == 1 else values.shape[1]
    n_columns = 1 if d is None else d
    if width != n_columns:
        must = f"have {n_columns} number{'s' * (n_columns > 1)} per row"
        check.fail(who, argument, must, f"{width} (shape {values.shape})", "match the dimensions")
