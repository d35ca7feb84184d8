"""A bar chart of the sources of error of each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget import Budget
from nefsim.budget.report import PARTS
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Connections that are drawn, those with the largest errors.
MOST = 20


@explained
def error_budget(budget: Any, rmse: float | None = None, ax: Axes | None = None) -> Axes:
    """Plot the parts of each connection's error as bars, with a mark at the measured error.

    Parameters
    ----------
    budget : Budget
        Result of :func:`nefsim.error_budget`.  If it has more than 20 connections, those with
        the largest errors are drawn.
    rmse : float or None
        The desired error, drawn as a dashed line across the axes.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a bar for each part and connection.

    Raises
    ------
    TypeError
        If ``budget`` is not a budget.
    ValueError
        If the budget has no connection, as nothing is decoded in its network.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c, y = net.connect(net.node(np.sin), a), net.probe(a, synapse=0.1, label="y")
    >>> ax = nef.plot.error_budget(nef.error_budget(net, seconds=1.0))
    >>> [label.get_text() for label in ax.get_xticklabels()], len(ax.patches)
    (['y'], 5)
    """
    who = "plot.error_budget"
    do = "pass the result of nefsim.error_budget(net)"
    check.instance(who, "budget", budget, Budget, "an error budget", do)
    if not budget.connections:
        got, do = "one of a network where nothing is decoded", "add a probe"
        check.fail(who, "budget", "have a connection", got, do)
    wanted = None if rmse is None else check.positive(who, "rmse", rmse, "pass an error, or None")
    chosen = sorted(budget.connections, key=lambda c: -c.measured)[:MOST]
    shown = [c for c in budget.connections if c in chosen]
    ax = style.axes(who, ax)
    places, width = np.arange(len(shown)), 0.8 / len(PARTS)
    for i, (part, colour) in enumerate(zip(PARTS, style.COLOURS, strict=False)):
        sizes = [getattr(c, part) for c in shown]
        ax.bar(places - 0.4 + (i + 0.5) * width, sizes, width, color=colour, label=part)
    measured = [c.measured for c in shown]
    ax.hlines(measured, places - 0.4, places + 0.4, color=style.INK, linewidth=1.2, label="all")
    if wanted is not None:
        ax.axhline(wanted, color=style.GREY, linewidth=0.8, linestyle="--", label="wanted")
    ax.set_xticks(places, [c.label for c in shown])
    if len(shown) > 3:
        ax.tick_params(axis="x", labelrotation=30)
    ax.legend(frameon=False, fontsize="small", ncols=2)
    style.finish(ax, "connection or probe", "root mean square error")
    return ax
