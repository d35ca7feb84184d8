"""Errors over time, errors relative to a control, and confidence intervals of means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.sampling.base import Rng

Array = NDArray[np.float64]

#: Resampled means that are computed together.
BATCH = 1000


def learning_curve(error: ArrayLike, window: float = 1.0, dt: float = 0.001) -> tuple[Array, Array]:
    r"""Compute the root mean square of an error in successive windows of time.

    .. math:: r_w = \sqrt{\langle \lVert E(t) \rVert^2 \rangle_{t \in w}}

    Parameters
    ----------
    error : (T, D) or (T,) array_like
        The error over time, such as recorded by a probe.
    window : float [s]
        Length of a window; an incomplete window at the end is left out.
    dt : float [s]
        Time between rows: the time step, or ``sample_every`` of the probe.

    Returns
    -------
    time : (W,) ndarray [s]
        The end of each window.
    rms : (W,) ndarray
        Root mean square of the norm of the error in each window.

    Raises
    ------
    ValueError, TypeError
        If ``error`` is not a finite array, or ``window`` is shorter than a step or longer than it.

    See Also
    --------
    nefsim.plot.learning_curve : The curve as a figure.
    relative_error : The error relative to a control.

    Examples
    --------
    >>> time, rms = learning_curve([4.0, 4.0, 2.0, 2.0, 1.0], window=0.002)
    >>> time.tolist(), rms.tolist()
    ([0.002, 0.004], [4.0, 2.0])
    """
    who = "learning_curve"
    E = _series(who, "error", error)
    dt = check.seconds(who, "dt", dt)
    k = window_steps(who, "window", window, dt, len(E))
    n = len(E) // k
    squares = (E[: n * k] ** 2).sum(axis=1).reshape(n, k)
    return np.arange(1.0, n + 1) * (k * dt), np.sqrt(squares.mean(axis=1))


def rmse(values: ArrayLike, target: ArrayLike) -> float:
    r"""Root mean square of the difference from a target, over all times and dimensions.

    .. math:: \sqrt{\langle (\hat y - y)^2 \rangle}

    Parameters
    ----------
    values : (T, D) or (T,) array_like
        The decoded values.
    target : (T, D) or (T,) array_like
        The ideal values at the same times.

    Returns
    -------
    float
        The error, in the unit of the values.

    Raises
    ------
    ValueError
        If the shapes differ, or the arrays are empty.

    See Also
    --------
    nrmse : The error relative to the target.

    Examples
    --------
    >>> rmse([1.0, 2.0], target=[1.0, 4.0])
    1.4142135623730951
    """
    y = _series("rmse", "target", target)
    return _rms(_like("rmse", "values", values, y)[0] - y)


def nrmse(values: ArrayLike, target: ArrayLike) -> float:
    r"""Root mean square of the difference from a target, divided by that of the target.

    .. math:: \sqrt{\langle (\hat y - y)^2 \rangle / \langle y^2 \rangle}

    Parameters
    ----------
    values : (T, D) or (T,) array_like
        The decoded values.
    target : (T, D) or (T,) array_like
        The ideal values at the same times, not all 0.

    Returns
    -------
    float
        The relative error: 0 for equal values, 1 if all values are 0.

    Raises
    ------
    ValueError
        If the shapes differ, or the target is 0 everywhere.

    Examples
    --------
    >>> nrmse([0.0, 0.0], target=[3.0, 4.0])
    1.0
    """
    y = _series("nrmse", "target", target)
    difference = _like("nrmse", "values", values, y)[0] - y
    if not y.any():
        do = "take rmse, which needs no size to compare with"
        check.fail("nrmse", "target", "differ from 0 somewhere", "only zeros", do)
    return _rms(difference) / _rms(y)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def relative_error(values: ArrayLike, control: ArrayLike, target: ArrayLike) -> float:
    r"""Divide the error of a learned function by that of a control, such as solved decoders.

    .. math:: \frac{\sum_t \lVert \hat{y}(t) - y(t) \rVert_1}
                   {\langle \sum_t \lVert \hat{y}_c(t) - y(t) \rVert_1 \rangle_c}

    A result below 1 means that the learned function is better than the control.

    Parameters
    ----------
    values : (T, D) or (T,) array_like
        Output of the learned connection.
    control : (T, D) or (C, T, D) array_like, or (T,)
        Output of a control at the same times, or of C controls, whose mean error is used.
    target : (T, D) or (T,) array_like
        Ideal output.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        If the shapes differ, or the control makes no error.

    See Also
    --------
    learning_curve

    Examples
    --------
    >>> relative_error([1.0, 2.0], control=[1.5, 2.5], target=[1.25, 2.0])
    0.3333333333333333
    """
    who = "relative_error"
    y = _series(who, "target", target)
    learned = _like(who, "values", values, y)[0]
    controls = _like(who, "control", control, y)
    below = np.abs(controls - y).sum(axis=(1, 2)).mean()
    if below == 0:
        do = "pass a control that makes errors"
        check.fail(who, "control", "differ from target", "no error", do)
    return float(np.abs(learned - y).sum() / below)


def confidence_interval(
    values: ArrayLike, confidence: float = 0.95, n_resamples: int = 9999, rng: Rng = None
) -> tuple[float, float]:
    """Compute a confidence interval of a mean, by the bias-corrected bootstrap.

    Parameters
    ----------
    values : (n,) array_like
        A number for each seed or trial; at least two must differ.
    confidence : float
        Confidence level, between 0 and 1.
    n_resamples : int
        Number of resamples.
    rng : numpy.random.Generator, int or None
        Random generator, or a seed for one.

    Returns
    -------
    low, high : float
        Ends of the interval.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two values that differ, or an option is out of range.

    See Also
    --------
    relative_error

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American
    Statistical Association 82(397), 171-185.

    Examples
    --------
    >>> low, high = confidence_interval([0.91, 0.93, 0.92, 0.94, 0.92], rng=0)
    >>> round(low, 3), round(high, 3)
    (0.916, 0.934)
    """
    from scipy.stats import bootstrap

    who = "confidence_interval"
    x = check.array(who, "values", values, (None,), "pass one number for each trial")
    if len(x) < 2 or not np.ptp(x):
        got = f"{len(x)} values, " + ("equal values" if len(x) else "none")
        check.fail(who, "values", "hold two numbers that differ", got, "pass more trials")
    do = "pass a share such as 0.95"
    level = check.real(who, "confidence", confidence, do, 0.0, 1.0, True, True)
    n = check.integer(who, "n_resamples", n_resamples, "pass a number such as 9999", 100, 10**7)
    generator = check.generator(who, rng)
    result = bootstrap(
        (x,), np.mean, n_resamples=n, confidence_level=level, batch=BATCH, random_state=generator
    )
    low, high = result.confidence_interval
    return float(low), float(high)


def window_steps(who: str, argument: str, window: Any, dt: float, most: int) -> int:
    """Convert a duration to a number of steps, at least one and at most ``most``."""
    length = check.seconds(who, argument, window)
    steps = round(length / dt)
    if not 1 <= steps <= most:
        do = "pass a length that the recording has"
        check.fail(who, argument, f"be from {dt:g} to {most * dt:g} s", f"{length:g} s", do)
    return steps


def _series(who: str, argument: str, value: Any) -> Array:
    """Check values over time (T, D); (T,) is one column."""
    do = "pass an array (T, D)"
    checked = check.array(who, argument, value, do=do)
    checked = checked[:, None] if checked.ndim == 1 else checked
    if checked.ndim != 2 or not checked.size:
        check.fail(who, argument, "have shape (T, D)", f"shape {np.shape(value)}", do)
    return checked


def _like(who: str, argument: str, value: Any, target: Array) -> Array:
    """Check trials (C, T, D) against the shape of the target; only ``control`` may have C > 1."""
    do = "pass as many rows and columns as target has"
    checked = check.array(who, argument, value, do=do)
    if checked.ndim == 1:
        checked = checked[:, None]
    trials = checked[None] if checked.ndim == 2 else checked
    fits = trials.ndim == 3 and trials.shape[1:] == target.shape and len(trials)
    if not fits or (argument == "values" and checked.ndim == 3):
        check.fail(who, argument, f"have shape {target.shape}", f"shape {checked.shape}", do)
    return trials
