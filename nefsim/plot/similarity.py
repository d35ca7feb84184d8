"""Figures of semantic pointers: similarities over time, and maps over a plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.spa import Space, Vocabulary
from nefsim.spa import rate_map as mean_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def similarities(
    values: source.Recorded,
    vocabulary: Vocabulary,
    time: ArrayLike | None = None,
    probe: Probe | str | None = None,
    names: Sequence[str] | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the dot products of decoded values with the vectors of names, over time.

    Parameters
    ----------
    values : (T, D) array_like, Simulator or Result
        Decoded values; or a simulator or result, of which ``probe`` is plotted.
    vocabulary : Vocabulary
        The vocabulary.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    probe : Probe or str
        The probe to plot, or its label, if ``values`` is a simulator or result.
    names : sequence of str or None
        Expressions of the vocabulary; None means all names.
    trial : int or None
        Index of the trial to plot, from 0, if ``values`` come from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each name; the legend lists those with the largest similarities.

    Raises
    ------
    ValueError, TypeError
        If the values have other dimensions than the vocabulary, or a name is unknown.

    See Also
    --------
    decoded, similarity_map

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot, spa
    >>> v = spa.Vocabulary(16, seed=1)
    >>> v.populate("CAT; DOG")
    >>> ax = plot.similarities(np.tile(v["CAT"], (100, 1)), v)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['CAT', 'DOG']
    """
    who = "plot.similarities"
    check.instance(who, "vocabulary", vocabulary, Vocabulary, "a vocabulary", "pass one of spa")
    outputs, when = source.records(who, "values", values, probe, time, trial)
    if outputs.shape[1] != vocabulary.dimensions:
        must = f"have {vocabulary.dimensions} columns"
        check.fail(who, "values", must, f"{outputs.shape[1]}", "pass vectors of the vocabulary")
    if isinstance(names, str):
        check.fail(who, "names", "be a list", check.show(names), f"pass [{names!r}]", TypeError)
    listed = [*vocabulary.names] if names is None else [*names]
    if not listed:
        check.fail(who, "names", "hold a name", "none", "populate the vocabulary")
    rows = np.array([vocabulary.vector(who, "names", name) for name in listed])
    similar = outputs @ rows.T
    look = style.line_style(who, line_style, linewidth=1.3)
    ax = style.axes(who, ax)
    largest = np.argsort(-similar.max(axis=0), kind="stable")[: style.MOST_ENTRIES]
    lines = ax.plot(when, similar, **look)
    for i, (line, colour) in enumerate(zip(lines, style.colours(len(listed)), strict=True)):
        line.set_color(look.get("color", colour))
        line.set_label(listed[i] if i in largest else "_")
    style.span_time(ax, when)
    style.legend(ax)
    style.finish(ax, "time [s]", "similarity")
    return ax


@explained
def similarity_map(
    vector: ArrayLike,
    space: Space,
    bounds: tuple[float, float] = (-1.0, 1.0),
    n_samples: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Plot the dot products of a vector with those of all points of a plane.

    Parameters
    ----------
    vector : (D,) array_like
        The vector, such as a decoded value or an encoder.
    space : Space
        A space of two coordinates.
    bounds : pair of float
        Range of both coordinates.
    n_samples : int
        Number of points along each coordinate.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with an image.

    Raises
    ------
    ValueError, TypeError
        If the space has other than two coordinates, or the vector another size.

    See Also
    --------
    similarities, tuning_surface

    Examples
    --------
    >>> from nefsim import plot, spa
    >>> space = spa.HexagonalSSP(2, length_scale=0.3)
    >>> ax = plot.similarity_map(space.encode([0.2, 0.4]), space)
    >>> ax.get_xlabel()
    '$x_0$'
    """
    who = "plot.similarity_map"
    check.instance(who, "space", space, Space, "a space", "pass such as HexagonalSSP(2)")
    if space.frequencies.shape[1] != 2:
        got = f"{space.frequencies.shape[1]}"
        check.fail(who, "space", "have 2 coordinates", got, "pass a space of a plane")
    row = check.array(who, "vector", vector, (space.dimensions,), "pass a vector of the space")
    low, high = check.array(who, "bounds", bounds, (2,))
    if low >= high:
        check.fail(who, "bounds", "be a range", bounds, "pass such as (-1, 1)")
    n = check.integer(who, "n_samples", n_samples, low=2, high=1000)
    axis = np.linspace(low, high, n)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    ax = style.axes(who, ax, figsize=(4.4, 3.6))
    extent = (low, high, low, high)
    image = ax.imshow(space.encode(grid) @ row, origin="lower", extent=extent, cmap="viridis")
    style.colour_bar(ax, image, "similarity")
    style.finish(ax, "$x_0$", "$x_1$")
    return ax


@explained
def rate_map(
    values: ArrayLike,
    positions: ArrayLike,
    bounds: tuple[float, float] = (-1.0, 1.0),
    n_bins: int = 30,
    width: float = 1.0,
    path: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot the mean rate of a neuron at each place of a path in a plane.

    Parameters
    ----------
    values : (T,) array_like [Hz]
        Spikes or rates of the neuron in each step.
    positions : (T, 2) array_like
        The position in each step.
    bounds : pair of float
        Range of both coordinates.
    n_bins : int
        Number of bins along each coordinate.
    width : float
        Standard deviation of the smoothing [bins].
    path : bool
        Whether to draw the path.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with an image.

    Raises
    ------
    ValueError, TypeError
        If sizes do not fit, or an argument is out of range.

    See Also
    --------
    similarity_map, nefsim.spa.rate_map

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> path = np.random.default_rng(0).uniform(-1, 1, (5000, 2))
    >>> ax = plot.rate_map(100.0 * (path[:, 0] > 0), path)
    >>> ax.get_ylabel()
    '$x_1$'
    """
    who = "plot.rate_map"
    row = check.array(who, "values", values, (None,))
    field = mean_rates(row, positions, bounds, n_bins, width)
    shows_path = check.flag(who, "path", path)
    low, high = bounds
    ax = style.axes(who, ax, (4.4, 3.6))
    image = ax.imshow(field, origin="lower", extent=(low, high, low, high), cmap="viridis")
    if shows_path:
        ax.plot(*np.asarray(positions).T, color="white", linewidth=0.4, alpha=0.5)
        ax.set(xlim=(low, high), ylim=(low, high))
    style.colour_bar(ax, image, "rate [Hz]")
    style.finish(ax, "$x_0$", "$x_1$")
    return ax
