"""Membrane voltages with spikes."""

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

#: Most neurons; more traces could not be read.
MOST = 30


@explained
def voltages(
    values: source.Recorded,
    spikes: source.Probed | None = None,
    time: ArrayLike | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot voltages of neurons, one above the other, with a mark at each spike.

    Parameters
    ----------
    values : (T, N) array_like, Simulator or Result
        Voltages of up to 30 neurons, in units of the threshold; or a simulator or result, of
        which ``probe`` is plotted.
    spikes : (T, N) array_like, Probe or str, or None
        Array that is not 0 at spikes of the same neurons, or a probe of them in the same
        simulator or result.  None draws no marks.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    probe : Probe or str
        The probe of voltages, or its label, if ``values`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the values come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines of voltages, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each neuron, the first at the bottom, and one of marks.

    Raises
    ------
    ValueError, TypeError
        If there are more than 30 neurons, or spikes and voltages do not fit together.

    See Also
    --------
    raster : Spikes of many neurons.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> some = a.neurons[[1, 2, 3]]
    >>> voltage, fired = net.probe(some, "voltage"), net.probe(some)
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.2)
    >>> ax = nef.plot.voltages(sim, spikes=fired, probe=voltage)
    >>> ax.get_ylabel(), len(ax.lines)
    ('neuron', 4)
    """
    who = "plot.voltages"
    traces, when = source.records(who, "values", values, probe, time, trial)
    n = traces.shape[1]
    if n > MOST:
        do = "pass some columns, or probe some neurons as neurons[:5]"
        check.fail(who, "values", f"be of at most {MOST} neurons", f"{n}", do)
    marks = None
    if spikes is not None:
        if source.is_recording(values):
            marks = spikes_of(who, values, spikes, None, trial)
        else:
            marks = spikes_of(who, spikes, None, when, trial)
        if marks[2] != n or len(marks[3]) != len(when):
            got = f"shape {(len(marks[3]), marks[2])}"
            do = "probe both for the same neurons and steps"
            check.fail(who, "spikes", f"have shape {(len(when), n)}", got, do)
    reach = float(np.ptp(traces)) or 1.0
    look = style.line_style(who, line_style, linewidth=0.9, color=style.COLOURS[0])
    ax = style.axes(who, ax)
    height = 1.25 * reach
    for i, trace in enumerate(traces.T):
        ax.plot(when, i + (trace - traces.min()) / height, **look)
    if marks is not None:
        steps, neurons, *_ = marks
        at: dict[str, Any] = {
            "linestyle": "none",
            "marker": "|",
            "markersize": 7,
            "color": style.COLOURS[1],
        }
        ax.plot(when[steps], neurons + 0.9, **at)
    style.span_time(ax, when)
    style.whole_numbers(ax.yaxis)
    ax.set_ylim(-0.15, n + 0.1)
    style.finish(ax, "time [s]", "neuron")
    return ax
