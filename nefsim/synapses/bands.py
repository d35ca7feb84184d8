"""Highpass and bandpass filters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim.filtering import Coefficients
from nefsim.synapses.base import Synapse


@dataclass(frozen=True, eq=False)
class Highpass(Synapse):
    r"""First-order highpass filter.

    .. math:: H(s) = \frac{\tau s}{\tau s + 1}

    Parameters
    ----------
    tau : float [s]
        Time constant of the decay of the response to a constant, above 0.

    Raises
    ------
    ValueError, TypeError
        If ``tau`` is not a number above 0.

    See Also
    --------
    Bandpass : A band of frequencies.
    Lowpass : Its complement.

    Examples
    --------
    >>> Highpass(0.1).filt([1.0, 1.0, 1.0], dt=0.1).round(4)
    array([1.    , 0.3679, 0.1353])
    """

    tau: float

    def __post_init__(self) -> None:
        self._set(tau=check.seconds("Highpass", "tau", self.tau))

    def coefficients(self, dt: float) -> Coefficients:
        """``b = [1, -1], a = [1, -exp(-dt / tau)]``, the zero-order hold."""
        return np.array([1.0, -1.0]), np.array([1.0, -math.exp(-dt / self.tau)])


@dataclass(frozen=True, eq=False)
class Bandpass(Synapse):
    r"""Second-order filter that passes a band of frequencies.

    .. math:: H(s) = \frac{(\omega / q) s}{s^2 + (\omega / q) s + \omega^2}, \qquad
              \omega = 2 \pi f

    In continuous time the gain is 1 at the frequency f and 0 for constants.

    Parameters
    ----------
    frequency : float [Hz]
        Frequency f in the middle of the band; below ``0.5 / dt``.
    q : float
        Quality factor: ``frequency / q`` is the width of the band in which more than half of
        the power passes.

    Raises
    ------
    ValueError, TypeError
        If an argument is not a number above 0; on use, if the frequency is too high for dt.

    See Also
    --------
    Highpass : All frequencies above one.

    Examples
    --------
    >>> time = np.arange(0.001, 2.0, 0.001)
    >>> beat = np.sin(2 * np.pi * 20.0 * time)
    >>> heard = Bandpass(20.0, q=5.0).filt(beat + 3.0)
    >>> bool(np.abs(heard - beat)[1500:].max() < 0.1)
    True
    """

    frequency: float
    q: float = 1.0

    def __post_init__(self) -> None:
        who = "Bandpass"
        frequency = check.real(
            who, "frequency", self.frequency, "pass Hz, such as 10.0", 0.0, 1e6, open_low=True
        )
        q = check.real(who, "q", self.q, "pass such as 2.0", 1e-6, 1e6)
        self._set(frequency=frequency, q=q)

    def coefficients(self, dt: float) -> Coefficients:
        r"""Zero-order hold: ``b = g(dt) [1, -1]``, where g is the impulse response."""
        if 2 * self.frequency * dt >= 1:
            must, got = f"be below {0.5 / dt:g} Hz at dt = {dt:g} s", f"{self.frequency:g} Hz"
            check.fail("Bandpass", "frequency", must, got, "lower it or dt")
        w = 2 * math.pi * self.frequency * dt
        half = 0.5 / self.q  # damping: the poles are w (-half +- sqrt(half^2 - 1))
        if half < 1:
            turn, decay = w * math.sqrt(1 - half**2), math.exp(-half * w)
            both, square = 2 * decay * math.cos(turn), decay**2
            g = 2 * half * w * decay * math.sin(turn) / turn
        else:
            spread = math.sqrt(half**2 - 1)
            slow, fast = w / (half + spread), w * (half + spread)
            both, square = math.exp(-slow) + math.exp(-fast), math.exp(-slow - fast)
            gap = fast - slow
            share = -math.expm1(-gap) / gap if gap else 1.0
            g = 2 * half * w * math.exp(-slow) * share
        return g * np.array([1.0, -1.0]), np.array([1.0, -both, square])
