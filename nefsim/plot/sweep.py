"""Figures of sweeps: the mean of a value over seeds against a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.plot import _style as style
from nefsim.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def sweep(
    source: Sweep | Mapping[str, Any],
    x: str,
    y: str,
    by: str | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot the mean of a value against a parameter, with its standard error over all other rows.

    Parameters
    ----------
    source : Sweep, DataFrame or dict of str to array_like
        A sweep, or its columns.
    x : str
        The parameter on the horizontal axis.
    y : str
        The value on the vertical axis.
    by : str or None
        A parameter with a line for each of its values.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line of means for each value of ``by``, and a bar of one standard error to
        each side of points with several rows.

    Raises
    ------
    ValueError, TypeError
        If a column is missing or contains other things than numbers.

    See Also
    --------
    nefsim.sweep : Runs a sweep.

    Examples
    --------
    >>> from nefsim import plot
    >>> columns = {"n": [50, 50, 100, 100], "rmse": [0.2, 0.4, 0.1, 0.1]}
    >>> plot.sweep(columns, "n", "rmse").lines[0].get_ydata().round(3).tolist()
    [0.3, 0.1]
    """
    who = "plot.sweep"
    columns = source.columns() if isinstance(source, Sweep) else source
    horizontal, vertical = (_numbers(who, columns, *each) for each in (("x", x), ("y", y)))
    if len(horizontal) != len(vertical):
        got = f"{len(horizontal)} and {len(vertical)}"
        check.fail(who, "columns", "have equal lengths", got, "pass the columns of a sweep")
    groups = [None] * len(horizontal) if by is None else [*_column(who, columns, "by", by)]
    names = [*dict.fromkeys(map(str, groups))]
    labels = np.array([*map(str, groups)])
    look = style.line_style(who, line_style, linewidth=1.1, marker="o", markersize=3.0)
    ax = style.axes(who, ax)
    for name, colour in zip(names, style.colours(len(names)), strict=True):
        rows = labels == name
        places, means, errors = _means(horizontal[rows], vertical[rows])
        properties = {"color": colour, **look}
        ax.plot(places, means, label=None if by is None else f"{by} = {name}", **properties)
        ax.vlines(places, means - errors, means + errors, color=properties["color"], linewidth=0.9)
    if by is not None:
        style.legend(ax)
    style.finish(ax, x, y)
    return ax


def _column(who: str, columns: Any, argument: str, name: str) -> Any:
    check.instance(who, argument, name, str, "a name", "pass the name of a column")
    try:
        return columns[name]
    except (KeyError, TypeError, IndexError):
        listed = check.show([*columns]) if isinstance(columns, Mapping) else "such columns"
        got = f"{name!r}, which is none of {listed}"
        check.fail(who, argument, "be the name of a column", got, "pass a sweep and such a name")


def _numbers(who: str, columns: Any, argument: str, name: str) -> NDArray[np.float64]:
    do = "pass the name of a column of numbers"
    values = _column(who, columns, argument, name)
    try:
        # Not a number where a result has none; such rows are left out of the mean.
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if numbers.ndim != 1 or not len(numbers):
        check.fail(who, argument, "name a column of numbers", f"{name!r}", do)
    return numbers


def _means(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values of x in order, the mean of y at each, and its standard error, 0 of a single y."""
    finite = np.isfinite(x) & np.isfinite(y)
    places, which = np.unique(x[finite], return_inverse=True)
    means, errors = np.zeros(len(places)), np.zeros(len(places))
    for i in range(len(places)):
        values = y[finite][which == i]
        means[i] = values.mean()
        if len(values) > 1:
            errors[i] = values.std(ddof=1) / np.sqrt(len(values))
    return places, means, errors
