"""Filters of finite impulse response: weighted sums of the last inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim import filtering
from nefsim.filtering import Coefficients
from nefsim.synapses.base import Synapse


def steps(who: str, argument: str, seconds: float, dt: float) -> int:
    """Convert seconds to a number of steps, and check that it is not too large."""
    n = round(seconds / dt)
    if n >= 100_000:
        got, do = f"{seconds:g} s at dt = {dt:g} s", f"shorten {argument} or raise dt"
        check.fail(who, argument, "be at most 100000 steps", got, do)
    return n


@dataclass(frozen=True, eq=False)
class Triangle(Synapse):
    """A filter whose impulse response falls linearly to 0 within ``t``.

    The ``n = round(t / dt) + 1`` taps are proportional to ``n, n - 1, ..., 1`` and sum to 1.

    Parameters
    ----------
    t : float [s]
        Length of the triangle, at most 100,000 steps.

    Raises
    ------
    ValueError, TypeError
        If ``t`` is not a number above 0; on use, if it is longer than 100,000 steps.

    See Also
    --------
    Box : A mean.
    Lowpass : An exponential response.

    Examples
    --------
    >>> Triangle(0.002).filt([6.0, 0.0, 0.0, 0.0]).round(9)
    array([3., 2., 1., 0.])
    """

    t: float

    def __post_init__(self) -> None:
        self._set(t=check.seconds("Triangle", "t", self.t, zero=True))

    def coefficients(self, dt: float) -> Coefficients:
        """The taps as numerator, and the denominator 1."""
        n_taps = steps("Triangle", "t", self.t, dt) + 1
        taps = np.arange(n_taps, 0, -1.0)
        return taps / taps.sum(), np.ones(1)


@dataclass(frozen=True, eq=False)
class Box(Synapse):
    """A moving average: the mean of the inputs of the last ``width`` seconds.

    There are ``n = round(width / dt)`` taps of ``1 / n``, at least one.  The time to compute a
    step is proportional to n.

    Parameters
    ----------
    width : float [s]
        Length of the window, above 0, at most 100,000 steps.

    Raises
    ------
    ValueError, TypeError
        If ``width`` is not a number above 0; on use, if it is longer than 100,000 steps.

    See Also
    --------
    Triangle : A mean with less weight of older inputs.
    Delay : Only the oldest input.

    Examples
    --------
    >>> Box(0.002).filt([1.0, 3.0, 5.0, 0.0])
    array([0.5, 2. , 4. , 2.5])
    """

    width: float

    def __post_init__(self) -> None:
        self._set(width=check.seconds("Box", "width", self.width))

    def coefficients(self, dt: float) -> Coefficients:
        """The taps as numerator, and the denominator 1."""
        n = max(1, steps("Box", "width", self.width, dt))
        return np.full(n, 1.0 / n), np.ones(1)


@dataclass(frozen=True, eq=False)
class Delay(Synapse):
    """A pure delay, rounded to time steps.

    As for every synapse, a connection adds one step.  The argument ``delay`` of
    ``net.connect`` delays values without that step, and can be combined with any synapse.

    Parameters
    ----------
    seconds : float [s]
        The delay, at most 100,000 steps.

    Raises
    ------
    ValueError, TypeError
        If ``seconds`` is negative or not a number; on use, if it is longer than 100,000 steps.

    See Also
    --------
    Network.connect : Its argument ``delay`` is faster for vectors that go to many neurons.
    nefsim.networks.delay : A delay that neurons compute.

    Examples
    --------
    >>> Delay(0.002).filt([1.0, 2.0, 3.0, 4.0])
    array([0., 0., 1., 2.])

    An echo:

    >>> (1 + 0.5 * Delay(0.002)).filt([1.0, 0.0, 0.0, 0.0])
    array([1. , 0. , 0.5, 0. ])
    """

    seconds: float

    def __post_init__(self) -> None:
        self._set(seconds=check.seconds("Delay", "seconds", self.seconds, zero=True))

    def coefficients(self, dt: float) -> Coefficients:
        """A power of z^-1 as numerator, and the denominator 1."""
        return filtering.shift(steps("Delay", "seconds", self.seconds, dt))
