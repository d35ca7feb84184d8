"""The weights of a connection as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim.network import Connection, Ensemble
from nefsim.network.objects import whole
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weight_matrix(weights: Any, connection: Any = None, ax: Axes | None = None) -> Axes:
    r"""Connection weights as colours: red excites, blue inhibits, white is none.

    .. math:: \omega_{ji} = \alpha_j \, e_j \cdot d_i

    The scale runs from -m to m, where m is the largest weight in size.

    Parameters
    ----------
    weights : (M, N) array_like or sparse [current / Hz], or Simulator
        A row for each neuron after, a column for each neuron before; or the simulator that
        built ``connection``.
    connection : Connection
        Whose weights to draw, with a simulator only.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With one image.

    Examples
    --------
    >>> from nefsim import plot
    >>> plot.weight_matrix([[0.0, 0.3], [-0.1, 0.2]]).images[0].get_clim()
    (-0.3, 0.3)
    """
    who = "plot.weight_matrix"
    before, after, unit = "neuron", "neuron", "current / Hz"
    if isinstance(weights, Simulator):
        built = source.built(who, "connection", weights, connection, Connection)
        weights = built.weights
        if built.decoders is None:
            before, after, unit = "dimension", "dimension", "1"
        elif not isinstance(whole(connection.post), Ensemble):
            after, unit = "dimension", "value / Hz"
    else:
        source.unused(who, "connection", connection, "an array", "pass a Simulator first")
    dense = weights.toarray() if hasattr(weights, "toarray") else weights
    matrix = check.array(who, "weights", dense, (None, None), "pass a matrix of shape (M, N)")
    if not matrix.size:
        do = "pass at least one row and column"
        check.fail(who, "weights", "not be empty", f"shape {matrix.shape}", do)
    limit = float(np.abs(matrix).max()) or 1.0
    ax = style.axes(who, ax, (5.2, 4.2))
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    style.colour_bar(ax, image, f"weight [{unit}]")
    style.whole_numbers(ax.xaxis)
    style.whole_numbers(ax.yaxis)
    style.finish(ax, f"{before} before (pre)", f"{after} after (post)")
    return ax
