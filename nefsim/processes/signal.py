"""Random periodic signals of limited bandwidth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim.processes.base import Array, Process, Running, generator_of


class Periodic(Running):
    """A running periodic signal: u_k = signal[k mod n].

    Parameters
    ----------
    signal : (n, size) ndarray
        One period, from time 0 on.
    rng : numpy.random.Generator
        The generator that drew the signal.
    """

    def __init__(self, signal: Array, rng: np.random.Generator) -> None:
        super().__init__(rng, {"signal": signal})

    def accepts(self, state: dict[str, Array], n_steps: int) -> bool:
        """Whether the saved period has the length of this one."""
        alike = state["signal"].shape == self.state["signal"].shape
        return alike and super().accepts(state, n_steps)

    def __call__(self, first_step: int, n_steps: int) -> Array:
        signal: Array = np.asarray(self.state["signal"], dtype=np.float64)
        return signal[np.arange(first_step + 1, first_step + n_steps + 1) % len(signal)]


@dataclass(frozen=True, eq=False)
class WhiteSignal(Process):
    r"""Band-limited white noise: equal power at all frequencies up to ``high``, none above.

    .. math:: u(t) = \sum_{0 < f_k \le high} a_k \cos 2\pi f_k t + b_k \sin 2\pi f_k t,
              \qquad f_k = k / period, \qquad a_k, b_k \sim \mathcal{N}(0, \sigma^2)

    σ is set for each dimension so that the root mean square over a period is ``rms`` exactly.
    There is no constant part, so the mean over a period is 0. The same seed gives the same
    u(t) at every dt that divides the period, for ``high`` below 0.5 / dt.

    Parameters
    ----------
    period : float [s]
        Period of the signal.
    high : float [Hz]
        The highest frequency, at least 1 / period and at most 0.5 / dt.
    rms : float
        Root mean square, above 0.
    y0 : float, optional
        Approximate value in the first step: each dimension is shifted in time, to start at the
        value of its period that is closest to y0.
    seed : int, optional
        Seed of the signal; the signal is then the same wherever the process is used.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range; on use, if dt does not divide the period or is too long for
        ``high``.

    See Also
    --------
    WhiteNoise : Noise of all frequencies.
    FilteredNoise : Noise with the spectrum of a synapse.

    Examples
    --------
    >>> u = WhiteSignal(period=1.0, high=5.0, rms=0.5, seed=1).run(1.0, size=2)
    >>> np.sqrt((u**2).mean(axis=0)).round(12)
    array([0.5, 0.5])
    """

    period: float
    high: float
    rms: float = 0.5
    y0: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        who = "WhiteSignal"
        period = check.seconds(who, "period", self.period)
        do = "pass hertz, or lengthen the period"
        high = check.positive(who, "high", self.high, do)
        if _components(period, high=high) < 1:
            must = f"be at least 1/period = {1 / period:g} Hz"
            check.fail(who, "high", must, f"{high:g} Hz", do)
        self._set(
            period=period,
            high=high,
            rms=check.positive(who, "rms", self.rms),
            y0=None if self.y0 is None else check.real(who, "y0", self.y0),
            seed=check.seed(who, self.seed),
        )

    @property
    def size(self) -> int | None:
        return None

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        rng = generator_of(self.seed, rng)
        signal = _one_period(self, self.period, 0, size, dt, rng)
        if self.y0 is not None:
            first = np.argmin(np.abs(signal - self.y0), axis=0)
            index = (first + np.arange(-1, len(signal) - 1)[:, None]) % len(signal)
            signal = np.take_along_axis(signal, index, axis=0)
        return Periodic(signal, rng)


@dataclass(frozen=True, eq=False)
class FourierSignal(Process):
    r"""A random sum of sine waves whose amplitudes are proportional to 1/f.

    .. math:: u(t) = \sum_{k=1}^{K} \frac{1}{k}
              \left( a_k \cos 2\pi k f_0 t + b_k \sin 2\pi k f_0 t \right),
              \qquad K = \lfloor high / f_0 \rfloor, \qquad a_k, b_k \sim \mathcal{N}(0, \sigma^2)

    :math:`f_0` is the base frequency.  σ is chosen for each dimension such that the root mean
    square over a period 1/base is exactly ``rms``.  The mean over a period is 0.

    Parameters
    ----------
    base : float [Hz]
        The lowest frequency; the signal repeats after 1 / base.
    high : float [Hz]
        The highest frequency, at least ``base`` and at most 0.5 / dt.
    rms : float
        Root mean square, above 0.
    seed : int, optional
        Seed of the signal, which is then the same wherever the process is used.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range; on use, if dt is too long for ``high``.

    See Also
    --------
    WhiteSignal : Equal power at all frequencies.

    References
    ----------
    T. Bekolay, C. Kolbeck and C. Eliasmith (2013) use such signals as the input of their
    experiments; see :class:`nefsim.HPES`.

    Examples
    --------
    >>> u = FourierSignal(base=0.25, high=40.0, rms=0.5, seed=1).run(4.0, size=2)
    >>> np.sqrt((u**2).mean(axis=0)).round(12)
    array([0.5, 0.5])
    """

    base: float
    high: float
    rms: float = 0.5
    seed: int | None = None

    def __post_init__(self) -> None:
        who = "FourierSignal"
        base = check.positive(who, "base", self.base, "pass hertz")
        high = check.positive(who, "high", self.high, "pass hertz")
        if _components(1.0 / base, high=high) < 1:
            do = "raise high or lower base"
            check.fail(who, "high", f"be at least base = {base:g} Hz", f"{high:g} Hz", do)
        self._set(
            base=base,
            high=high,
            rms=check.positive(who, "rms", self.rms),
            seed=check.seed(who, self.seed),
        )

    @property
    def size(self) -> int | None:
        return None

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        rng = generator_of(self.seed, rng)
        return Periodic(_one_period(self, 1.0 / self.base, 1, size, dt, rng), rng)


def _one_period(
    process: WhiteSignal | FourierSignal,
    period: float,
    slope: int,
    size: int,
    dt: float,
    rng: np.random.Generator,
) -> Array:
    """One period (n_steps, size) of random waves; k cycles have the amplitude ``1 / k**slope``."""
    n_steps = _steps(process, period, process.high, dt)
    n_components = min(_components(n_steps * dt, high=process.high), n_steps // 2)
    amplitudes = np.arange(1.0, n_components + 1) ** -slope
    parts = rng.standard_normal((len(amplitudes), 2, size))
    spectrum = np.zeros((n_steps // 2 + 1, size), dtype=complex)
    spectrum[1 : n_components + 1] = amplitudes[:, None] * (parts[:, 0] + 1j * parts[:, 1])
    signal = np.fft.irfft(spectrum, n_steps, axis=0)
    scaled: Array = signal * (process.rms / np.sqrt(np.mean(signal**2, axis=0)))
    return scaled


def _steps(process: Process, period: float, high: float, dt: float) -> int:
    """Number of steps in a period; every wave must have at least two."""
    who, do = f"{type(process).__name__}.start", "lower high or dt"
    if high > 0.5 / dt:
        check.fail(who, "high", f"be at most 0.5/dt = {0.5 / dt:g} Hz", f"{high:g} Hz", do)
    n_steps = round(period / dt)
    check.integer(who, "period / dt", n_steps, "shorten the period", 2)
    if _components(n_steps * dt, high=high) < 1:
        got = f"{period:g} s at dt = {dt:g} s"
        check.fail(who, "period", "be a multiple of dt or long enough for high", got, do)
    return n_steps


def _components(period: float, *, high: float) -> int:
    """Number of multiples of 1/period in (0, high], up to rounding."""
    return math.floor(period * high * (1 + 1e-9))
