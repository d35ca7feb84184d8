"""Figures of decoded values over time, and of decoding errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget import decoded_points
from nefsim.network import Connection, Probe
from nefsim.network.functions import is_elementwise, result_size, values_at
from nefsim.network.objects import indices
from nefsim.plot import _names as names
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

VALUE, FUNCTION = "represented value $x$", "$f(x)$"


@explained
def decoded(
    values: source.Recorded,
    time: ArrayLike | None = None,
    ideal: source.Ideal | None = None,
    input: source.Probed | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the decoded value over time, with the ideal value and the input.

    .. math:: \hat x(t) = \sum_i d_i \, (h * \delta_i)(t)

    Parameters
    ----------
    values : (T, D) or (T,) array_like, Simulator or Result
        Decoded values; or a simulator or result, of which ``probe`` is plotted.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    ideal : (T, D) or (T,) array_like, function, Probe or str
        Ideal values: an array, a probe of the same simulator or result (or its label), or a
        function of ``input``, such as ``np.square``.
    input : (T, K) or (T,) array_like, Probe or str
        Input values: an array, or a probe of the same simulator or result (or its label).
    probe : Probe or str
        The probe to plot, or its label, if ``values`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if ``values`` come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines of the output, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with lines for the input, the decoded value and the ideal value, in this order.
        With more than six lines, the legend lists only the first and the last.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or a probe has no records or is not in the simulator or
        result.

    See Also
    --------
    decoding_error : The error over the range of values.
    raster : The spikes.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> t = np.linspace(0.001, 1, 1000)
    >>> ax = plot.decoded(np.sin(t) + 0.1, t, ideal=np.sin(t))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['output', 'ideal']
    """
    who = "plot.decoded"
    outputs, when = source.records(who, "values", values, probe, time, trial)
    inputs = _companion(who, "input", values, input, trial, len(outputs))
    if callable(ideal):
        ideal = _function(who, ideal, inputs, outputs.shape[1])
    ideals = _companion(who, "ideal", values, ideal, trial, len(outputs))
    if ideals is not None and ideals.shape != outputs.shape:
        got = f"{ideals.shape[1]}"
        check.fail(who, "ideal", f"have {outputs.shape[1]} columns", got, "match the values")
    look = style.line_style(who, line_style, linewidth=1.3)
    ax = style.axes(who, ax)
    if inputs is not None:
        _label(ax.plot(when, inputs, color=style.GREY, linewidth=1.0), ["input"])
    n = outputs.shape[1]
    lines = ax.plot(when, outputs, **look)
    for line, colour in zip(lines, style.colours(n), strict=True):
        line.set_color(look.get("color", colour))
    base, along = _labels_of(values, probe)
    each = [base] if n == 1 else [f"{base} {d}" for d in range(n)]
    if n > style.MOST_ENTRIES:
        each[1:-1] = ["_"] * (n - 2)
    _label(lines, [look["label"]] if "label" in look else each)
    if ideals is not None:
        dashes: dict[str, Any] = {"color": style.INK, "linewidth": 1.0, "linestyle": (0, (4, 2))}
        _label(ax.plot(when, ideals, **dashes), ["ideal"])
    style.span_time(ax, when)
    style.legend(ax)
    style.finish(ax, "time [s]", along)
    return ax


def _labels_of(values: Any, probe: Any) -> tuple[str, str]:
    """Labels of the decoded values, for the legend and for the axis."""
    if not source.is_recording(values):
        return "output", "decoded value"
    if isinstance(probe, Probe):
        return names.name(probe) or "output", names.quantity(probe)
    return probe, "value"  # a result stores labels of probes, and not their quantities


def _function(who: str, function: Any, inputs: Array | None, n: int) -> Array:
    """Values of a function at each row of the input."""
    if inputs is None:
        do = "pass input= as its argument, or its values as an array"
        check.fail(who, "ideal", "be values without input", check.show(function), do)
    check.function(who, "ideal", function)
    size = n if is_elementwise(function) else result_size(who, "ideal", function, inputs[0])
    return values_at(who, function, inputs, size)


def _label(lines: list[Any], labels: list[str]) -> None:
    """Label lines for the legend; lines without a label of ``label`` do not appear in it."""
    for i, line in enumerate(lines):
        line.set_label(labels[i] if i < len(labels) else "_")


def _companion(who: str, argument: str, values: Any, data: Any, trial: Any, n: int) -> Array | None:
    """Get the ideal or input values from an array or a probe, with as many rows as ``values``."""
    if data is None:
        return None
    if isinstance(data, (Probe, str)) and source.is_recording(values):
        records = source.recorded(who, argument, values, data)
        checked = source.of_one_trial(who, argument, records, trial)
        if len(checked) != n:
            do = "record both with the same sample_every"
            check.fail(who, argument, f"have {n} rows", str(len(checked)), do)
        return checked
    return source.points(who, argument, data, n)


@explained
def decoding_error(
    x: ArrayLike | Simulator,
    x_hat: ArrayLike | None = None,
    target: ArrayLike | None = None,
    connection: Connection | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the decoding error against the represented value.

    .. math:: \hat x - x \text{ against } x, \qquad
              rmse = \sqrt{\langle (\hat x - x)^2 \rangle}

    Parameters
    ----------
    x : (P, D) or (P,) array_like or Simulator
        Represented values, in any order; or a simulator, with ``connection``.
    x_hat : (P, D_out) or (P,) array_like
        Decoded values at ``x``.
    target : (P, D_out) or (P,) array_like
        Ideal values if they are not x, such as ``x**2``.  ``x`` then has one column, or as many
        as the target.
    connection : Connection
        A connection from an ensemble, if ``x`` is a simulator.  The figure shows the error of
        its decoders, after the transform, at their evaluation points.  If the ensemble has
        several dimensions, the horizontal axis shows the value of the function.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each decoded dimension, or points if x has several dimensions.  The
        title is the rmse.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, or the connection has no decoders.

    See Also
    --------
    decoded : Plot decoded values over time.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> x = np.linspace(-1, 1, 100)
    >>> plot.decoding_error(x, x + 0.01).get_title(loc="left")
    'rmse 0.01'
    """
    who = "plot.decoding_error"
    if isinstance(x, Simulator):
        source.unused(who, "x_hat", x_hat, "a simulator", "pass connection= alone")
        source.unused(who, "target", target, "a simulator", "pass connection= alone")
        values, ideal, estimate, along = _of_connection(who, x, connection)
    else:
        source.unused(who, "connection", connection, "arrays", "pass a Simulator first")
        values, along = source.points(who, "x", x), VALUE
        estimate = source.points(who, "x_hat", x_hat, len(values))
        ideal = values if target is None else source.points(who, "target", target, len(values))
    if estimate.shape != ideal.shape:
        name = "x" if target is None else "target"
        got = f"shapes {estimate.shape} and {ideal.shape}"
        check.fail(
            who,
            "x_hat",
            f"have the columns of {name}",
            got,
            "pass target=f(x) for another function",
        )
    if values.shape[1] not in (1, ideal.shape[1]):
        got = f"{values.shape[1]}"
        check.fail(who, "x", f"have 1 or {ideal.shape[1]} columns", got, "pass target as x too")
    return _draw_error(who, ax, values, ideal, estimate, along, line_style)


def _of_connection(
    who: str, simulator: Simulator, connection: Any
) -> tuple[Array, Array, Array, str]:
    """Values for the axes of :func:`decoding_error`, and the label of the horizontal axis.

    The horizontal axis shows evaluation points (P, D) or values of the function; the ideal and
    the decoded values are (P, D_out).
    """
    built = source.built(who, "connection", simulator, connection, Connection)
    if built.decoders is None:
        do = "pass a connection that decodes from an ensemble"
        check.fail(who, "connection", "have decoders", repr(connection), do)
    at = decoded_points(simulator, connection)
    points, ideal, estimate = at.points, at.targets, at.decoded
    if points.shape[1] == 1:
        return points, ideal, estimate, VALUE
    dimensions = indices(connection.pre)
    inputs = points if dimensions is None else points[:, list(dimensions)]
    return ideal, ideal, estimate, VALUE if np.array_equal(inputs, ideal) else FUNCTION


def _draw_error(
    who: str,
    ax: Axes | None,
    x: Array,
    ideal: Array,
    estimate: Array,
    along: str,
    line_style: dict[str, Any],
) -> Axes:
    error, several = estimate - ideal, x.shape[1] > 1
    points = {"linestyle": "none", "marker": ".", "markersize": 3.5, "markeredgewidth": 0.0}
    look = style.line_style(who, line_style, **(points if several else {"linewidth": 1.3}))
    ax = style.axes(who, ax)
    ax.axhline(0.0, color=style.GREY, linewidth=0.6, label="_")
    n = error.shape[1]
    for d, colour in enumerate(style.colours(n)):
        column = x[:, d if several else 0]
        order = np.argsort(column, kind="stable")
        own = {"color": colour, "label": f"dimension {d}"}
        ax.plot(column[order], error[order, d], **(own | look))
    ax.margins(x=0.02 if several else 0.0)
    ax.set_title(f"rmse {np.sqrt(np.mean(error**2)):.3g}", loc="left", fontsize="medium")
    if 1 < n <= style.MOST_ENTRIES:
        style.legend(ax)
    is_value = along == VALUE and np.array_equal(x, ideal)
    error_of = r"$\hat{x} - x$" if is_value else r"$\hat{f}(x) - f(x)$"
    style.finish(ax, along, f"decoding error {error_of}")
    return ax
