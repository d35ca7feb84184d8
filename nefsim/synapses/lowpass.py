"""Lowpass filters of first and second order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.filtering import Coefficients
from nefsim.synapses.base import Synapse

#: Numbers above it are more likely to be meant in milliseconds [s].
LONG = 1.0


def held_pair(tau1: float, tau2: float, dt: float) -> Coefficients:
    r"""Coefficients of two lowpasses in a row by zero-order hold, without its delay of a step.

    With :math:`x_i = dt/\tau_i`, :math:`p_i = e^{-x_i}` and :math:`x_1 \ge x_2`,

    .. math:: a = [1, -p_1 - p_2, p_1 p_2], \qquad
              b_0 = 1 - p_1 - p_2 \, x_1 \frac{e^{x_2 - x_1} - 1}{x_2 - x_1}

    and ``b[0] + b[1] = sum(a)``, so that constants pass unchanged even through slow filters.
    """
    x2, x1 = sorted(min(dt / tau, 1e300) for tau in (tau1, tau2))  # finite for any tau
    p1, p2 = math.exp(-x1), math.exp(-x2)
    both = math.expm1(x2 - x1) / (x2 - x1) if x1 > x2 else 1.0
    b0 = -math.expm1(-x1) - p2 * x1 * both
    a = np.array([1.0, -p1 - p2, p1 * p2])
    return np.array([b0, a[0] + a[1] + a[2] - b0]), a


@dataclass(frozen=True, eq=False)
class Lowpass(Synapse):
    r"""First-order lowpass filter: the model of an exponential post-synaptic current.

    .. math:: H(s) = \frac{1}{\tau s + 1}, \qquad
              y \leftarrow a y + (1 - a) u, \; a = e^{-dt/\tau}

    Parameters
    ----------
    tau : float [s]
        Time constant; with 0 the only effect is the delay of one step of a connection.

    Raises
    ------
    ValueError, TypeError
        If ``tau`` is negative or not a number.

    See Also
    --------
    Alpha, DoubleExp : Second-order filters.

    Examples
    --------
    >>> Lowpass(0.1).filt([1.0, 1.0], dt=0.1).round(4)
    array([0.6321, 0.8647])
    """

    tau: float

    def __post_init__(self) -> None:
        self._set(tau=check.seconds("Lowpass", "tau", self.tau, zero=True))

    def coefficients(self, dt: float) -> Coefficients:
        """``b = [1 - a], a = [1, -a]``."""
        if self.tau == 0:
            return np.ones(1), np.ones(1)
        rate = dt / self.tau
        return np.array([-math.expm1(-rate)]), np.array([1.0, -math.exp(-rate)])


@dataclass(frozen=True, eq=False)
class Alpha(Synapse):
    r"""Second-order lowpass filter with two equal time constants.

    .. math:: H(s) = \frac{1}{(\tau s + 1)^2}, \qquad h(t) = \frac{t}{\tau^2} e^{-t/\tau}

    Parameters
    ----------
    tau : float [s]
        Time constant, above 0; the impulse response has its peak after ``tau``.

    Raises
    ------
    ValueError, TypeError
        If ``tau`` is not a number above 0.

    See Also
    --------
    Lowpass, DoubleExp

    Examples
    --------
    >>> float(Alpha(0.005).filt(np.ones(200))[-1].round(9))
    1.0
    """

    tau: float

    def __post_init__(self) -> None:
        self._set(tau=check.seconds("Alpha", "tau", self.tau))

    def coefficients(self, dt: float) -> Coefficients:
        """Coefficients by zero-order hold of ``1 / (tau s + 1)**2``."""
        return held_pair(self.tau, self.tau, dt)


@dataclass(frozen=True, eq=False)
class DoubleExp(Synapse):
    r"""Second-order lowpass filter with a time constant of the rise and one of the decay.

    .. math:: H(s) = \frac{1}{(\tau_1 s + 1)(\tau_2 s + 1)}

    Parameters
    ----------
    tau1, tau2 : float [s]
        The two time constants, above 0.

    Raises
    ------
    ValueError, TypeError
        If a time constant is not a number above 0.

    See Also
    --------
    Alpha : Two equal time constants.

    Examples
    --------
    >>> DoubleExp(0.01, 0.01).coefficients(0.001)[1].round(12) == Alpha(0.01).coefficients(
    ...     0.001
    ... )[1].round(12)
    array([ True,  True,  True])
    """

    tau1: float
    tau2: float

    def __post_init__(self) -> None:
        self._set(
            tau1=check.seconds("DoubleExp", "tau1", self.tau1),
            tau2=check.seconds("DoubleExp", "tau2", self.tau2),
        )

    def coefficients(self, dt: float) -> Coefficients:
        """Coefficients by zero-order hold of ``1 / ((tau1 s + 1)(tau2 s + 1))``."""
        return held_pair(self.tau1, self.tau2, dt)


def as_synapse(who: str, value: Any, argument: str = "synapse") -> Synapse | None:
    """Convert a number of seconds to a :class:`Lowpass`; None and synapses are unchanged.

    A number above :data:`LONG` is warned of, as it may be one of milliseconds.
    """
    if value is None or isinstance(value, Synapse):
        return value
    do = "pass seconds, a synapse such as Lowpass(0.005), or None"
    tau = check.real(who, argument, value, do, 0.0, 1e6)
    if tau > LONG:
        check.warn(
            f"{who}: {argument} is a time constant of {tau:g} s; pass {tau / 1000:g} if it is "
            f"{tau:g} ms, or Lowpass({tau:g}) for seconds without this warning."
        )
    return Lowpass(tau)
