"""What a distribution is, and what all of them check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array: TypeAlias = NDArray[np.float64]
#: What ``rng`` may be: a generator, a seed for a new one, or None for a fresh one.
Rng: TypeAlias = np.random.Generator | int | None


class Distribution(Value, ABC):
    """Base of all distributions: p(x) of a number or of a vector with d coordinates.

    A distribution of your own is a frozen dataclass with a method ``sample``.
    """

    @abstractmethod
    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        """Draw n samples.

        Parameters
        ----------
        n : int
            How many samples.
        d : int or None
            Coordinates of each; None for plain numbers.
        rng : numpy.random.Generator, int or None
            The source of randomness, or a seed for one.

        Returns
        -------
        ndarray of shape (n,) if d is None, otherwise (n, d)
        """


def sample_shape(distribution: Distribution, n: Any, d: Any) -> tuple[int, ...]:
    """The checked shape (n,) or (n, d) of a sample."""
    return checked_shape(f"{type(distribution).__name__}.sample", n, d)


def checked_shape(who: str, n: Any, d: Any) -> tuple[int, ...]:
    """(n,) if d is None, otherwise (n, d), both checked."""
    n = check.integer(who, "n", n, "pass how many samples to draw")
    if d is None:
        return (n,)
    return (n, check.integer(who, "d", d, "pass how many dimensions, or None", low=1))


def generator(distribution: Distribution, rng: Rng) -> np.random.Generator:
    """The source of randomness of a sample, made from its seed where it is one."""
    return check.generator(f"{type(distribution).__name__}.sample", rng)


def numbers_or_rows(who: str, argument: str, value: Any, do: str) -> Array:
    """A finite array (k,) or (k, d) with at least one element."""
    checked = check.array(who, argument, value, do=do)
    if checked.ndim not in (1, 2) or checked.size == 0:
        must = "have shape (k,) or (k, d) with at least one row"
        check.fail(who, argument, must, f"shape {checked.shape}", do)
    return checked


def check_width(who: str, argument: str, values: Array, d: int | None) -> None:
    """Rows of ``values`` are what a sample with d coordinates needs."""
    width = 1 if values.ndim == 1 else values.shape[1]
    wanted = 1 if d is None else d
    if width != wanted:
        must = f"have {wanted} number{'s' * (wanted > 1)} per row"
        check.fail(who, argument, must, f"{width} (shape {values.shape})", "match the dimensions")
