"""Spike-timing dependent plasticity: changes of a weight by pairs of spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array = NDArray[np.float64]

#: Rate of change of a weight, as a function of activities before and after of one shape.
PairwiseRule = Callable[[Array, Array], ArrayLike]


@dataclass(frozen=True, eq=False)
class PairwiseBCM(Value):
    r"""The BCM rule for one pair of neurons, with a fixed threshold.

    .. math:: \frac{d\omega}{dt} = a_{pre} \, a_{post} \, \frac{a_{post} - \theta}{\theta}

    Parameters
    ----------
    theta : float [Hz]
        Activity of the postsynaptic neuron above which the weight grows; above 0.

    Raises
    ------
    ValueError, TypeError
        If ``theta`` is not a number above 0.

    See Also
    --------
    stdp_curve, frequency_curve
    nefsim.BCM : The learning rule of connections.

    Examples
    --------
    >>> float(PairwiseBCM(50.0)(10.0, 100.0))
    1000.0
    """

    theta: float = 51.0

    def __post_init__(self) -> None:
        self._set(theta=check.positive("PairwiseBCM", "theta", self.theta, "pass Hz above 0"))

    def __call__(self, a_pre: ArrayLike, a_post: ArrayLike) -> Array:
        """The rate of change of the weight.

        Parameters
        ----------
        a_pre, a_post : array_like [Hz]
            Filtered spikes of the presynaptic and of the postsynaptic neuron.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError, TypeError
            If an activity is not a finite number, or the shapes do not fit each other.
        """
        pre = check.array("PairwiseBCM", "a_pre", a_pre)
        post = check.array("PairwiseBCM", "a_post", a_post)
        try:
            np.broadcast_shapes(pre.shape, post.shape)
        except ValueError:
            do = "pass activities of one shape, or one number"
            must = f"fit a_pre of shape {pre.shape}"
            check.fail("PairwiseBCM", "a_post", must, f"shape {post.shape}", do)
        return np.asarray(pre * post * (post - self.theta) / self.theta)


#: Delays and rates of the paper's figures.
DELAYS = tuple(float(x) for x in np.linspace(-0.1, 0.1, 100))
RATES = (1.0, 2.0, 10.0, 20.0, 100.0)


def stdp_curve(
    rule: PairwiseRule = PairwiseBCM(51.0),
    delays: ArrayLike = DELAYS,
    rate: float = 5.0,
    n_pairings: int = 10,
    tau_pre: float = 0.01,
    tau_post: float = 0.01,
    dt: float = 0.0005,
) -> tuple[Array, Array]:
    r"""Simulate the STDP curve of a rule: the change of a weight against the time between spikes.

    A presynaptic neuron fires ``n_pairings`` times at ``rate``, and the postsynaptic neuron as
    often, each time a delay later.  Spikes are filtered, and the rule f is applied:

    .. math:: \Delta\omega = \sum_k f(a_{pre}, a_{post}) \, dt, \qquad
              a \leftarrow a \, (1 - dt/\tau) + \frac{[\text{spike}]}{\tau}

    The defaults are those of Bekolay et al. (2013), figure 1. There the weight grows by
    exp(-delay / 9.8 ms) and shrinks most, to -0.71, at -9 ms.

    Parameters
    ----------
    rule : callable
        ``f(a_pre, a_post)`` of two arrays of one shape, which returns the rate of change of the
        weight.
    delays : (n,) array_like [s]
        Times of the postsynaptic spike minus the presynaptic spike, with absolute values below
        1 / rate; they are rounded down to steps.
    rate : float [Hz]
        Firing rate of each neuron.
    n_pairings : int
        Number of spikes of each neuron; a spike after the end of the last period is left out.
    tau_pre, tau_post : float [s]
        Time constants of the filters.
    dt : float [s]
        Time step.

    Returns
    -------
    delays : (n,) ndarray [s]
        The delays as an array.
    changes : (n,) ndarray
        Changes of the weight, divided by the largest absolute change.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the rule fails or changes nothing.

    See Also
    --------
    frequency_curve : The change against the rate of pairs.
    stdp_fit : Fit exponentials to the curve.
    nefsim.plot.stdp_curve : The curve as a figure.

    References
    ----------
    Bekolay, T., Kolbeck, C. and Eliasmith, C. (2013). Simultaneous unsupervised and supervised
    learning of cognitive functions in biologically plausible spiking neural networks.
    Proceedings of the 35th Annual Conference of the Cognitive Science Society, 169-174.

    Examples
    --------
    >>> delays, changes = stdp_curve()
    >>> float(changes.min().round(2)), float(delays[changes.argmin()].round(3))
    (-0.71, -0.009)
    """
    who = "stdp_curve"
    check.function(who, "rule", rule)
    t = _checked_list(who, "delays", delays, "pass delays in seconds")
    filters = _filters(who, tau_pre, tau_post, dt)
    n = check.integer(who, "n_pairings", n_pairings, "pass the number of pairs of spikes", 1, 10**6)
    rate = _rate(who, "rate", rate, filters[2])
    if np.abs(t).max() >= 1 / rate:
        do = "pass shorter delays or a lower rate"
        must, got = f"be shorter than 1/rate = {1 / rate:g} s", f"{np.abs(t).max():g} s"
        check.fail(who, "delays", must, got, do)
    changes = [_change(who, rule, delay, rate, n, *filters) for delay in t]
    return t, _share(who, np.array(changes))


def frequency_curve(
    rule: PairwiseRule = PairwiseBCM(197.0),
    rates: ArrayLike = RATES,
    delay: float = -0.00135,
    n_pairings: int = 5,
    tau_pre: float = 0.36,
    tau_post: float = 0.0022,
    dt: float = 0.0005,
) -> tuple[Array, Array]:
    r"""Simulate the change of a weight against the rate of spike pairs, as in `stdp_curve`.

    The defaults are those of Bekolay et al. (2013), figure 2, for low activity. For high
    activity θ is 216 Hz, and the weight grows only at higher rates of pairs. The figure shows
    0.2 times the change.

    Parameters
    ----------
    rule : callable
        ``f(a_pre, a_post)`` of two arrays of one shape, which returns the rate of change of the
        weight.
    rates : (n,) array_like [Hz]
        Firing rates of the two neurons.
    delay : float [s]
        Time of the postsynaptic spike minus the presynaptic spike, with an absolute value below
        1 / rate.
    n_pairings : int
        Number of spikes of each neuron.
    tau_pre, tau_post : float [s]
        Time constants of the filters.
    dt : float [s]
        Time step.

    Returns
    -------
    rates : (n,) ndarray [Hz]
        The rates as an array.
    changes : (n,) ndarray
        Changes of the weight, divided by the largest absolute change.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the rule fails or changes nothing.

    See Also
    --------
    stdp_curve : The change against the delay.

    Examples
    --------
    >>> rates, changes = frequency_curve()
    >>> (0.2 * changes).round(3).tolist()
    [-0.048, -0.024, 0.096, 0.139, 0.2]
    """
    who = "frequency_curve"
    check.function(who, "rule", rule)
    filters = _filters(who, tau_pre, tau_post, dt)
    f = _checked_list(who, "rates", rates, "pass rates in Hz")
    hz = [_rate(who, "rates", rate, filters[2]) for rate in f]
    n = check.integer(who, "n_pairings", n_pairings, "pass the number of pairs of spikes", 1, 10**6)
    do = "pass a shorter delay or lower rates"
    longest = 1 / max(hz)
    t = check.real(who, "delay", delay, do, -longest, longest, True, True)
    return f, _share(who, np.array([_change(who, rule, t, r, n, *filters) for r in hz]))


def stdp_fit(delays: ArrayLike, changes: ArrayLike) -> tuple[tuple[float, float], ...]:
    r"""Fit an exponential to each side of an STDP curve, by least squares.

    .. math:: \Delta\omega = a \, e^{-|delay| / \tau}

    Parameters
    ----------
    delays : (n,) array_like [s]
        Times of the postsynaptic spike minus the presynaptic spike; at least three of each sign.
    changes : (n,) array_like
        Change of the weight.

    Returns
    -------
    after, before : (a, tau)
        Amplitude and time constant [s] for delays above 0 and for those below.

    Raises
    ------
    ValueError, TypeError
        If a side has fewer than three points, or does not fall with the delay.

    See Also
    --------
    stdp_curve

    Examples
    --------
    >>> (a, tau), _ = stdp_fit(*stdp_curve())
    >>> round(a, 2), round(tau, 4)
    (1.11, 0.0098)
    """
    from scipy.optimize import curve_fit

    who = "stdp_fit"
    t = _checked_list(who, "delays", delays, "pass delays in seconds")
    do = "pass a change for each delay"
    w = check.array(who, "changes", changes, t.shape, do)
    fits = []
    for side in (t > 0, t < 0):
        if side.sum() < 3 or not w[side].any():
            got = f"{side.sum()} with changes that are {'not ' * bool(w[side].any())}all 0"
            do = "pass more of the curve"
            check.fail(who, "delays", "have three on each side of 0, with changes", got, do)
        at, change = np.abs(t[side]), w[side]
        start = (change[np.argmin(at)], float(at.mean()) / 2)
        try:
            (a, tau), _ = curve_fit(lambda x, a, tau: a * np.exp(-x / tau), at, change, start)
        except RuntimeError as error:
            check.fail(who, "changes", "fall with the delay", f"{error}", "pass a smoother curve")
        fits.append((float(a), float(tau)))
    return tuple(fits)


def _change(
    who: str,
    rule: PairwiseRule,
    delay: float,
    rate: float,
    n_pairings: int,
    tau_pre: float,
    tau_post: float,
    dt: float,
) -> float:
    """Change of the weight over all pairs; both spike trains start within the first period."""
    period = int(1 / rate / dt)
    n = int(n_pairings / rate / dt)
    lag = -delay if delay <= 0 else 1 / rate - delay
    pre = _filtered(np.arange(int(lag / dt), n, period), n, tau_pre, dt)
    post = _filtered(np.arange(0, n, period), n, tau_post, dt)
    try:
        slopes = np.asarray(rule(pre, post))
    except TypeError as error:
        do = "check its arguments"
        got = f"the error {error!r}"
        check.fail(who, "rule", "accept two arrays of activities", got, do, TypeError)
    if slopes.shape != pre.shape or slopes.dtype.kind not in "fiu":
        do = "return a number for each pair of activities"
        got = f"{slopes.dtype} of shape {slopes.shape}"
        check.fail(who, "rule", f"return shape {pre.shape}", got, do)
    if not np.isfinite(slopes).all():
        check.fail(who, "rule", "be finite", "a value that is not", "guard it there")
    return float(slopes.sum() * dt)


def _filtered(spikes: NDArray[np.int64], n: int, tau: float, dt: float) -> Array:
    """Filtered spikes over n steps of a neuron that fires at the steps ``spikes``."""
    from scipy.signal import lfilter

    train = np.zeros(n)
    train[spikes] = 1 / tau
    return np.asarray(lfilter([1.0], [1.0, dt / tau - 1], train))


def _share(who: str, changes: Array) -> Array:
    largest = np.abs(changes).max()
    if largest == 0:
        check.fail(who, "rule", "change the weight", "no change", "pass a rule that does")
    return np.asarray(changes / largest)


def _filters(who: str, tau_pre: Any, tau_post: Any, dt: Any) -> tuple[float, float, float]:
    dt = check.seconds(who, "dt", dt)
    do = f"pass seconds, at least dt = {dt:g}"
    taus = {"tau_pre": tau_pre, "tau_post": tau_post}
    pre, post = (check.real(who, name, tau, do, dt, 1e6) for name, tau in taus.items())
    return pre, post, dt


def _rate(who: str, argument: str, rate: Any, dt: float) -> float:
    do = "pass Hz, at most one spike in each step"
    return check.real(who, argument, rate, do, 1e-3, 1 / dt)


def _checked_list(who: str, argument: str, value: Any, do: str) -> Array:
    checked = check.array(who, argument, value, (None,), do)
    if not checked.size:
        check.fail(who, argument, "not be empty", "none", do)
    return checked
