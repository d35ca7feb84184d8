"""Spike rasters, and orders of the neurons that let their structure be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.plot import _source as source
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Order = NDArray[np.intp]

#: Width of the bins in which spikes are counted, and of their Gaussian smoothing [s].
BIN = 0.02

#: Most neurons for which leaves are ordered optimally; the cost grows with the cube.
MOST_OPTIMAL = 300


def raster(
    spikes: Any,
    time: Any = None,
    sort: Any = None,
    probe: Any = None,
    trial: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Spikes of a population: a mark at (t, i) where neuron i fires at time t.

    .. math:: \{(t_k, i) : \delta_i(t_k) \neq 0\}

    Parameters
    ----------
    spikes : (T, N) array_like, Events, Simulator or Result
        Not zero where a spike is; or what recorded them, with ``probe`` unless it is events.
    time : (T,) array_like [s]
        Times of the rows; None counts steps of 1 ms.
    sort : {None, "rate", "similarity"} or array_like of int
        Order of the neurons from the bottom: by number; by number of spikes; by
        hierarchical clustering of the correlations of smoothed spikes, so that neurons that
        fire together are neighbours; or the numbers of the neurons to show, in order.
    probe : Probe or str
        A probe of spikes, or its label, with a simulator or result only.
    trial : int or None
        Which trial of a batch, from 0.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With one line of unconnected markers.

    Examples
    --------
    >>> from nefsim import plot
    >>> ax = plot.raster([[0, 1000], [1000, 0]])
    >>> ax.lines[0].get_xydata()
    array([[0.001, 1.   ],
           [0.002, 0.   ]])
    """
    who = "plot.raster"
    steps, neurons, n, when = _spikes(who, spikes, probe, time, trial)
    order, label = _order(who, sort, steps, neurons, n, when)
    ax = style.axes(who, ax)
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    rows = place[neurons]
    steps, rows = steps[rows >= 0], rows[rows >= 0]
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi / len(order)
    ax.plot(
        when[steps],
        rows,
        linestyle="none",
        marker="|",
        markersize=float(np.clip(0.75 * height, 1.0, 12.0)),
        markeredgewidth=0.6,
        color=style.INK,
    )
    style.span_time(ax, when)
    ax.update_datalim([(when[0], -0.7), (when[0], len(order) - 0.3)])
    ax.margins(y=0)
    style.whole_numbers(ax.yaxis)
    style.finish(ax, "time [s]", label)
    return ax


def _spikes(
    who: str, spikes: Any, probe: Any, time: Any, trial: Any
) -> tuple[Order, Order, int, Array]:
    """Row and neuron of each spike, the number of neurons, and the times of the rows."""
    events = source.events(who, spikes, probe, time, trial)
    if events is not None:
        return events.steps, events.neurons, events.shape[-1], events.record_times
    is_mask = isinstance(spikes, np.ndarray) and spikes.dtype == np.bool_
    given = spikes.astype(float) if is_mask else spikes
    values, when = source.records(who, "spikes", given, probe, time, trial)
    return *np.nonzero(values), values.shape[1], when


def _order(
    who: str, sort: Any, steps: Order, neurons: Order, n: int, time: Array
) -> tuple[Order, str]:
    """Numbers of the neurons from the bottom, and the label of their axis."""
    if sort is None:
        return np.arange(n), "neuron"
    if isinstance(sort, str):
        if check.one_of(who, "sort", sort, ("rate", "similarity")) == "rate":
            counts = np.bincount(neurons, minlength=n)
            return np.argsort(counts, kind="stable"), "neurons by rate"
        return _by_similarity(steps, neurons, n, time), "neurons by similarity"
    do = "pass None, 'rate', 'similarity' or numbers of neurons"
    order = check.array(who, "sort", sort, (None,), do, low=0, high=n - 1)
    chosen = order.astype(np.intp)
    if not len(chosen) or (chosen != order).any() or len(np.unique(chosen)) < len(chosen):
        check.fail(who, "sort", "name different neurons by number", check.show(sort), do)
    return chosen, "neurons in the order given"


def _by_similarity(steps: Order, neurons: Order, n: int, time: Array) -> Order:
    """Leaves of the average-linkage tree on 1 - correlation; steady neurons come first."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.ndimage import gaussian_filter1d
    from scipy.spatial.distance import squareform

    step = (time[-1] - time[0]) / max(len(time) - 1, 1)
    width = max(1, round(BIN / step)) if step > 0 else 1
    n_bins = -(-len(time) // width)
    bins = (steps // width).astype(np.intp) * n + neurons
    counts = np.bincount(bins, minlength=n_bins * n).reshape(n_bins, n).astype(np.float64)
    varies = np.ptp(counts, axis=0) > 0
    steady, varying = np.flatnonzero(~varies), np.flatnonzero(varies)
    if len(varying) < 3:
        return np.concatenate([steady, varying])
    smooth = gaussian_filter1d(counts[:, varying], 1.0, axis=0)
    distance = np.clip(1.0 - np.corrcoef(smooth, rowvar=False), 0.0, 2.0)
    optimal = len(varying) <= MOST_OPTIMAL
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=optimal)
    return np.concatenate([steady, varying[leaves_list(tree)]])
