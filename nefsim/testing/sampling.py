"""Laws of distributions: shapes, and randomness from the generator alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim.sampling import Distribution
from nefsim.testing.laws import Laws, items, require, require_equal, require_value

LAWS = Laws()


@dataclass(frozen=True)
class Case:
    """A distribution, with the numbers of samples and of coordinates that are asked for."""

    distribution: Distribution
    n: tuple[int, ...]
    d: tuple[int | None, ...]


def check_distribution(
    distribution: Distribution,
    n: Sequence[int] = (0, 1, 7),
    d: Sequence[int | None] = (None, 1, 3),
) -> tuple[str, ...]:
    """Check the laws of distributions.

    Parameters
    ----------
    distribution : Distribution
        The value to check.
    n : sequence of int
        Numbers of samples to draw.
    d : sequence of int or None
        Numbers of coordinates to draw; None for plain numbers.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.Distribution : the method of a distribution.

    Examples
    --------
    >>> import nefsim as nef
    >>> len(nef.testing.check_distribution(nef.Uniform(-1, 1)))
    4
    """
    who, do = "check_distribution", "pass a value such as Uniform(-1, 1)"
    check.instance(who, "distribution", distribution, Distribution, "a distribution", do)
    do = "pass a list of numbers of samples"
    counts = tuple(check.integer(who, "n", k, do, 0) for k in items(who, "n", n, do))
    do = "pass a list of numbers of coordinates, or None for plain numbers"
    each = items(who, "d", d, do)
    sizes = tuple(k if k is None else check.integer(who, "d", k, do, 1) for k in each)
    return LAWS.check(distribution, Case(distribution, counts, sizes))


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A distribution is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.distribution)


@LAWS.law()
def samples_have_the_shape_asked_for(case: Case) -> None:
    """sample(n) has shape (n,), sample(n, d) has (n, d), and both are finite floats."""
    for n in case.n:
        for d in case.d:
            x = case.distribution.sample(n, d, 1)
            shape = (n,) if d is None else (n, d)
            require(isinstance(x, np.ndarray), f"It is {check.show(x)}")
            require(x.shape == shape, f"It is {x.shape} for n = {n}, d = {d}")
            require(x.dtype == np.float64, f"It is of type {x.dtype}")
            require(np.isfinite(x).all(), f"{int((~np.isfinite(x)).sum())} are not finite")


@LAWS.law()
def the_same_seed_gives_the_same_samples(case: Case) -> None:
    """A seed, and a generator from that seed, give the same samples at each call."""
    n, d = case.n[-1], case.d[-1]
    first = case.distribution.sample(n, d, 5)
    require_equal(case.distribution.sample(n, d, 5), first, "the samples of the same seed")
    rng = np.random.default_rng(5)
    require_equal(case.distribution.sample(n, d, rng), first, "the samples of a generator")


@LAWS.law()
def randomness_comes_from_the_generator_alone(case: Case) -> None:
    """The global generator of NumPy is not drawn from."""
    before = np.random.get_state(legacy=False)
    case.distribution.sample(case.n[-1], case.d[-1], 5)
    after = np.random.get_state(legacy=False)
    assert isinstance(before, dict) and isinstance(after, dict)
    moved = before["state"]["pos"] != after["state"]["pos"]
    require(not moved, "np.random has moved on after a call of sample")
