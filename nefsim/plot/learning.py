"""Figures of learning: errors over time, weights, STDP curves and confusion matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim import analysis
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.network.objects import TransformLike
from nefsim.plot import _source as source
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: With more classes their numbers of errors are too small to read.
MOST_WRITTEN = 20


@explained
def learning_curve(
    error: source.Recorded,
    window: float = 1.0,
    time: ArrayLike | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot the root mean square of an error in successive windows of time.

    Parameters
    ----------
    error : (T, D) or (T,) array_like, Simulator or Result
        Errors; or a simulator or result, of which ``probe`` is plotted.
    window : float [s]
        Length of the windows.
    time : (T,) array_like or None [s]
        Equidistant times of the rows of an array; None means steps of 1 ms.
    probe : Probe or str
        The probe of the error, or its label, if ``error`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the errors come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the line, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line that has a point at the end of each window.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, ``window`` is out of range, or a probe has no records.

    See Also
    --------
    nefsim.analysis.learning_curve : The same numbers without a figure.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> plot.learning_curve(np.full((2000, 1), 0.5), window=1.0).lines[0].get_ydata().tolist()
    [0.5, 0.5]
    """
    who = "plot.learning_curve"
    values, times = source.records(who, "error", error, probe, time, trial)
    dt = float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else source.STEP
    window = check.seconds(who, "window", window)
    if not dt / 2 < window < dt * (len(values) + 0.5):
        must = f"be from {dt:g} to {len(values) * dt:g} s"
        do = "pass at most the length of the recording"
        check.fail(who, "window", must, f"{window:g} s", do)
    ends, rms = analysis.learning_curve(values, window, dt)
    look = style.line_style(who, line_style, linewidth=1.1, marker="o", markersize=2.5)
    ax = style.axes(who, ax)
    ax.plot(times[0] - dt + ends, rms, **look)
    ax.set_ylim(bottom=0)
    style.finish(ax, "time [s]", "root mean square error")
    return ax


@explained
def weight_histogram(
    weights: TransformLike, bins: int = 50, label: str | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the histogram of the weights of a connection.

    Parameters
    ----------
    weights : array_like or sparse
        Weights of any shape, such as ``sim.data[connection].weights``.
    bins : int
        Number of bins.
    label : str or None
        Label of the horizontal axis, such as quantity and unit; "weight" if None.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the outline of the histogram, and a logarithmic axis of counts.

    Raises
    ------
    ValueError, TypeError
        If there are no weights, one is not finite, or ``bins`` is out of range.

    See Also
    --------
    nefsim.analysis.weight_histogram : The same numbers without a figure.
    weight_matrix : Plot the weights as an image.

    Examples
    --------
    >>> from nefsim import plot
    >>> ax = plot.weight_histogram([[0.5, -0.2], [0.1, 1.0]], bins=4)
    >>> ax.patches[0].get_data().values.tolist()
    [0.0, 1.0, 1.0, 2.0]
    """
    who = "plot.weight_histogram"
    checked = check.label(who, label)
    counts, edges = analysis.weight_histogram(weights, bins)
    ax = style.axes(who, ax)
    ax.stairs(counts, edges, color=style.COLOURS[0], fill=True, alpha=0.8)
    ax.set_yscale("symlog", linthresh=1.0)
    ax.margins(x=0)
    style.finish(ax, "weight" if checked is None else checked, "number of weights")
    return ax


@explained
def stdp_curve(
    delays: ArrayLike,
    changes: ArrayLike,
    fit: bool = True,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    """Plot the change of a weight against the time between a pre- and a postsynaptic spike.

    Parameters
    ----------
    delays : (n,) array_like [s]
        Time of the postsynaptic spike minus the time of the presynaptic spike, in each pair.
    changes : (n,) array_like
        Change of the weight by each pair.
    fit : bool
        Whether to draw an exponential fit for each sign of the delay.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the points, such as ``markersize=4``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with two thin lines at 0, the points, and a line for each exponential: solid for
        delays above 0 and dashed for delays below 0.

    Raises
    ------
    ValueError, TypeError
        If the arrays differ in length, or a side of the curve cannot be fitted.

    See Also
    --------
    nefsim.analysis.stdp_curve : Simulate the changes of a weight.
    nefsim.analysis.stdp_fit : Fit the exponentials.

    Examples
    --------
    >>> from nefsim import analysis, plot
    >>> len(plot.stdp_curve(*analysis.stdp_curve()).lines)
    5
    """
    who = "plot.stdp_curve"
    do = "pass arrays of one length, such as analysis.stdp_curve returns"
    t = check.array(who, "delays", delays, (None,), do)
    w = check.array(who, "changes", changes, t.shape, do)
    if not len(t):
        check.fail(who, "delays", "not be empty", "none", do)
    fitted = analysis.stdp_fit(t, w) if check.flag(who, "fit", fit) else ()
    look = style.line_style(who, line_style, linestyle="", marker="o", markersize=3.0)
    ax = style.axes(who, ax)
    ax.axhline(0.0, color=style.GREY, linewidth=0.6)
    ax.axvline(0.0, color=style.GREY, linewidth=0.6)
    ax.plot(1e3 * t, w, **({"color": style.COLOURS[0]} | look))
    linestyle = ("-", (0, (4, 2)))
    for (a, tau), end, side, dashes in zip(
        fitted, (t.max(), t.min()), "+-", linestyle, strict=False
    ):
        x = np.linspace(0.0, end, 200)
        look = {"color": style.INK, "linewidth": 1.1, "linestyle": dashes}
        label = rf"$\tau_{side}$ = {1e3 * tau:.1f} ms"
        ax.plot(1e3 * x, a * np.exp(-np.abs(x) / tau), label=label, **look)
    if fitted:
        style.legend(ax)
    style.finish(ax, r"$t_{post} - t_{pre}$ [ms]", "change of the weight")
    return ax


@explained
def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, n_classes: int | None = None, ax: Axes | None = None
) -> Axes:
    """Plot how often examples of each true class are predicted as each class.

    Parameters
    ----------
    labels : (P,) array_like of int
        The true classes, from 0.
    predicted : (P,) array_like of int
        The predicted classes.
    n_classes : int or None
        Number of classes; None means the largest label plus 1.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with one image, coloured by the share of the examples of each true class.  For up
        to 20 classes each cell shows its number of examples.

    Raises
    ------
    ValueError, TypeError
        If a label is not a whole number from 0, or the lengths differ.

    See Also
    --------
    nefsim.analysis.confusion_matrix : The same numbers without a figure.

    Examples
    --------
    >>> from nefsim import plot
    >>> ax = plot.confusion_matrix([0, 1, 1, 1], [0, 1, 1, 0])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '2']
    """
    who = "plot.confusion_matrix"
    counts = analysis.confusion_matrix(labels, predicted, n_classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = style.axes(who, ax, figsize=(5.2, 4.2))
    image = ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if len(counts) <= MOST_WRITTEN:
        for i, j in np.argwhere(counts):
            colour = "white" if shares[i, j] > 0.5 else style.INK
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=7)
    style.colour_bar(ax, image, "share of the true class")
    style.whole_numbers(ax.xaxis)
    style.whole_numbers(ax.yaxis)
    style.finish(ax, "class found", "true class")
    return ax
