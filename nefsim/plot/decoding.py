"""What a population says: its decoded value over time, and how far that is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
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


def decoded(
    values: Any,
    time: Any = None,
    ideal: Any = None,
    input: Any = None,
    probe: Any = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""The decoded value over time, beside what it should be and what went in.

    .. math:: \hat x(t) = \sum_i d_i \, (h * \delta_i)(t)

    Parameters
    ----------
    values : (T, D) or (T,) array_like, Simulator or Result
        Decoded values; or what recorded them with ``probe``.
    time : (T,) array_like [s]
        Times of the rows; None counts steps of 1 ms.
    ideal : (T, D) or (T,) array_like, function, Probe or str
        What the values should be: an array, a probe or label of the recording, or a function
        of what went in, such as ``np.square``, with ``input``.
    input : (T, K) or (T,) array_like, Probe or str
        What went in: an array, or a probe or label of the recording.
    probe : Probe or str
        A probe, or its label, with a simulator or result only.
    trial : int or None
        Which trial of a batch, from 0.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a new figure.
    **line_style
        Properties of the lines of the output, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        With lines for the input, the output and the ideal, in this order.  A probe's label
        names its lines, and what it records the axis; of more than six lines the first and
        the last are named.

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
    inputs = _beside(who, "input", values, input, trial, len(outputs))
    if callable(ideal):
        ideal = _function(who, ideal, inputs, outputs.shape[1])
    ideals = _beside(who, "ideal", values, ideal, trial, len(outputs))
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
    base, along = _said(values, probe)
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


def _said(values: Any, probe: Any) -> tuple[str, str]:
    """What the legend and the axis call the values."""
    if not source.is_recording(values):
        return "output", "decoded value"
    if isinstance(probe, Probe):
        return names.name(probe) or "output", names.quantity(probe)
    return probe, "value"  # a result keeps labels, and not what was recorded


def _function(who: str, function: Any, inputs: Array | None, n: int) -> Array:
    """A function of what went in, at each row."""
    if inputs is None:
        do = "pass input= too, of which it is a function, or its values as an array"
        check.fail(who, "ideal", "be values without input", check.show(function), do)
    check.function(who, "ideal", function)
    size = n if is_elementwise(function) else result_size(who, "ideal", function, inputs[0])
    return values_at(who, function, inputs, size)


def _label(lines: list[Any], labels: list[str]) -> None:
    """Labels of the first lines; the rest stay out of the legend."""
    for i, line in enumerate(lines):
        line.set_label(labels[i] if i < len(labels) else "_")


def _beside(who: str, argument: str, values: Any, given: Any, trial: Any, n: int) -> Array | None:
    """An array, or a probe of the recording, with as many rows as the values."""
    if given is None:
        return None
    if isinstance(given, (Probe, str)) and source.is_recording(values):
        records = source.recorded(who, argument, values, given)
        checked = source.of_one_trial(who, argument, records, trial)
        if len(checked) != n:
            do = "record both with the same sample_every"
            check.fail(who, argument, f"have {n} rows", str(len(checked)), do)
        return checked
    return source.points(who, argument, given, n)


def decoding_error(
    x: Any,
    x_hat: Any = None,
    target: Any = None,
    connection: Any = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""How far the decoded value is off, over the range of values.

    .. math:: \hat x - x \text{ against } x, \qquad
              rmse = \sqrt{\langle (\hat x - x)^2 \rangle}

    Parameters
    ----------
    x : (P, D) or (P,) array_like or Simulator
        Represented values, in any order; or the simulator that built ``connection``.
    x_hat : (P, D_out) or (P,) array_like
        Decoded values at ``x``.
    target : (P, D_out) or (P,) array_like
        What they should be when that is not x itself, such as ``x**2``.  ``x`` then has one
        column, or as many as the target.
    connection : Connection
        Whose decoders to judge at their evaluation points, with a simulator only: the
        rates times the decoders, less the function, both through the transform.  When the
        ensemble has several dimensions the error is drawn against the function's values.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        With a line for each dimension (points where x has several), and the rmse as title.

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
        values, wanted, estimate, along = _of_connection(who, x, connection)
    else:
        source.unused(who, "connection", connection, "arrays", "pass a Simulator first")
        values, along = source.points(who, "x", x), VALUE
        estimate = source.points(who, "x_hat", x_hat, len(values))
        wanted = values if target is None else source.points(who, "target", target, len(values))
    if estimate.shape != wanted.shape:
        name = "x" if target is None else "target"
        got = f"shapes {estimate.shape} and {wanted.shape}"
        check.fail(who, "x_hat", f"have the columns of {name}", got, "pass target=f(x) if need be")
    if values.shape[1] not in (1, wanted.shape[1]):
        got = f"{values.shape[1]}"
        check.fail(who, "x", f"have 1 or {wanted.shape[1]} columns", got, "pass target as x too")
    return _draw_error(who, ax, values, wanted, estimate, along, line_style)


def _of_connection(
    who: str, simulator: Simulator, connection: Any
) -> tuple[Array, Array, Array, str]:
    """Points or function values (P, D), function values and decoded values (P, D_out), a label.

    The label says what the first are.
    """
    built = source.built(who, "connection", simulator, connection, Connection)
    if built.decoders is None:
        do = "pass a connection that decodes from an ensemble"
        check.fail(who, "connection", "have decoders", repr(connection), do)
    at = decoded_points(simulator, connection)
    points, wanted, estimate = at.points, at.targets, at.decoded
    if points.shape[1] == 1:
        return points, wanted, estimate, VALUE
    chosen = indices(connection.pre)
    seen = points if chosen is None else points[:, list(chosen)]
    return wanted, wanted, estimate, VALUE if np.array_equal(seen, wanted) else FUNCTION


def _draw_error(
    who: str,
    ax: Axes | None,
    x: Array,
    wanted: Array,
    estimate: Array,
    along: str,
    line_style: dict[str, Any],
) -> Axes:
    error, several = estimate - wanted, x.shape[1] > 1
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
    is_value = along == VALUE and np.array_equal(x, wanted)
    error_of = r"$\hat{x} - x$" if is_value else r"$\hat{f}(x) - f(x)$"
    style.finish(ax, along, f"decoding error {error_of}")
    return ax
