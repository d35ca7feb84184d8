"""Trajectories: two or three dimensions of a value against one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def phase(
    values: source.Recorded,
    time: ArrayLike | None = None,
    dimensions: Sequence[int] = (0, 1),
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot the trajectory of a value in two or three of its dimensions.

    Parameters
    ----------
    values : (T, D) array_like, Simulator or Result
        Values; or a simulator or result, of which ``probe`` is plotted.
    time : (T,) array_like [s]
        Times of the rows of an array, which are checked.
    dimensions : sequence of int
        The two or three dimensions to plot.
    probe : Probe or str
        The probe to plot, or its label, if ``values`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if ``values`` come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on, of three dimensions for three; None makes a new figure.
    **line_style
        Properties of the line, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line, and a mark at its end.

    Raises
    ------
    ValueError, TypeError
        If the values have fewer dimensions, or the axes another number of them.

    See Also
    --------
    decoded : Values over time.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> t = np.linspace(0, 6, 100)
    >>> ax = plot.phase(np.column_stack([np.cos(t), np.sin(t)]))
    >>> ax.get_xlabel(), len(ax.lines)
    ('$x_0$', 2)
    """
    who = "plot.phase"
    outputs, _ = source.records(who, "values", values, probe, time, trial)
    n = outputs.shape[1]
    do = f"pass two or three numbers below {n}" if n > 1 else "pass values of two dimensions"
    chosen = check.array(who, "dimensions", dimensions, (None,), do, low=0, high=n - 1)
    if len(chosen) not in (2, 3) or (chosen % 1).any():
        got = check.show(dimensions)
        check.fail(who, "dimensions", "be two or three whole numbers", got, do)
    columns = outputs[:, chosen.astype(int)].T
    look = style.line_style(who, line_style, linewidth=1.0, color=style.COLOURS[0])
    drawn: Any = _axes(who, ax, len(chosen))
    drawn.plot(*columns, **look)
    end = {"marker": "o", "markersize": 5, "color": style.COLOURS[1], "linestyle": "none"}
    drawn.plot(*(column[-1:] for column in columns), **end)
    names = [f"$x_{{{int(i)}}}$" if i > 9 else f"$x_{int(i)}$" for i in chosen]
    if len(chosen) == 2:
        drawn.set_aspect("equal", adjustable="datalim")
        style.finish(drawn, *names)
    else:
        drawn.set(xlabel=names[0], ylabel=names[1], zlabel=names[2])
    return drawn


def _axes(who: str, ax: Any, n: int) -> Any:
    """The axes to draw on, which have three dimensions for three."""
    if n == 2 or ax is not None:
        drawn: Any = style.axes(who, ax, figsize=(4.2, 4.0))
        if (n == 3) != hasattr(drawn, "set_zlabel"):
            do = 'pass axes with projection="3d" for three dimensions, or None'
            check.fail(who, "ax", f"have {n} dimensions", "others", do)
        return drawn
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(4.6, 4.2), subplot_kw={"projection": "3d"})[1]
