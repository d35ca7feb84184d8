"""Figures of runs in real time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.deadlines import Deadlines
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The smallest lateness that is drawn [s]; smaller ones are drawn there.
SMALLEST = 1e-7


@explained
def deadlines(source: Any, ax: Axes | None = None, **line_style: Any) -> Axes:
    """Plot how late the periods of a run in real time began, on logarithmic axes.

    Parameters
    ----------
    source : Simulator or Deadlines
        A simulator after a run in real time, or its ``deadlines``.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the line, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the number of periods in each bin of lateness, and vertical lines at three
        percentiles and at the period.

    Raises
    ------
    TypeError
        If the source is neither of these, or has had no such run.

    See Also
    --------
    nefsim.Simulator.loop : A loop in real time.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> c = net.connect(net.node(0.5), net.ensemble(50, 1))
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.02, realtime=True)
    >>> ax = nef.plot.deadlines(sim)
    >>> ax.get_ylabel()
    'periods'
    """
    who = "plot.deadlines"
    do = "pass a simulator after run(seconds, realtime=True) or loop(), or its deadlines"
    figures = getattr(source, "deadlines", source)
    check.instance(who, "source", figures, Deadlines, "a run in real time", do)
    edges, counts = figures.histogram()
    look = style.line_style(who, line_style, color=style.COLOURS[0], linewidth=1.1)
    ax = style.axes(who, ax)
    if len(counts):
        # The last bin is closed at its right edge, and drawn from the smallest lateness on.
        places = np.clip(edges, SMALLEST, 2 * max(figures.worst, SMALLEST)) * 1e3
        ax.plot(places, [*counts, counts[-1]], drawstyle="steps-post", **look)
    marks = {"p50": figures.p50, "p99": figures.p99, "p99.9": figures.p999}
    marks["period"] = figures.period
    for (name, value), colour in zip(marks.items(), style.COLOURS[1:], strict=False):
        ax.axvline(max(value, SMALLEST) * 1e3, label=name, color=colour, linewidth=0.9)
    ax.set_xscale("log")
    ax.set_yscale("log")
    style.legend(ax)
    style.finish(ax, "lateness at the beginning [ms]", "periods")
    return ax
