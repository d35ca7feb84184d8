"""Spike rasters, and images of rates for large populations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.plot._order import Array, Order, of_rows
from nefsim.records import Events
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Height of a row of marks below which a raster becomes an image of rates [points].
LOWEST_ROW = 0.5

#: Maximum number of different values of spikes that are rows, such as those that a node plays: a
#: neuron fires a few times in a step at most.
MOST_VALUES = 8

#: Minimum height of the rows of such an image [points], and maximum number of its columns.
ROW, MOST_COLUMNS = 1.5, 400


@explained
def raster(
    spikes: source.Recorded,
    time: ArrayLike | None = None,
    sort: str | Ensemble | ArrayLike | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Plot the spikes of a population: a mark at (t, i) where neuron i fires at time t.

    .. math:: \{(t_k, i) : \delta_i(t_k) \neq 0\}

    A population whose marks would overlap (above about 400 neurons on a figure of the usual
    size) is shown as an image of firing rates, averaged over neighbouring neurons and steps.

    Parameters
    ----------
    spikes : (T, N) array_like, Events, Simulator or Result
        Array that is not 0 at spikes, or events; or a simulator or result, of which ``probe``
        is plotted.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    sort : {None, "rate", "similarity"}, Ensemble or array_like of int
        Order of the neurons from the bottom: by index (None), by number of spikes ("rate"), or
        such that neurons with correlated spikes are neighbours ("similarity").  Pass the
        ensemble of the neurons to order them by preferred value, which needs a simulator.
        Pass an array of indices to show these neurons only.
    probe : Probe or str
        The probe of spikes, or its label, if ``spikes`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the spikes come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with one line of unconnected markers, or one image and its colour bar.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, ``sort`` is no order, or a probe has no records.

    See Also
    --------
    decoded : Plot the decoded value over time.
    tuning_curves : Plot firing rates against the represented value.

    Examples
    --------
    >>> from nefsim import plot
    >>> ax = plot.raster([[0, 1000], [1000, 0]])
    >>> ax.lines[0].get_xydata()
    array([[0.001, 1.   ],
           [0.002, 0.   ]])
    """
    who = "plot.raster"
    steps, neurons, n, when = spikes_of(who, spikes, probe, time, trial)
    if source.is_recording(spikes) and not is_of_spikes(spikes, probe):
        do = "pass a probe of neurons, net.probe(ensemble.neurons)"
        check.fail(who, "probe", "record spikes", check.show(probe), do)
    order, label = of_rows(who, sort, spikes, steps, neurons, n, when)
    ax = style.axes(who, ax)
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    rows = place[neurons]
    steps, rows = steps[rows >= 0], rows[rows >= 0]
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi / len(order)
    if height < LOWEST_ROW:
        _rates(ax, steps, rows, len(order), when, round(ROW / height))
    else:
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


def _rates(ax: Axes, steps: Order, rows: Order, n: int, when: Array, group: int) -> None:
    """Draw an image of firing rates; each of its rows is the mean of ``group`` neurons."""
    step = when[1] - when[0] if len(when) > 1 else source.STEP
    edges = np.concatenate([[when[0] - step], when])
    width = -(-len(when) // MOST_COLUMNS)
    starts = np.append(np.arange(0, len(when), width), len(when))
    bottoms = np.append(np.arange(0, n, group), n)
    shape = (len(bottoms) - 1, len(starts) - 1)
    cells = (rows // group) * shape[1] + steps // width
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    rates = counts / (np.diff(bottoms)[:, None] * np.diff(edges[starts]))
    picture = ax.pcolormesh(
        edges[starts], bottoms - 0.5, rates, cmap="Greys", vmin=0.0, rasterized=True
    )
    style.colour_bar(ax, picture, "firing rate [Hz]")


def is_of_spikes(recording: Any, probe: Any) -> bool:
    """Whether a probe has recorded spikes: as events, or as rows of few values, as of a node."""
    records = (recording.data if isinstance(recording, Simulator) else recording).kept(probe)
    if isinstance(records, Events) or not records.size:
        return True
    return bool(records.min() >= 0 and len(np.unique(records)) <= MOST_VALUES)


def spikes_of(
    who: str, spikes: Any, probe: Any, time: Any, trial: Any
) -> tuple[Order, Order, int, Array]:
    """Time step and neuron of each spike, the number of neurons, and the times of the steps."""
    events = source.events(who, spikes, probe, time, trial)
    if events is not None:
        return events.steps, events.neurons, events.shape[-1], events.record_times
    is_mask = isinstance(spikes, np.ndarray) and spikes.dtype == np.bool_
    values_or_source = spikes.astype(float) if is_mask else spikes
    values, when = source.records(who, "spikes", values_or_source, probe, time, trial)
    return *np.nonzero(values), values.shape[1], when
