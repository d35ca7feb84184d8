"""The style of all figures: axes, colours, line styles, legends and colour bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.cm import ScalarMappable

#: Blue, vermilion, green, purple, orange, sky: distinct for all kinds of colour vision
#: (Okabe & Ito, 2008, Color universal design).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#9A9A9A"
INK = "#262626"

#: Longest legend: one entry for each of the colours.
MOST_ENTRIES = len(COLOURS)


def axes(who: str, ax: Any, figsize: tuple[float, float] = (6.4, 3.4)) -> Axes:
    """The axes ``ax``, or new axes of a figure of ``figsize`` inches."""
    from matplotlib.axes import Axes

    if ax is not None:
        do = "pass matplotlib axes or None"
        checked: Axes = check.instance(who, "ax", ax, Axes, "axes or None", do)
        return checked
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout="constrained")[1]


def finish(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Label the axes and make their spines and ticks thin."""
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    for side, spine in ax.spines.items():
        spine.set_linewidth(0.6)
        spine.set_visible(side in ("left", "bottom"))
    ax.tick_params(which="both", width=0.6)


def span_time(ax: Axes, time: NDArray[np.float64]) -> None:
    """Extend the time axis to the start of the first step and to the last time."""
    step = time[1] - time[0] if len(time) > 1 else 0.0
    ax.update_datalim([(time[0] - step, 0.0), (time[-1], 0.0)], updatey=False)
    ax.margins(x=0)


def whole_numbers(axis: Axis) -> None:
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 5, 10], integer=True))


def colours(n: int) -> list[Any]:
    """Colours of ``n`` lines: distinct colours for few lines, a colour scale for many."""
    return list(COLOURS[:n]) if n <= MOST_ENTRIES else scale(n)


def scale(n: int) -> list[Any]:
    """``n`` colours of a scale from dark violet to green; yellow is left out, as it is pale."""
    from matplotlib import colormaps

    colours = colormaps["viridis"]  # a new copy at each look
    return [colours(0.85 * i / max(n - 1, 1)) for i in range(n)]


def line_style(who: str, style: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """Default properties of lines, updated by checked ones of the user, by full names."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    try:
        full = normalize_kwargs(style, Line2D)
        Line2D([], [], **full)
    except (AttributeError, TypeError, ValueError) as error:
        do = "pass such as color='black', linewidth=2"
        got = f"{check.show(style)} ({error})"
        check.fail(who, "line_style", "be properties of matplotlib lines", got, do)
    return defaults | full


def legend(ax: Axes) -> None:
    """Add a legend above the axes on the right, where it covers no data."""
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=MOST_ENTRIES,
        frameon=False,
        borderaxespad=0.2,
        columnspacing=1.4,
        handlelength=1.6,
        markerscale=2.0,
    )


def colour_bar(ax: Axes, image: ScalarMappable, label: str) -> None:
    """Add a thin colour bar next to the axes."""
    figure = ax.get_figure()
    assert figure is not None
    bar = figure.colorbar(image, ax=ax, label=label, aspect=30, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(width=0.6)
