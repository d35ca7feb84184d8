"""Firing rates of a population over time, around events, and intervals between spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.plot.spikes import spikes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def population_rate(
    spikes: source.Recorded,
    time: ArrayLike | None = None,
    window: float = 0.01,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the mean firing rate of a population over time.

    .. math:: r(t) = \frac{1}{N} \sum_{i, k} g_\sigma(t - t_{ik})

    Each spike contributes a Gaussian of unit area; at the ends of the record it is reflected.

    Parameters
    ----------
    spikes : (T, N) array_like, Events, Simulator or Result
        Array that is not 0 at spikes, or events; or a simulator or result, of which ``probe``
        is plotted.  Several spikes of a neuron in one step count as one.
    time : (T,) array_like [s]
        Times of the rows of an array, at equal steps; None means steps of 1 ms.
    window : float [s]
        Standard deviation of the Gaussian; 0 shows the rate in each step.
    probe : Probe or str
        The probe of spikes, or its label, if ``spikes`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the spikes come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the line, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with one line.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or ``window`` is below 0.

    See Also
    --------
    raster, psth, intervals

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> every_tenth = np.tile([[1000.0], *[[0.0]] * 9], (100, 1))
    >>> rate = plot.population_rate(every_tenth, window=0.05).lines[0].get_ydata()
    >>> float(rate.mean().round(6))
    100.0
    """
    who = "plot.population_rate"
    from scipy.ndimage import gaussian_filter1d

    sigma = check.seconds(who, "window", window, zero=True)
    steps, _, n, when = spikes_of(who, spikes, probe, time, trial)
    step = _step(who, when)
    rate = np.bincount(steps, minlength=len(when)) / (n * step)
    if sigma:
        rate = gaussian_filter1d(rate, sigma / step, mode="reflect")
    look = style.line_style(who, line_style, linewidth=1.3, color=style.INK)
    ax = style.axes(who, ax)
    ax.plot(when, rate, **look)
    style.span_time(ax, when)
    ax.set_ylim(bottom=0.0)
    style.finish(ax, "time [s]", "mean firing rate [Hz]")
    return ax


@explained
def psth(
    spikes: source.Recorded,
    starts: ArrayLike,
    span: tuple[float, float] = (-0.1, 0.4),
    bin: float = 0.01,
    time: ArrayLike | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot a peristimulus time histogram: the mean firing rate around repeated events.

    Parameters
    ----------
    spikes : (T, N) array_like, Events, Simulator or Result
        Array that is not 0 at spikes, or events; or a simulator or result, of which ``probe``
        is plotted.  Several spikes of a neuron in one step count as one.
    starts : (K,) array_like [s]
        Times of the events, such as the onsets of a stimulus.
    span : (float, float) [s]
        Start and end of the histogram, relative to the events.
    bin : float [s]
        Width of the bins.
    time : (T,) array_like [s]
        Times of the rows of an array, at equal steps; None means steps of 1 ms.
    probe : Probe or str
        The probe of spikes, or its label, if ``spikes`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the spikes come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a step line, and a line at the events.

    Raises
    ------
    ValueError, TypeError
        If no event has its span within the record, or an argument is out of range.

    See Also
    --------
    population_rate, raster

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> spikes = np.zeros((300, 2))
    >>> spikes[[110, 210]] = 1000.0
    >>> ax = plot.psth(spikes, [0.1, 0.2], span=(0.0, 0.05))
    >>> ax.patches[0].get_data().values.tolist()
    [0.0, 100.0, 0.0, 0.0, 0.0]
    """
    who = "plot.psth"
    do = "pass times in seconds"
    events = check.array(who, "starts", starts, (None,), do)
    low, high = check.array(who, "span", span, (2,), "pass (start, end) in seconds").tolist()
    width = check.seconds(who, "bin", bin)
    if high - low < width:
        got = f"{low:g} to {high:g} s with bins of {width:g} s"
        check.fail(who, "span", "have at least one bin", got, "pass a later end")
    steps, _, n, when = spikes_of(who, spikes, probe, time, trial)
    step = _step(who, when)
    inside = (events + low >= when[0] - step - 1e-9) & (events + high <= when[-1] + 1e-9)
    if not inside.any():
        got = f"{check.show(events)} in a record from {when[0]:g} to {when[-1]:g} s"
        check.fail(who, "starts", "have their span in the record", got, "pass other times")
    n_bins = int((high - low) / width + 1e-9)
    edges = low + width * np.arange(n_bins + 1)
    times = when[steps]  # in order
    counts = np.zeros(n_bins)
    for event in events[inside]:
        # A spike at the end of a step belongs to the bin that contains the step.
        at = event + edges - step / 2 + 1e-9
        counts += np.diff(np.searchsorted(times, at + step))
    ax = style.axes(who, ax)
    ax.stairs(counts / (n * width * inside.sum()), edges, color=style.COLOURS[0], linewidth=1.3)
    ax.axvline(0.0, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0.0)
    style.finish(ax, "time from the event [s]", "mean firing rate [Hz]")
    return ax


@explained
def intervals(
    spikes: source.Recorded,
    time: ArrayLike | None = None,
    bins: int = 50,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Plot a histogram of the intervals between successive spikes of each neuron.

    The title has their coefficient of variation, the mean over neurons with three spikes or more.

    .. math:: CV = \sigma(\Delta t) / \mu(\Delta t)

    Parameters
    ----------
    spikes : (T, N) array_like, Events, Simulator or Result
        Array that is not 0 at spikes, or events; or a simulator or result, of which ``probe``
        is plotted.  Several spikes of a neuron in one step count as one.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    bins : int
        Number of bins.
    probe : Probe or str
        The probe of spikes, or its label, if ``spikes`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the spikes come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a histogram.

    Raises
    ------
    ValueError, TypeError
        If no neuron has two spikes, or an argument is out of range.

    See Also
    --------
    population_rate, raster

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> every_tenth = np.tile([[1000.0], *[[0.0]] * 9], (100, 1))
    >>> plot.intervals(every_tenth).get_title()
    'CV 0.00'
    """
    who = "plot.intervals"
    n_bins = check.integer(who, "bins", bins, "pass a number of bins", 1, 10_000)
    steps, neurons, n, when = spikes_of(who, spikes, probe, time, trial)
    order = np.lexsort((steps, neurons))
    times, of = when[steps[order]], neurons[order]
    same = np.diff(of) == 0
    found, owner = np.diff(times)[same], of[1:][same]
    if not len(found):
        check.fail(who, "spikes", "have two of a neuron", "fewer", "run for a longer time")
    counts = np.bincount(owner, minlength=n)
    mean = np.bincount(owner, found, minlength=n) / np.maximum(counts, 1)
    square = np.bincount(owner, (found - mean[owner]) ** 2, minlength=n) / np.maximum(counts, 1)
    some = counts >= 2
    ax = style.axes(who, ax)
    ax.hist(1000.0 * found, bins=n_bins, color=style.COLOURS[0])
    if some.any():
        ax.set_title(f"CV {(np.sqrt(square[some]) / mean[some]).mean():.2f}", fontsize="medium")
    style.finish(ax, "interval between spikes [ms]", "number of intervals")
    return ax


def _step(who: str, when: source.Array) -> float:
    """The step of times at equal steps [s]."""
    if len(when) < 2:
        return source.STEP
    step = float(when[-1] - when[0]) / (len(when) - 1)
    if np.abs(np.diff(when) - step).max() > 1e-6 * step:
        do = "pass times at equal steps"
        check.fail(who, "time", "have equal steps", "others", do)
    return step
