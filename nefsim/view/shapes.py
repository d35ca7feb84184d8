"""Plots of the present state: trajectories, images, tuning curves, weights and HTML."""

from __future__ import annotations

from html import escape

import numpy as np
from bokeh.models import Div
from numpy.typing import NDArray

from nefsim.view.painting import HEIGHT, WIDTH, Part, Plot, extent
from nefsim.view.taps import Piece

Array = NDArray[np.float64]

#: Most points of a trajectory, and most curves and points of each of a set of tuning curves.
MOST_POINTS, MOST_CURVES, POINTS = 300, 40, 81

#: Most rows and columns of an image of weights; larger matrices are averaged.
MOST_CELLS = 96

#: Model time from which a square of spikes is drawn when it comes to the screen [s].
LOOK_BACK = 0.3


def _largest(values: Array) -> float:
    """The largest absolute value that is finite; 0 without one."""
    low, high = extent(values) or (0.0, 0.0)
    return max(-low, high, 0.0)


class Trajectory(Plot):
    """The path of two or three dimensions of a value in the last seconds.

    Parameters
    ----------
    piece : Piece
        First records.
    window : float [s]
        Length of the path.
    n : {2, 3}
        Number of dimensions; three are turned by the mouse or by arrow keys.
    """

    def __init__(self, piece: Piece, window: float, n: int) -> None:
        labels = ("x0", "x1") if n == 2 else ("", "")
        title = f"{piece.label}: {'x0, x1' if n == 2 else 'x0, x1, x2'}"
        super().__init__("plane" if n == 2 else "space", title, *labels)
        self.n, self.window, self.reach = n, window, 1.2 * (piece.reach or 1.0)
        self.few = max(1, round(window / piece.every / MOST_POINTS))
        self._set_ranges()

    def _set_ranges(self) -> None:
        self.x = self.y = (-self.reach, self.reach)

    def _draw(self, piece: Piece, now: float, is_new: bool) -> None:
        if piece.rows is None or piece.rows.shape[1] < self.n:
            return
        path = np.asarray(piece.rows[:: self.few, : self.n], np.float64)
        largest = _largest(path)
        if largest > self.reach:
            self.reach = 1.2 * largest
            self._set_ranges()
        times = np.asarray(piece.times[:: self.few], np.float64)
        since = now - self.window
        self._put("rows", times, path, is_new=is_new, columns=self.n, since=since)

    def add(self, piece: Piece, now: float) -> None:
        self._draw(piece, now, False)

    def replace(self, piece: Piece, now: float) -> None:
        self._draw(piece, now, True)

    def clear(self) -> None:
        none = np.zeros(0)
        self._put("rows", none, none, is_new=True, columns=self.n, since=None)


class Picture(Plot):
    """An image of the last value of a vector, or of a matrix.

    Parameters
    ----------
    title : str
        Title of the plot.
    shape : (int, int)
        Rows and columns of the image.
    signed : bool
        Whether 0 is in the middle of the colours; otherwise larger values are darker.
    labels : (str, str)
        Labels of the axes.

    Attributes
    ----------
    values : (rows, columns) ndarray of uint8
        The image: its colours from the first to the last.
    """

    window = 1.0

    def __init__(
        self, title: str, shape: tuple[int, int], signed: bool, labels: tuple[str, str] = ("", "")
    ) -> None:
        super().__init__("image", title, *labels, is_signed=signed)
        self.shape, self.signed = shape, signed
        self.values = np.zeros(shape, np.uint8)
        self.most = 0.0

    def show(self, matrix: Array) -> None:
        """Show a matrix."""
        largest = _largest(matrix)
        if largest > self.most or largest < 0.3 * self.most:
            self.most = largest
        reach = self.most or 1.0
        share = np.clip(np.nan_to_num(matrix), -reach, reach) / reach
        share = 0.5 + 0.5 * share if self.signed else share
        values = np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)
        self.values = values.reshape(self.shape)
        rows, columns = self.shape
        self._put("image", self.values, is_new=True, rows=rows, columns=columns)

    def again(self) -> None:
        """Send the image once more."""
        rows, columns = self.shape
        self._put("image", self.values, is_new=True, rows=rows, columns=columns)

    def add(self, piece: Piece, now: float) -> None:
        if piece.rows is not None and len(piece.rows):
            n = self.shape[0] * self.shape[1]
            last = np.zeros(n)
            values = piece.rows[-1][:n]
            last[: len(values)] = values
            self.show(last.reshape(self.shape))

    def replace(self, piece: Piece, now: float) -> None:
        self.again()
        self.add(piece, now)

    def clear(self) -> None:
        self.most = 0.0
        self.show(np.zeros(self.shape))


class Grid(Picture):
    """A square of the neurons of a population, darker where they fired more in the last 50 ms."""

    window = LOOK_BACK

    def __init__(self, piece: Piece) -> None:
        side = int(np.ceil(np.sqrt(max(piece.shown, 1))))
        part = "" if piece.shown == piece.total else f" ({piece.shown} of {piece.total})"
        super().__init__(f"{piece.label}: spikes{part}", (side, side), False)
        self.rates: Array = np.zeros(side * side)
        self.then = 0.0

    def add(self, piece: Piece, now: float) -> None:
        assert piece.neurons is not None
        self.rates *= np.exp(-max(now - self.then, 0.0) / 0.05)
        weights = np.exp(-np.maximum(now - piece.times, 0.0) / 0.05)
        self.rates += np.bincount(piece.neurons, weights, minlength=len(self.rates))
        self.then = now
        self.show(self.rates.reshape(self.shape))

    def replace(self, piece: Piece, now: float) -> None:
        self.rates[:] = 0.0
        self.add(piece, now)

    def clear(self) -> None:
        self.rates[:] = 0.0
        self.then = 0.0
        super().clear()


class Curves(Plot):
    """Curves that do not change: those of some neurons.

    Parameters
    ----------
    label : str
        Label of the population.
    x : (P,) ndarray
        Points.
    curves : (P, N) ndarray
        A curve for each neuron.
    name : str
        Label of the points.
    """

    def __init__(self, label: str, x: Array, curves: Array, name: str) -> None:
        n = curves.shape[1]
        some = np.linspace(0, n - 1, min(n, MOST_CURVES)).astype(int)
        part = "" if len(some) == n else f" ({len(some)} of {n} neurons)"
        super().__init__("curves", f"{label}: tuning curves{part}", name, "firing rate [Hz]")
        self.points, self.curves = x, np.ascontiguousarray(curves[:, some], np.float64)
        self.x = (float(x[0]), float(x[-1]))
        self.y = (0.0, 1.05 * _largest(self.curves) or 1.0)
        self.again()

    def again(self) -> None:
        """Send the curves."""
        n = self.curves.shape[1]
        self._put("rows", self.points, self.curves, is_new=True, columns=n, since=None)

    def add(self, piece: Piece, now: float) -> None:
        del piece, now

    def replace(self, piece: Piece, now: float) -> None:
        del piece, now

    def clear(self) -> None:
        """Curves stay."""


def block_means(matrix: Array, most: int = MOST_CELLS) -> Array:
    """A matrix of at most ``most`` rows and columns, of means of blocks of a larger one."""
    for axis in (0, 1):
        n = matrix.shape[axis]
        if n > most:
            starts = np.linspace(0, n, most, endpoint=False).astype(int)
            counts = np.diff(np.append(starts, n))
            sums = np.add.reduceat(matrix, starts, axis=axis)
            matrix = sums / (counts[:, None] if axis == 0 else counts)
    return matrix


class Page:
    """HTML or SVG of a node, in a frame without scripts."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.text = ""
        self.figure = Div(text=self._framed(""), disable_math=True, width=WIDTH, height=HEIGHT)

    def _framed(self, html: str) -> str:
        style = f"border: 1px solid #ddd; width: {WIDTH - 4}px; height: {HEIGHT - 26}px"
        name = escape(self.title, quote=True)
        inside = f'srcdoc="{escape(html, quote=True)}"'
        frame = f'<iframe sandbox="" title="{name}" style="{style}" {inside}></iframe>'
        return f"<b>{escape(self.title)}</b><br>{frame}"

    def show(self, html: str) -> None:
        """Show a page, if it has changed."""
        if html != self.text:
            self.text = html
            self.figure.text = self._framed(html)

    def take(self) -> list[Part]:
        """Nothing is painted."""
        return []

    def again(self) -> None:
        """The page shows it already."""

    def clear(self) -> None:
        """Show nothing."""
        self.show("")
