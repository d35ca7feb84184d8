r"""Variance of filtered spike trains, which is the noise of decoded values.

Spikes of rate a have the height 1 / dt in steps of length dt.  After a filter with the taps h,
whose autocorrelation is :math:`r_m = \sum_j h_j h_{j+m}`, their mean is :math:`a \sum_j h_j`.
The variance over time of spikes of a Poisson process is

.. math:: v(a) = \frac{a}{dt}\, r_0 \;\longrightarrow\; a \int h(t)^2 dt

and that of spikes at equal intervals, whose spectrum has lines at the harmonics of the rate, is

.. math:: v(a) = 2 a^2 \sum_{k \ge 1} \mathrm{sinc}^2(k a\,dt)\, |H(2 \pi k a)|^2
               = \frac{a}{dt} \sum_{n = -\infty}^{\infty} \tilde r(n / (a\,dt)) - (a r)^2,

where :math:`\tilde r` is r with linear interpolation between lags.  (The sinc and the aliases of
H are there because a spike counts in the step in which it falls.)  This module computes the
second form, whose first term is the variance of a Poisson process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import filtering
from nefsim._values import Value
from nefsim.neurons.base import NeuronType
from nefsim.synapses import Lowpass, Series, Synapse

Array = NDArray[np.float64]

#: Taps of a filter are taken until the rest is below this share of the energy, or for
#: so many steps, which cuts off filters that never come to rest.
REST, MOST_TAPS = 1e-16, 1 << 17

#: Rates at which the variance is evaluated, closer where it bends.
NODES = 512

#: Share of regular trains in those between regular ones and Poisson's.  Steady inputs make
#: trains regular; the rest is for inputs that move and for points between evaluation points.
REGULAR = 2 / 3

#: Intervals between spikes below this share of a step count as none.
SHORTEST = 1 / 1024

#: So many rates are looked at a time.
NUMBERS_IN_CACHE = 1 << 14


def poisson(rates: ArrayLike, synapse: Synapse | None, dt: float) -> Array:
    """The variance of filtered spikes of a Poisson process.

    Parameters
    ----------
    rates : (...) array_like [Hz]
        Firing rates; negative rates mean negative spikes.
    synapse : Synapse or None
        The filter; None for no filter.
    dt : float [s]
        Time step of the simulation.

    Returns
    -------
    (...) ndarray [Hz^2]

    See Also
    --------
    regular : Spikes at equal intervals.

    Examples
    --------
    >>> from nefsim import Lowpass
    >>> float(poisson(100.0, Lowpass(0.1), 0.001).round(3))  # a / (2 tau)
    499.996
    """
    return np.asarray(np.abs(rates) * (_autocorrelation(synapse, dt)[0] / dt))


def regular(rates: ArrayLike, synapse: Synapse | None, dt: float) -> Array:
    r"""The variance of filtered spikes at equal intervals.

    For a :class:`Lowpass` it is, up to terms of the order of (dt / tau) squared,

    .. math:: v(a) = \frac{a}{2 \tau} \coth \frac{1}{2 \tau a} - a^2

    and without a filter ``a / dt - a**2``; for other filters it is a sum.

    Parameters
    ----------
    rates : (...) array_like [Hz]
        Firing rates; negative rates mean negative spikes.
    synapse : Synapse or None
        The filter; None for no filter.
    dt : float [s]
        Time step of the simulation.

    Returns
    -------
    (...) ndarray [Hz^2]

    See Also
    --------
    poisson : Spikes of a Poisson process.

    Examples
    --------
    >>> from nefsim import Lowpass
    >>> regular([1.0, 100.0], Lowpass(0.1), 0.001).round(3)  # up to 1 / (12 tau^2)
    array([4.   , 8.328])
    >>> regular([100.0], None, 0.001).round(3)
    array([90000.])
    """
    a = np.abs(np.asarray(rates, dtype=np.float64))
    if a.size <= NODES and not _has_closed_form(synapse):
        return _regular_summed(a, synapse, dt)
    found = _regular_up_to(float(a.max(initial=0.0)), synapse, dt)(a)
    return np.maximum(found, 0.0)  # it may be rounded below


def gain(synapse: Synapse | None, dt: float) -> float:
    """The largest gain of a filter over all frequencies; 1 for a lowpass.

    Parameters
    ----------
    synapse : Synapse or None
        The filter.
    dt : float [s]
        The step of the simulation.

    Returns
    -------
    float
    """
    return 1.0 if _has_closed_form(synapse) else _gain(synapse, dt)


@lru_cache(maxsize=64)
def _gain(synapse: Synapse | None, dt: float) -> float:
    h = _taps(synapse, dt)
    return float(np.abs(np.fft.rfft(h, 2 * len(h))).max())


@dataclass(frozen=True, eq=False)
class Spikes(Value):
    """The spikes that a connection or probe decodes: their filter, step and neuron type.

    Parameters
    ----------
    synapse : Synapse or None
        The filter from the spikes to the place where the value is read.
    dt : float [s]
        Time step of the simulation.
    neuron_type : NeuronType
        Type of the neurons; types that do not spike have no noise.
    onward : bool
        Whether a population or a learning rule reads the value, not a node or a probe.
    """

    synapse: Synapse | None
    dt: float
    neuron_type: NeuronType
    onward: bool = False

    def variance(self, noise: str, blocks: Iterable[Array], top: float) -> Array:
        """The variance of each neuron's filtered spikes, a mean over evaluation points.

        Parameters
        ----------
        noise : str
            ``"regular"`` for spikes at equal intervals, ``"poisson"`` for a Poisson process, or
            ``"auto"`` for a geometric mean of both variances, that of regular spikes to the
            power of ``REGULAR`` (for neurons that fire randomly, that of a Poisson process).
        blocks : iterable of (p, N) ndarray [Hz]
            Activities of the neurons, for blocks of evaluation points.
        top : float [Hz]
            The largest activity.

        Returns
        -------
        (N,) ndarray [Hz^2]
        """
        kind, scale = self.neuron_type, float(getattr(self.neuron_type, "amplitude", 1.0))
        if noise == "auto" and kind.random:
            noise = "poisson"
        law = _regular_up_to(top / scale, self.synapse, self.dt)
        one = poisson(1.0, self.synapse, self.dt)
        n_points, even, random = 0, np.zeros(1), np.zeros(1)
        for block in blocks:
            n_points += len(block)
            if not kind.spiking:
                even = random = np.zeros(block.shape[1])
                continue
            n = max(1, NUMBERS_IN_CACHE // block.shape[1])
            for first in range(0, len(block), n):
                a = block[first : first + n]
                a = np.abs(a) / scale if scale != 1.0 or a.min() < 0.0 else a
                if noise != "poisson":
                    even = even + law(a).sum(axis=0)
                random = random + one * a.sum(axis=0)
        share = (scale / (gain(self.synapse, self.dt) or 1.0)) ** 2
        even = np.maximum(even, 0.0) * share / n_points
        random = np.maximum(random, 0.0) * share / n_points
        variance = {
            "regular": even,
            "poisson": random,
            "auto": even**REGULAR * random ** (1 - REGULAR),
        }[noise]
        variance.setflags(write=False)
        return variance


def _has_closed_form(synapse: Synapse | None) -> bool:
    """A class derived from Lowpass may be another filter."""
    return synapse is None or type(synapse) is Lowpass


def _regular_up_to(top: float, synapse: Synapse | None, dt: float) -> Callable[[Array], Array]:
    """The variance of regular trains of rates from 0 to ``top``."""
    if _has_closed_form(synapse):
        tau = synapse.tau if isinstance(synapse, Lowpass) else 0.0
        return lambda a: _regular_lowpass(a, tau, dt)
    # Populations with about the same rates share a table.
    last = 2.0 ** math.ceil(math.log2(max(top, 1.0)))
    slopes, rises = _table(synapse, dt, last)

    def read(a: Array) -> Array:
        place = np.sqrt(a * ((len(rises) - 1) ** 2 / last))
        node = place.astype(np.intp)
        place -= node
        place *= rises.take(node)
        place += slopes.take(node)
        place *= a
        return place

    return read


@lru_cache(maxsize=64)
def _table(synapse: Synapse | None, dt: float, last: float) -> tuple[Array, Array]:
    """Variances over rates at nodes whose roots are equally far apart, and how they rise."""
    nodes = last * np.linspace(0.0, 1.0, NODES) ** 2
    slopes = np.full(NODES, poisson(1.0, synapse, dt))  # of trains with long intervals
    slopes[1:] = _regular_summed(nodes[1:], synapse, dt) / nodes[1:]
    return slopes, np.append(np.diff(slopes), 0.0)


def _regular_lowpass(a: Array, tau: float, dt: float) -> Array:
    """The closed form, with the variance that is left of long intervals exact for steps of dt.

    With q = exp(-1 / (tau a)) the coth is 1 + 2 q / (1 - q), and a / (2 tau) is the Poisson
    process's share, which for steps is a tanh(dt / (2 tau)) / dt.
    """
    if tau == 0.0:
        return np.asarray(a / dt - a**2)
    x = tau * a
    with np.errstate(divide="ignore"):
        np.divide(1.0, x, out=x)
    np.minimum(x, 700.0, out=x)  # beyond, q is 0; infinities are slow
    np.expm1(x, out=x)
    np.divide(1.0 / tau, x, out=x)
    x += math.tanh(dt / (2 * tau)) / dt
    x -= a
    x *= a
    return x


def _regular_summed(a: Array, synapse: Synapse | None, dt: float) -> Array:
    """The sum over intervals, rate by rate."""
    r = _autocorrelation(synapse, dt)
    lags, whole = np.arange(len(r) + 1.0), np.append(r, 0.0)
    mean = r[0] + 2 * r[1:].sum()
    with np.errstate(divide="ignore"):
        interval = 1.0 / (a.ravel() * dt)
    # Many spikes in each step: the sum is an integral, and the variance is 0.
    dense = interval < SHORTEST
    counts = np.floor(len(r) / np.where(dense, np.inf, interval)).astype(np.intp)
    firing = np.flatnonzero(counts)
    total = np.where(dense, mean / interval, r[0])
    if len(firing):
        # All intervals within the taps, of one rate after the other.
        n = counts[firing]
        starts = np.cumsum(n) - n
        later = (np.arange(n.sum()) - np.repeat(starts - 1, n)) * np.repeat(interval[firing], n)
        total[firing] += 2 * np.add.reduceat(np.interp(later, lags, whole), starts)
    return np.maximum(a / dt * total.reshape(a.shape) - a**2 * mean, 0.0)


@lru_cache(maxsize=64)
def _autocorrelation(synapse: Synapse | None, dt: float) -> Array:
    """``r[m] = sum(h[j] h[j + m])`` of the taps, read-only."""
    h = _taps(synapse, dt)
    r = np.fft.irfft(np.abs(np.fft.rfft(h, 2 * len(h))) ** 2, 2 * len(h))[: len(h)]
    r.setflags(write=False)
    return r


@lru_cache(maxsize=64)
def _taps(synapse: Synapse | None, dt: float) -> Array:
    """The response of a filter to an input of 1 in its first step, read-only."""
    h = _response(synapse, dt)
    h.setflags(write=False)
    return h


def _response(synapse: Synapse | None, dt: float) -> Array:
    if synapse is None:
        return np.ones(1)
    if isinstance(synapse, Series):
        # Much faster than step by step.
        parts = (_taps(p, dt) if isinstance(p, Synapse) else np.array([p]) for p in synapse.parts)
        return reduce(_convolved, parts)[:MOST_TAPS]
    form = synapse.form(dt)
    if not isinstance(form, filtering.StateSpace) and len(form[1]) == 1:
        return np.array(form[0], dtype=np.float64)
    n = 1024
    while True:
        impulse = np.zeros(n)
        impulse[0] = 1.0
        with np.errstate(all="ignore"):
            h = filtering.filtered(form, impulse, 0)
        h = h[: _first(np.abs(h) < 1e100)]  # of a response that grows without end, its beginning
        rest = np.cumsum(h[::-1] ** 2)[::-1]  # the energy of each tap and of those after it
        goes_on = rest > REST * rest[0]
        if len(h) < n or n == MOST_TAPS or (rest[0] > 0 and not goes_on[3 * n // 4]):
            return h[: max(1, _first(goes_on))]
        n *= 2


def _convolved(one: Array, other: Array) -> Array:
    n = len(one) + len(other) - 1
    return np.fft.irfft(np.fft.rfft(one, n) * np.fft.rfft(other, n), n)


def _first(mask: NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(mask) if mask.all() else int(np.argmin(mask))
