"""Plots of a page, which grow with the run: lines of values and rasters of spikes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nefsim.view.painting import Plot, extent
from nefsim.view.taps import Piece, part_of

if TYPE_CHECKING:
    from nefsim.spa import Vocabulary

Array = NDArray[np.float64]

#: Most columns of a raster; several spikes of a neuron in one column make a darker mark.
MOST_COLUMNS = 400

#: Most rows of a line in the window; of more, the extremes of groups are drawn.
MOST_ROWS = 900

#: Most names of a plot of similarities.
MOST_NAMES = 100


def inert(label: str) -> str:
    r"""Change a label such that Bokeh does not show it as TeX.

    A character of zero width is inserted into the signs that begin a formula, ``$$``, ``\(``,
    ``\[`` and ``\begin``.
    """
    return label.replace("$", "$\u2060").replace("\\", "\\\u2060")


def thinned(times: Array, rows: Array, most: int) -> tuple[Array, Array]:
    """About ``most`` rows with the extremes of many (n, k), for plots of fewer pixels.

    Of each group of rows two remain, with the least and the largest value of each column in
    their order.

    >>> import numpy as np
    >>> times, rows = thinned(np.arange(8.0), np.array([[0, 9, 1, 2, 3, -5, 4, 0.0]]).T, 4)
    >>> times.tolist(), rows[:, 0].tolist()
    ([0.0, 3.0, 4.0, 7.0], [0.0, 9.0, -5.0, 4.0])
    """
    n = len(times)
    size = -(-2 * n // max(most, 2))
    if n <= most or size < 3:
        return times, rows
    starts = np.arange(0, n, size)
    ends = np.minimum(starts + size, n) - 1
    low = np.minimum.reduceat(rows, starts, axis=0)
    high = np.maximum.reduceat(rows, starts, axis=0)
    rises = np.empty(low.shape, bool)
    for i, (start, end) in enumerate(zip(starts, ends + 1, strict=True)):
        part = rows[start:end]
        rises[i] = part.argmin(axis=0) <= part.argmax(axis=0)
    few = np.empty((2 * len(starts), rows.shape[1]))
    few[::2], few[1::2] = np.where(rises, low, high), np.where(rises, high, low)
    return np.column_stack([times[starts], times[ends]]).ravel(), few


def plot_of(piece: Piece, window: float) -> OverTime:
    """Make a plot for the records of a probe: lines or a raster."""
    return Lines(piece, window) if piece.neurons is None else Raster(piece, window)


class OverTime(Plot):
    """A plot of the last seconds of the records of a probe.

    Parameters
    ----------
    kind : {"lines", "marks"}
        The way in which the painter draws it.
    piece : Piece
        Records of the probe so far.
    window : float [s]
        Length of the time axis.
    y_label : str
        Label of the vertical axis.
    each : str
        The plural of the part that has a line or a row.
    names : sequence of str
        Names of the lines.
    """

    def __init__(
        self,
        kind: str,
        piece: Piece,
        window: float,
        y_label: str,
        each: str,
        names: Sequence[str] = (),
    ) -> None:
        part = "" if piece.shown == piece.total else f" ({piece.shown} of {piece.total} {each})"
        super().__init__(kind, f"{piece.label}{part}", "time [s]", y_label, names)
        self.window = window
        self.x = (0.0, window)

    def add(self, piece: Piece, now: float) -> None:
        self._show_until(now)
        self._draw(piece, now, is_new=False)

    def replace(self, piece: Piece, now: float) -> None:
        self._show_until(now)
        self._draw(piece, now, is_new=True)

    def _show_until(self, now: float) -> None:
        """Move the time axis."""
        end = max(now, self.window)
        self.x = (end - self.window, end)

    @abstractmethod
    def _draw(self, piece: Piece, now: float, is_new: bool) -> None:
        """Draw new data."""

    @abstractmethod
    def _empty(self) -> None:
        """Forget all data."""


class Lines(OverTime):
    """A line for each column of values.

    Parameters
    ----------
    piece : Piece
        Records of the probe so far.
    window : float [s]
        Length of the time axis.
    names : sequence of str
        Names of the columns.
    retains : bool
        Whether the browser retains rows that have left the window.
    each : str
        The plural of the part that has a line.
    """

    low: float
    high: float
    is_first: bool

    def __init__(
        self,
        piece: Piece,
        window: float,
        names: Sequence[str] = (),
        retains: bool = False,
        each: str = "columns",
    ) -> None:
        names = [*names] or [f"x{i}" for i in range(piece.shown)]
        super().__init__("lines", piece, window, piece.what, each, names)
        n_rows = round(window / piece.every) + 1
        self.every, self.share = piece.every, min(1.0, MOST_ROWS / n_rows)
        self.reach, self.retains = piece.reach, retains
        self._empty()

    def _draw(self, piece: Piece, now: float, is_new: bool) -> None:
        assert piece.rows is not None
        times, rows = self._chosen(piece)
        limits = extent(piece.rows)
        if limits is not None:
            self._reach_to(*limits)
        since = None if self.retains else self.x[0] - 1.5 * self.every / self.share
        columns = rows.shape[1]
        self._put("rows", times, rows, is_new=is_new, columns=columns, since=since)

    def _chosen(self, piece: Piece) -> tuple[Array, Array]:
        """The rows of a piece, no more than can be seen."""
        assert piece.rows is not None
        times, rows = piece.times, piece.rows
        if self.share < 1.0:
            times, rows = thinned(times, rows, max(2, round(self.share * len(times))))
        return np.asarray(times, np.float64), np.asarray(rows, np.float64)

    def _reach_to(self, low: float, high: float) -> None:
        """Extend the axis so that values are within it, with a margin."""
        self.low, self.high = min(self.low, low), max(self.high, high)
        room = 0.1 * (self.high - self.low)
        if self.low < self.y[0] or self.high > self.y[1] or self.is_first:
            room = room or max(abs(self.high), 1.0) * 0.1
            self.y = (self.low - room, self.high + room)
        self.is_first = False

    def clear(self) -> None:
        self.x, self.y = (0.0, self.window), (-1.0, 1.0)
        self._empty()
        none = np.zeros(0)
        self._put("rows", none, none, is_new=True, columns=len(self.names), since=None)

    def _empty(self) -> None:
        self.low, self.high, self.is_first = np.inf, -np.inf, True
        if self.reach is not None:
            self._reach_to(-self.reach, self.reach)


class Similarities(Lines):
    """A line for each name of a vocabulary: the dot product of a vector with that of the name.

    Parameters
    ----------
    piece : Piece
        Records of the vector so far.
    window : float [s]
        Length of the time axis.
    vocabulary : nefsim.spa.Vocabulary
        The names and their vectors.
    """

    def __init__(self, piece: Piece, window: float, vocabulary: Vocabulary) -> None:
        self.vectors = vocabulary.vectors[:MOST_NAMES].copy()
        n = len(vocabulary)
        label = f"{piece.label}: similarity"
        about = replace(piece, label=label, what="similarity", shown=len(self.vectors), total=n)
        names = vocabulary.names[:MOST_NAMES]
        super().__init__(replace(about, reach=1.0), window, names, each="names")

    def _draw(self, piece: Piece, now: float, is_new: bool) -> None:
        assert piece.rows is not None
        with np.errstate(over="ignore", invalid="ignore"):  # of values that are not finite
            similar = piece.rows @ self.vectors.T
        super()._draw(part_of(piece, piece.times, similar, None), now, is_new)


class Raster(OverTime):
    """A raster of spikes, drawn as an image with a row for each neuron.

    A darker pixel is several spikes.  The size of the image does not depend on the number of
    spikes; of an image that has moved, new columns are sent.

    Parameters
    ----------
    piece : Piece
        Records of the probe so far.
    window : float [s]
        Length of the time axis.
    span : float or None [s]
        Length of the image, if it is longer than the window.
    most : int
        Most columns of the image.
    """

    last: int
    marks: NDArray[np.uint8]

    def __init__(
        self, piece: Piece, window: float, span: float | None = None, most: int = MOST_COLUMNS
    ) -> None:
        self.n_rows = max(piece.shown, 1)
        span = window if span is None else span
        super().__init__("marks", piece, window, "neuron, by preferred value", "neurons")
        self.width = max(piece.every, span / most)
        # A little wider than the window, so that its left edge is never empty.
        self.n_columns = int(np.ceil(1.1 * span / self.width)) + 1
        self.y = (-0.5, self.n_rows - 0.5)
        self._empty()

    @property
    def start(self) -> float:
        """Time at the left of the image [s]."""
        return (self.last - self.n_columns + 1) * self.width

    def _draw(self, piece: Piece, now: float, is_new: bool) -> None:
        assert piece.neurons is not None
        if is_new:
            self._empty()
        # Columns begin at whole multiples of their width, so that marks never flicker.
        last = max(int(np.floor(now / self.width)), self.n_columns - 1)
        moved = min(last - self.last, self.n_columns)
        self.last = last
        self.marks = np.roll(self.marks, -moved, axis=1)
        self.marks[:, self.n_columns - moved :] = 0
        column = np.floor(piece.times / self.width).astype(np.intp) - (last - self.n_columns + 1)
        seen = (column >= 0) & (column < self.n_columns)
        places = piece.neurons[seen] * self.n_columns + column[seen]
        marks = self.marks.reshape(-1)
        places, counts = np.unique(places, return_counts=True)
        marks[places] = np.minimum(marks[places] + counts, 255)
        changed = min(self.n_columns - moved, int(column[seen].min(initial=self.n_columns)))
        end = min(self.n_columns, int(np.floor(now / self.width)) - last + self.n_columns)
        self._send(0 if is_new else changed, self.n_columns if is_new else end, is_new)

    def _send(self, changed: int, end: int, is_new: bool) -> None:
        """Send columns of the image from one up to, but not with, another one."""
        self._put(
            "marks",
            np.ascontiguousarray(self.marks[:, changed:end].T),
            is_new=is_new,
            rows=self.n_rows,
            wide=self.n_columns,
            last=self.last,
            first=self.last - self.n_columns + 1 + changed,
            width=self.width,
        )

    def clear(self) -> None:
        self.x = (0.0, self.window)
        self._empty()
        self._send(0, self.n_columns, True)

    def _empty(self) -> None:
        self.last = self.n_columns - 1
        self.marks = np.zeros((self.n_rows, self.n_columns), np.uint8)
