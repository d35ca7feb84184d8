"""Synapses: linear time-invariant filters, discretised once by zero-order hold."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim._values import Value
from nefsim.filtering import Coefficients, Form, StateSpace

__all__ = ["Alpha", "DoubleExp", "LinearFilter", "Lowpass", "Synapse", "Triangle"]


class Synapse(Value, ABC):
    """Base of synapses: a linear filter of spikes or values on a connection.

    A back end advances every synapse once per step, after the neurons, by

    .. code-block:: none

        y = b[0] u + z[0];   z[i] = b[i+1] u - a[i+1] y + z[i+1]

    Its output is available to other objects in the next step.  A filter with a
    :meth:`state_space` is advanced in that form instead.

    See Also
    --------
    Lowpass : The usual synapse.
    LinearFilter : Any transfer function.
    nefsim.testing.check_synapse : The laws of synapses, for a new one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True, eq=False)
    ... class Mean(Synapse):
    ...     def coefficients(self, dt):
    ...         return np.array([0.5, 0.5]), np.array([1.0])
    >>> Mean().filt([0.0, 1.0, 1.0])
    array([0. , 0.5, 1. ])
    """

    @abstractmethod
    def coefficients(self, dt: float) -> Coefficients:
        """Numerator b and denominator a of the filter in z^-1, with a[0] = 1.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        b : (p,) ndarray
            Numerator in ascending powers of z^-1, without the step of delay of a connection.
        a : (q,) ndarray
            Denominator in ascending powers of z^-1.

        Raises
        ------
        ValueError
            If the filter cannot be discretised at this step.
        """

    def state_space(self, dt: float) -> StateSpace | None:
        """The filter in state space, or None where the coefficients are as precise.

        If n poles are near 1, at 1 - d, as in slow filters, the rounding error of a coefficient
        is divided by d to the power of n.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        StateSpace or None
        """
        del dt
        return None

    def form(self, dt: float) -> Form:
        """The form in which back ends advance the filter.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        StateSpace, or pair (b, a) of ndarray
        """
        system = self.state_space(dt)
        return self.coefficients(dt) if system is None else system

    def filt(self, signal: ArrayLike, dt: float = 0.001, axis: int = 0) -> NDArray[np.float64]:
        """Filter a recorded signal from rest, without the extra step of a connection.

        Parameters
        ----------
        signal : (..., T, ...) array_like
            Values at steps of ``dt``.
        dt : float [s]
            Step of the signal.
        axis : int
            The time axis.

        Returns
        -------
        ndarray
            The filtered signal, of the same shape.

        Raises
        ------
        ValueError, TypeError
            If the signal is not finite, or has no such axis.
        """
        who = f"{type(self).__name__}.filt"
        values = check.array(who, "signal", signal, do="pass an array of numbers over time")
        step = check.seconds(who, "dt", dt)
        if values.ndim == 0:
            check.fail(who, "signal", "have a time axis", "a number", "pass an array")
        which = check.integer(who, "axis", axis, "pass the index of an axis", -values.ndim)
        if which >= values.ndim:
            got = f"{which} for shape {values.shape}"
            check.fail(who, "axis", "be an axis of signal", got, "pass the axis of time")
        if not values.size:
            return values
        return filtering.filtered(self.form(step), values, which)


#: A synapse, the time constant of a lowpass [s], or None for a connection without a filter.
SynapseLike: TypeAlias = Synapse | float | None


def discretised(num: ArrayLike, den: ArrayLike, dt: float) -> Coefficients:
    """Zero-order hold of ``num(s) / den(s)``, without its delay of one step.

    Other objects receive the output one step later, so the total delay is one step.
    """
    b, a = filtering.polynomials(held(num, den, dt))
    return without_delay(b, a)


def held(num: ArrayLike, den: ArrayLike, dt: float) -> StateSpace:
    """Zero-order hold of ``num(s) / den(s)``, with its delay."""
    system = filtering.hold(filtering.companion(num, den), dt)
    if not all(np.isfinite(part).all() for part in system):
        must, got = "have poles that stay finite for a step", f"an overflow at dt = {dt:g} s"
        check.fail("LinearFilter", "den", must, got, "check its coefficients or lower dt")
    return system


def without_delay(b: NDArray[np.float64], a: NDArray[np.float64]) -> Coefficients:
    """Drop one leading zero of ``b``: the held input acts within the same step."""
    if len(b) > 1 and abs(b[0]) <= 1e-14 * np.abs(b).max():
        b = b[1:]
    return np.asarray(b / a[0]), np.asarray(a / a[0])


def held_pair(tau1: float, tau2: float, dt: float) -> Coefficients:
    r"""Zero-order hold of two lowpasses in a row, in closed form, without its delay.

    With :math:`x_i = dt/\tau_i`, :math:`p_i = e^{-x_i}` and :math:`x_1 \ge x_2`,

    .. math:: a = [1, -p_1 - p_2, p_1 p_2], \qquad
              b_0 = 1 - p_1 - p_2 \, x_1 \frac{e^{x_2 - x_1} - 1}{x_2 - x_1}

    and ``b[0] + b[1] = sum(a)``, so a constant passes unchanged, also through slow filters.
    """
    x2, x1 = sorted(min(dt / tau, 1e300) for tau in (tau1, tau2))  # finite for any tau
    p1, p2 = math.exp(-x1), math.exp(-x2)
    both = math.expm1(x2 - x1) / (x2 - x1) if x1 > x2 else 1.0
    b0 = -math.expm1(-x1) - p2 * x1 * both
    a = np.array([1.0, -p1 - p2, p1 * p2])
    return np.array([b0, a[0] + a[1] + a[2] - b0]), a


@dataclass(frozen=True, eq=False)
class Lowpass(Synapse):
    r"""First-order lowpass, the exponential post-synaptic current.

    .. math:: H(s) = \frac{1}{\tau s + 1}, \qquad
              y \leftarrow a y + (1 - a) u, \; a = e^{-dt/\tau}

    Parameters
    ----------
    tau : float [s]
        Time constant; 0 delays the value by one step.

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
    r"""Second-order lowpass with two equal time constants.

    .. math:: H(s) = \frac{1}{(\tau s + 1)^2}, \qquad h(t) = \frac{t}{\tau^2} e^{-t/\tau}

    Parameters
    ----------
    tau : float [s]
        Time constant, above 0; the response peaks after ``tau``.

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
        """Zero-order hold of ``1 / (tau s + 1)**2``."""
        return held_pair(self.tau, self.tau, dt)


@dataclass(frozen=True, eq=False)
class DoubleExp(Synapse):
    r"""Second-order lowpass with two time constants, of its rise and decay.

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
        """Zero-order hold of ``1 / ((tau1 s + 1)(tau2 s + 1))``."""
        return held_pair(self.tau1, self.tau2, dt)


@dataclass(frozen=True, eq=False)
class Triangle(Synapse):
    """A triangular impulse response, which falls linearly to 0 within ``t``.

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
        """The taps, and 1."""
        n_taps = round(self.t / dt) + 1
        if n_taps > 100_000:
            got = f"{self.t:g} s at dt = {dt:g} s"
            check.fail("Triangle", "t", "be at most 100000 steps", got, "shorten t or raise dt")
        taps = np.arange(n_taps, 0, -1.0)
        return taps / taps.sum(), np.ones(1)


@dataclass(frozen=True, eq=False)
class LinearFilter(Synapse):
    """A filter with any proper transfer function ``num / den``.

    Parameters
    ----------
    num, den : (n,) array_like
        Polynomial coefficients, highest power first: in s [1/s], or in z when
        ``analog=False``.
    analog : bool
        Whether the function is of s, and discretised by zero-order hold, or of z.  If the
        output of a filter of z is 0 in its first step, that step is removed, as the connection
        adds one.

    Raises
    ------
    ValueError, TypeError
        If the coefficients are not finite, ``den`` is 0, or the function is not proper; on use,
        if it overflows at the time step.

    See Also
    --------
    Lowpass, Alpha, DoubleExp

    Examples
    --------
    >>> lowpass = LinearFilter([1.0], [0.1, 1.0])
    >>> lowpass.coefficients(0.001)[1].round(9) == Lowpass(0.1).coefficients(0.001)[1].round(9)
    array([ True,  True])
    """

    num: ArrayLike
    den: ArrayLike
    analog: bool = True

    def __post_init__(self) -> None:
        who, do = "LinearFilter", "pass polynomial coefficients, highest power first"
        num = check.array(who, "num", _listed(self.num), (None,), do)
        den = check.array(who, "den", _listed(self.den), (None,), do)
        if len(num) == 0:
            check.fail(who, "num", "have a coefficient", "none", do)
        num, den = np.trim_zeros(num, "f"), np.trim_zeros(den, "f")
        if len(den) == 0:
            check.fail(who, "den", "have a coefficient other than 0", "none", do)
        if len(num) == 0:
            num = np.zeros(1)
        if len(num) > len(den):
            got = f"{len(num)} coefficients over {len(den)}"
            check.fail(who, "num", "be no longer than den", got, "pass a proper filter")
        self._set(num=num, den=den, analog=check.flag(who, "analog", self.analog))

    def coefficients(self, dt: float) -> Coefficients:
        """Zero-order hold of the function of s, or the function of z in powers of z^-1."""
        num, den = np.asarray(self.num, dtype=float), np.asarray(self.den, dtype=float)
        if self.analog:
            return discretised(num, den, dt)
        padded = np.concatenate([np.zeros(len(den) - len(num)), num])
        return without_delay(padded, den)

    def state_space(self, dt: float) -> StateSpace | None:
        """Zero-order hold of a function of s of the third order or higher, otherwise None."""
        num, den = np.asarray(self.num, dtype=float), np.asarray(self.den, dtype=float)
        own = type(self).coefficients is not LinearFilter.coefficients  # of a subclass
        if own or not self.analog or len(den) <= filtering.LOWEST_ORDER_OF_STATE:
            return None
        return filtering.within_the_step(held(num, den, dt))


def _listed(value: Any) -> Any:
    """A number as a list of one; other values unchanged, to be checked."""
    return [value] if isinstance(value, Real) else value


def as_synapse(who: str, value: Any, argument: str = "synapse") -> Synapse | None:
    """Convert a number of seconds to a :class:`Lowpass`; None and synapses are unchanged."""
    if value is None or isinstance(value, Synapse):
        return value
    do = "pass seconds, a synapse such as Lowpass(0.005), or None"
    return Lowpass(check.real(who, argument, value, do, 0.0, 1e6))
