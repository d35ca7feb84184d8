"""Firing rates over time, from spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]

#: Standard deviations at which a kernel ends.
REACH = 4.0


def interval_rates(spikes: ArrayLike, dt: float = 0.001, amplitude: float = 1.0) -> Array:
    r"""Compute firing rates as the inverse of the intervals between spikes.

    .. math:: r(t) = \frac{1}{t_{k+1} - t_k}, \qquad t_k < t \le t_{k+1}

    Parameters
    ----------
    spikes : (T, N) or (T,) array_like [Hz]
        Spikes as a probe of ``ensemble.neurons`` records them, ``amplitude / dt`` each.
    dt : float [s]
        Length of a step.
    amplitude : float
        Height of a spike times ``dt``.

    Returns
    -------
    (T, N) ndarray [Hz]
        Rates in each step; 0 before a neuron's first spike and after its last.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of another kind.

    See Also
    --------
    kernel_rates : Smooth rates.

    Examples
    --------
    >>> interval_rates([0.0, 1000.0, 0.0, 1000.0, 0.0]).ravel().tolist()
    [0.0, 0.0, 500.0, 500.0, 0.0]
    """
    who = "interval_rates"
    counts, dt = _counts(who, spikes, dt, amplitude)
    rates = np.zeros_like(counts)
    for fired, rate in zip(counts.T, rates.T, strict=True):
        at = np.flatnonzero(fired)
        if len(at) > 1:
            steps = np.diff(at)
            rate[at[0] + 1 : at[-1] + 1] = np.repeat(fired[at[1:]] / (steps * dt), steps)
    return rates


def kernel_rates(
    spikes: ArrayLike, width: float = 0.02, dt: float = 0.001, amplitude: float = 1.0
) -> Array:
    r"""Compute firing rates by convolution of spikes with a Gaussian.

    .. math:: r(t) = \sum_k \frac{1}{\sqrt{2 \pi} w} e^{-(t - t_k)^2 / 2 w^2}

    Near both ends of the data the sum is divided by the part of the Gaussian that is within them.

    Parameters
    ----------
    spikes : (T, N) or (T,) array_like [Hz]
        Spikes as a probe of ``ensemble.neurons`` records them, ``amplitude / dt`` each.
    width : float [s]
        Standard deviation w of the Gaussian.
    dt : float [s]
        Length of a step.
    amplitude : float
        Height of a spike times ``dt``.

    Returns
    -------
    (T, N) ndarray [Hz]

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of another kind.

    Examples
    --------
    >>> kernel_rates([[1000.0, 0.0]] * 50, width=0.003)[25].round(9).tolist()
    [1000.0, 0.0]
    """
    from scipy.ndimage import gaussian_filter1d

    who = "kernel_rates"
    counts, dt = _counts(who, spikes, dt, amplitude)
    wide = check.seconds(who, "width", width) / dt
    if wide * REACH > 10**7:
        check.fail(who, "width", f"be at most {1e7 / REACH * dt:g} s", f"{width:g} s", "shorten it")

    def smooth(values: Array) -> Array:
        return np.asarray(gaussian_filter1d(values, wide, axis=0, mode="constant", truncate=REACH))

    return smooth(counts) / (smooth(np.ones((len(counts), 1))) * dt)


def _counts(who: str, spikes: Any, dt: Any, amplitude: Any) -> tuple[Array, float]:
    """Check spikes; return their number in each step (T, N), and the length of a step."""
    do = "pass the record of a probe of neurons, (T, N)"
    values = check.array(who, "spikes", spikes, do=do)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size:
        check.fail(who, "spikes", "have shape (T, N)", f"shape {np.shape(spikes)}", do)
    step = check.seconds(who, "dt", dt)
    return values * (step / check.positive(who, "amplitude", amplitude)), step
