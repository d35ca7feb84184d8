"""Plot the weights of a connection as an image, or over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.lowering.arrays import BuiltConnection, times
from nefsim.network import Connection, Neurons, Probe
from nefsim.network.objects import TransformLike, whole
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes


NEURON, DIMENSION = "neuron", "dimension"


@explained
def weight_matrix(
    weights: TransformLike | Simulator,
    connection: Connection | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Plot connection weights as colours: red is positive, blue negative, white 0.

    .. math:: \omega_{ji} = \alpha_j \, e_j \cdot d_i

    The colour scale is from -m to m, where m is the largest absolute weight.

    Parameters
    ----------
    weights : (M, N) array_like or sparse [current / Hz], or Simulator
        Weights, with a row for each postsynaptic and a column for each presynaptic neuron; or a
        simulator, with ``connection``.
    connection : Connection
        The connection, if ``weights`` is a simulator.  Where it starts or ends in a node, rows
        or columns are dimensions instead of neurons.
    label : str or None
        Label of the colour bar; None means "weight" and its unit.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with one image.

    Raises
    ------
    ValueError, TypeError
        If ``weights`` is not a finite matrix, or the connection is not of the simulator.

    See Also
    --------
    weight_histogram : Plot the distribution of the weights.
    nefsim.connection_weights : Compute weights from decoders and encoders.

    Examples
    --------
    >>> from nefsim import plot
    >>> plot.weight_matrix([[0.0, 0.3], [-0.1, 0.2]]).images[0].get_clim()
    (-0.3, 0.3)
    """
    who = "plot.weight_matrix"
    before = after = NEURON
    if isinstance(weights, Simulator):
        source.unused(who, "label", label, "a simulator", "leave it out")
        built = source.built(who, "connection", weights, connection, Connection)
        assert connection is not None
        before, after = _sides(connection, built)
        weights = built.weights
        if np.ndim(weights) < 2:
            weights = times(weights, np.eye(connection.size_mid))
    else:
        source.unused(who, "connection", connection, "an array", "pass a Simulator first")
    checked = check.label(who, label)
    text = _label(before, after) if checked is None else checked
    dense = weights.toarray() if hasattr(weights, "toarray") else weights
    matrix = check.array(who, "weights", dense, (None, None), "pass a matrix of shape (M, N)")
    if not matrix.size:
        do = "pass at least one row and column"
        check.fail(who, "weights", "not be empty", f"shape {matrix.shape}", do)
    limit = float(np.abs(matrix).max()) or 1.0
    ax = style.axes(who, ax, figsize=(5.2, 4.2))
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    style.colour_bar(ax, image, text)
    style.whole_numbers(ax.xaxis)
    style.whole_numbers(ax.yaxis)
    style.finish(ax, _axis("presynaptic", before), _axis("postsynaptic", after))
    return ax


def _sides(connection: Connection, built: BuiltConnection) -> tuple[str, str]:
    """Labels of the axes: neurons or dimensions of the source and of the target."""
    decodes = built.eval_points is not None
    from_neurons, to_neurons = (
        isinstance(whole(end), Neurons) for end in (connection.pre, connection.post)
    )
    # Encoders are part of the weights only where decoders are.
    encodes = decodes and built.post is not None
    before = NEURON if decodes or from_neurons else DIMENSION
    return before, NEURON if encodes or to_neurons else DIMENSION


def _axis(side: str, kind: str) -> str:
    return f"{side} {NEURON}" if kind == NEURON else DIMENSION


def _label(before: str, after: str) -> str:
    """The label of the colour bar: "weight" with its unit."""
    arrives, sent = "current" if after == NEURON else "value", "Hz" if before == NEURON else "value"
    return f"weight [{'1' if arrives == sent else f'{arrives} / {sent}'}]"


@explained
def weights_over_time(
    values: source.Recorded,
    time: ArrayLike | None = None,
    most: int = 30,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot weights over time, those that change most.

    Parameters
    ----------
    values : (T, K) or (T, M, N) array_like, Simulator or Result
        Weights; or a simulator or result, of which ``probe`` is plotted.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    most : int
        Largest number of weights to plot.
    probe : Probe or str
        The probe of weights, or its label, if ``values`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the values come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each weight; the title has the number of those left out.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or ``most`` is not above 0.

    See Also
    --------
    weight_matrix, weight_histogram

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> ax = plot.weights_over_time(np.outer(np.arange(10), [0.0, 1.0, -2.0]), most=2)
    >>> ax.get_title(), len(ax.lines)
    ('2 of 3 weights', 2)
    """
    who = "plot.weights_over_time"
    n_most = check.integer(who, "most", most, "pass a number of weights", 1, 10_000)
    given: Any = values
    if not source.is_recording(given) and np.ndim(given) == 3 and trial is None:
        given = np.reshape(given, (len(given), -1))
    rows, when = source.records(who, "values", given, probe, time, trial)
    n = rows.shape[1]
    chosen = np.sort(np.argsort(-np.ptp(rows, axis=0), kind="stable")[:n_most])
    look = style.line_style(who, line_style, linewidth=0.8)
    ax = style.axes(who, ax)
    lines = ax.plot(when, rows[:, chosen], **look)
    for line, colour in zip(lines, style.scale(len(chosen)), strict=True):
        line.set_color(look.get("color", colour))
    if len(chosen) < n:
        ax.set_title(f"{len(chosen)} of {n} weights", fontsize="medium")
    style.span_time(ax, when)
    style.finish(ax, "time [s]", "weight")
    return ax
