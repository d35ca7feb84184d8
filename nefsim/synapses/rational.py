"""Filters with any rational transfer function."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim.filtering import Coefficients, StateSpace
from nefsim.synapses.base import Synapse


def discretised(num: ArrayLike, den: ArrayLike, dt: float) -> Coefficients:
    """Coefficients of ``num(s) / den(s)`` by zero-order hold, without its delay of one step.

    A connection adds this delay.
    """
    b, a = filtering.polynomials(held(num, den, dt))
    return without_delay(b, a)


def held(num: ArrayLike, den: ArrayLike, dt: float) -> StateSpace:
    """Coefficients of ``num(s) / den(s)`` by zero-order hold, with its delay of one step."""
    system = filtering.hold(filtering.companion(num, den), dt)
    if not all(np.isfinite(part).all() for part in system):
        must, got = "have poles that stay finite for a step", f"an overflow at dt = {dt:g} s"
        check.fail("LinearFilter", "den", must, got, "check its coefficients or lower dt")
    return system


def without_delay(b: NDArray[np.float64], a: NDArray[np.float64]) -> Coefficients:
    """Remove the delay of one step, a leading zero of ``b``."""
    if len(b) > 1 and abs(b[0]) <= 1e-14 * np.abs(b).max():
        b = b[1:]
    return np.asarray(b / a[0]), np.asarray(a / a[0])


@dataclass(frozen=True, eq=False)
class LinearFilter(Synapse):
    """A filter with any proper transfer function ``num / den``.

    Parameters
    ----------
    num, den : (n,) array_like
        Polynomial coefficients, with the highest power first: of s [1/s], or of z if
        ``analog=False``.
    analog : bool
        Whether the function is of s, to be discretised by zero-order hold, or of z.  A delay
        of one step in a function of z is removed, since a connection adds it.

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
    >>> from nefsim import Lowpass
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
        """Coefficients of the function of s by zero-order hold, or of the function of z."""
        num, den = np.asarray(self.num, dtype=float), np.asarray(self.den, dtype=float)
        if self.analog:
            return discretised(num, den, dt)
        padded = np.concatenate([np.zeros(len(den) - len(num)), num])
        return without_delay(padded, den)

    def state_space(self, dt: float) -> StateSpace | None:
        """The state space by zero-order hold, for a function of s of order 3 or more; else None."""
        num, den = np.asarray(self.num, dtype=float), np.asarray(self.den, dtype=float)
        own = type(self).coefficients is not LinearFilter.coefficients  # of a subclass
        if own or not self.analog or len(den) <= filtering.LOWEST_ORDER_OF_STATE:
            return None
        return filtering.within_the_step(held(num, den, dt))


def _listed(value: Any) -> Any:
    """Return a number as a list of one, and other values unchanged."""
    return [value] if isinstance(value, Real) else value
