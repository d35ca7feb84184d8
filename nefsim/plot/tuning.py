"""Tuning curves: firing rate against the represented value, in one and two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim import encoding
from nefsim._signatures import explained
from nefsim.lowering.arrays import BuiltEnsemble
from nefsim.network import Ensemble
from nefsim.neurons import Direct
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.plot._order import evenly
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATE = "firing rate [Hz]"

#: Maximum number of curves in a figure.
MOST_CURVES = 100


@explained
def tuning_curves(
    rates: ArrayLike | Simulator,
    x: ArrayLike | None = None,
    ensemble: Ensemble | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the firing rate of each neuron against the represented value.

    .. math:: a_i(x) = G_i[\alpha_i \, e_i \cdot x / radius + J^{bias}_i]

    Colours show the preferred value of each neuron, from the lowest to the highest.  If there
    are more than 100 neurons, 100 of them are drawn, evenly spaced by preferred value; the
    title then names both numbers.

    Parameters
    ----------
    rates : (P, N) array_like [Hz] or Simulator
        Rates at ``x``, a column for each neuron; or a simulator, with ``ensemble``.
    x : (P,) array_like
        Represented values, in any order.  With a simulator, None means values from -radius to
        radius.
    ensemble : Ensemble
        An ensemble, if ``rates`` is a simulator.  In several dimensions x is the distance from
        0 along each neuron's encoder.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each neuron.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or the ensemble has no neurons.

    See Also
    --------
    tuning_surface : Plot one neuron over two dimensions.
    nefsim.tuning_curves : The rates as an array.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> x = np.linspace(-1, 1, 101)
    >>> ax = plot.tuning_curves(100 * np.column_stack([x > 0, x < 0]), x)
    >>> len(ax.lines), ax.get_ylabel()
    (2, 'firing rate [Hz]')
    """
    who, label = "plot.tuning_curves", "represented value $x$"
    if isinstance(rates, Simulator):
        built, neuron = _neurons(who, rates, ensemble, x)
        d = built.encoders.shape[1]
        values = np.linspace(-built.radius, built.radius, 501) if x is None else _line(who, x)
        along = built.encoders if d == 1 else np.ones((len(built.encoders), 1))
        label = label if d == 1 else "represented value along each neuron's encoder"
        curves = encoding.tuning_curves(neuron, values, along, built.gain, built.bias, built.radius)
    else:
        curves = _rates_array(who, rates, ensemble)
        values = _line(who, x, len(curves))
    order = np.argsort(values, kind="stable")
    values, curves = values[order], curves[order]
    n = curves.shape[1]
    ranked = _by_preferred_value(values, curves)
    selection = np.sort(evenly(ranked, MOST_CURVES))
    look = style.line_style(who, line_style, linewidth=1.0)
    ax = style.axes(who, ax)
    lines = dict(zip(selection, ax.plot(values, curves[:, selection], **look), strict=True))
    if "color" not in look:
        by_value = [i for i in ranked if i in lines]
        for colour, i in zip(style.scale(len(by_value)), by_value, strict=True):
            lines[i].set_color(colour)
    if len(lines) < n:
        ax.set_title(f"{len(lines)} of {n} neurons", loc="right", fontsize="small")
    ax.margins(x=0)
    style.finish(ax, label, RATE)
    return ax


def _line(who: str, x: Any, n: int | None = None) -> Any:
    do = "pass the represented values, one for each row of rates"
    values = check.array(who, "x", x, (n,), do)
    if not len(values):
        check.fail(who, "x", "have at least one value", "none", do)
    return values


def _rates_array(who: str, rates: Any, ensemble: Any) -> Any:
    """Check that ``rates`` is an array (P, N)."""
    source.unused(who, "ensemble", ensemble, "an array", "pass a Simulator first")
    if isinstance(rates, (Ensemble, BuiltEnsemble)):
        do = "pass the simulator and ensemble=, as an ensemble has no rates"
        got = f"{type(rates).__name__}"
        check.fail(who, "rates", "be an array (P, N) or a Simulator", got, do, TypeError)
    return source.points(who, "rates", rates)


def _by_preferred_value(x: Any, curves: Any) -> Any:
    """Indices of the neurons, ordered by the mean of x weighted with their rates."""
    weight = np.abs(curves)
    total = weight.sum(axis=0)
    mean = np.divide(x @ weight, total, out=np.zeros(len(total)), where=total > 0)
    return np.argsort(mean, kind="stable")


def _neurons(who: str, simulator: Simulator, ensemble: Any, x: Any) -> Any:
    """The built arrays of an ensemble, and its neuron type."""
    do = source.by_keyword(x)
    if isinstance(x, Ensemble) and do:
        check.fail(who, "x", "be represented values", check.show(x), do, TypeError)
    built = source.built(who, "ensemble", simulator, ensemble, Ensemble)
    if isinstance(ensemble.neuron_type, Direct):
        do = "pass an ensemble of another neuron type"
        check.fail(who, "ensemble", "have neurons", "one in Direct mode", do)
    return built, ensemble.neuron_type


@explained
def tuning_surface(
    rates: ArrayLike | Simulator,
    x: ArrayLike | None = None,
    neuron: int = 0,
    ensemble: Ensemble | None = None,
    square: bool = False,
    ax: Axes | None = None,
) -> Axes:
    r"""Plot the firing rate of one neuron over two represented values, as colours.

    .. math:: a_i(x) = G_i[\alpha_i \, e_i \cdot x / radius + J^{bias}_i], \qquad
              x \in \mathbb{R}^2

    With an ensemble, an arrow points from the centre along the neuron's encoder.

    Parameters
    ----------
    rates : (P, N) array_like [Hz] or Simulator
        Rates at the points ``x``, a column for each neuron; or a simulator, with ``ensemble``.
    x : (P, 2) array_like
        Points of the plane, regular or scattered, not all on a line.  With a simulator, None
        means a grid that fills the disc, or the square, of the ensemble's radius.
    neuron : int
        Index of the neuron, from 0.
    ensemble : Ensemble
        A two-dimensional ensemble, if ``rates`` is a simulator.
    square : bool
        Whether to fill the square around the disc if ``x`` is None.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with one collection of triangles, coloured by rate.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or the ensemble is not of two dimensions.

    See Also
    --------
    tuning_curves : Plot all neurons over one dimension.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim import plot
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(20, 2)
    >>> ax = plot.tuning_surface(nef.Simulator(net), ensemble=a, neuron=3)
    >>> ax.get_title(loc="left")
    'neuron 3'
    """
    who = "plot.tuning_surface"
    fill_square = check.flag(who, "square", square)
    arrow = None
    if isinstance(rates, Simulator):
        built, kind = _neurons(who, rates, ensemble, x)
        if built.encoders.shape[1] != 2:
            got = f"{built.encoders.shape[1]}"
            check.fail(who, "ensemble", "have 2 dimensions", got, "see tuning_curves for others")
        i = _number(who, neuron, len(built.encoders))
        plane = _plane(who, x if x is not None else built.radius * _unit_points(fill_square))
        encoders, gain, bias = (a[[i]] for a in (built.encoders, built.gain, built.bias))
        curve = encoding.tuning_curves(kind, plane, encoders, gain, bias, built.radius)[:, 0]
        arrow = built.encoders[i] * built.radius
    else:
        curves = _rates_array(who, rates, ensemble)
        i = _number(who, neuron, curves.shape[1])
        plane, curve = _plane(who, x, len(curves)), curves[:, i]
    ax = style.axes(who, ax, figsize=(4.6, 3.8))
    image = ax.tripcolor(
        plane[:, 0], plane[:, 1], curve, shading="gouraud", cmap="viridis", rasterized=True
    )
    if arrow is not None:
        _arrow(ax, 0.5 * arrow)
    style.colour_bar(ax, image, RATE)
    ax.margins(0.0 if fill_square else 0.03)
    ax.set_aspect("equal")
    ax.set_title(f"neuron {i}", loc="left", fontsize="medium")
    style.finish(ax, "represented value $x_0$", "represented value $x_1$")
    return ax


def _number(who: str, neuron: Any, n: int) -> int:
    return check.integer(who, "neuron", neuron, "pass the number of a neuron", 0, n - 1)


def _arrow(ax: Axes, tip: Any) -> None:
    """Draw an arrow from the centre, dark with a light rim so that it shows on all colours."""
    from matplotlib.patheffects import withStroke

    pen = {
        "arrowstyle": "-|>",
        "color": style.INK,
        "linewidth": 1.2,
        "shrinkA": 0.0,
        "shrinkB": 0.0,
        "path_effects": [withStroke(linewidth=3.0, foreground="white")],
    }
    ax.annotate("", xy=tip, xytext=(0.0, 0.0), arrowprops=pen)


def _plane(who: str, x: Any, n: int | None = None) -> Any:
    """Check that ``x`` is an array of ``n`` points (P, 2) that are not all on a line."""
    do = "pass points (P, 2), one for each row of rates"
    plane = check.array(who, "x", x, (n, 2), do)
    if len(plane) < 3 or np.linalg.matrix_rank(plane - plane[0]) < 2:
        check.fail(who, "x", "have three points that are not on a line", f"{len(plane)} points", do)
    return plane


def _unit_points(square: bool) -> Any:
    """Points (P, 2) on rings that fill the unit disc, or on a grid over the square -1 to 1.

    They are dense enough that the firing threshold is drawn as a smooth line.
    """
    if square:
        side = np.linspace(-1.0, 1.0, 201)
        return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    radius, angle = np.linspace(0.0, 1.0, 101)[1:], np.linspace(0.0, 2 * np.pi, 401)[:-1]
    rings = np.multiply.outer(radius, np.column_stack([np.cos(angle), np.sin(angle)]))
    return np.concatenate([np.zeros((1, 2)), rings.reshape(-1, 2)])
