"""Plots of a page, which grow with the run: lines of values and rasters of spikes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, Legend, LinearColorMapper, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from nefsim.plot._style import COLOURS, INK
from nefsim.view.live import Piece

#: Most columns of a raster; several spikes of a neuron in one column make a darker mark.
MOST_COLUMNS = 400

#: Shades of a mark of one spike and of more.
SHADES = ("#ffffff", "#777777", INK)

#: Height of a plot [pixels]: 100 rows of 2 between its title and its axis.
HEIGHT = 268

#: Borders that leave room for ticks and legends, so that all time axes are as long [pixels].
LEFT, RIGHT = 72, 52


def inert(label: str) -> str:
    r"""Change a label such that Bokeh does not show it as TeX.

    A character of zero width is inserted into the signs that begin a formula, ``$$``, ``\(``,
    ``\[`` and ``\begin``.
    """
    return label.replace("$", "$\u2060").replace("\\", "\\\u2060")


def plot_of(piece: Piece, window: float) -> Plot:
    """Make a plot for the records of a probe: lines or a raster."""
    return Lines(piece, window) if piece.neurons is None else Raster(piece, window)


class Plot(ABC):
    """A plot of the last seconds of the records of a probe.

    Parameters
    ----------
    piece : Piece
        Records of the probe so far.
    window : float [s]
        Length of the time axis.

    Attributes
    ----------
    figure : bokeh.plotting.figure
        The figure on the page.
    source : bokeh.models.ColumnDataSource
        The plotted data.
    """

    source: ColumnDataSource

    def __init__(self, piece: Piece, window: float, y_label: str, each: str) -> None:
        self.window = window
        self.time = Range1d(0.0, window)
        part = "" if piece.shown == piece.total else f" ({piece.shown} of {piece.total} {each})"
        self.figure = figure(
            height=HEIGHT,
            min_width=440,
            sizing_mode="stretch_width",
            title=f"{inert(piece.label)}{part}",
            x_axis_label="time [s]",
            y_axis_label=y_label,
            x_range=self.time,
            y_range=Range1d(-1.0, 1.0),
            min_border_left=LEFT,
            min_border_right=RIGHT,
            tools="save",
            toolbar_location="above",
        )
        self.figure.toolbar.logo = None
        self.figure.toolbar.autohide = True
        self.figure.outline_line_color = None
        self.figure.xgrid.grid_line_color = None
        self.figure.styles = {"flex": "1 1 45%"}

    def add(self, piece: Piece, now: float) -> None:
        """Add new data, and remove data older than the window."""
        self._draw(piece, now)
        self.time.update(start=max(0.0, now - self.window), end=max(now, self.window))

    @abstractmethod
    def _draw(self, piece: Piece, now: float) -> None:
        """Draw new data."""

    @abstractmethod
    def clear(self) -> None:
        """Remove all data."""


class Lines(Plot):
    """A line for each column of values."""

    low: float
    high: float
    is_new: bool

    def __init__(self, piece: Piece, window: float) -> None:
        super().__init__(piece, window, piece.what, "columns")
        self.names = [f"x{i}" for i in range(piece.shown)]
        self.n_rows = round(window / piece.every) + 1  # Bokeh allows no later change
        self.source = ColumnDataSource({name: [] for name in ("time", *self.names)})
        entries = []
        for name, colour in zip(self.names, COLOURS, strict=False):
            look = {"color": colour, "line_width": 1.5, "source": self.source}
            entries.append((name, [self.figure.line("time", name, **look)]))
        if len(entries) > 1:
            self.figure.add_layout(_legend(entries), "right")
        self.reach = piece.reach
        self.clear()

    def _draw(self, piece: Piece, now: float) -> None:
        assert piece.rows is not None
        self.source.stream(
            dict(zip(("time", *self.names), (piece.times, *piece.rows.T), strict=True)),
            rollover=self.n_rows,
        )
        if piece.rows.size:
            self._reach_to(float(piece.rows.min()), float(piece.rows.max()))

    def _reach_to(self, low: float, high: float) -> None:
        """Extend the axis so that values are within it, with a margin."""
        self.low, self.high = min(self.low, low), max(self.high, high)
        axis, room = self.figure.y_range, 0.1 * (self.high - self.low)
        if self.low < axis.start or self.high > axis.end or self.is_new:
            room = room or max(abs(self.high), 1.0) * 0.1
            axis.update(start=self.low - room, end=self.high + room)
        self.is_new = False

    def clear(self) -> None:
        self.source.data = {name: [] for name in ("time", *self.names)}
        self.low, self.high, self.is_new = np.inf, -np.inf, True
        if self.reach is not None:
            self._reach_to(-self.reach, self.reach)


class Raster(Plot):
    """A raster of spikes, drawn as an image with a row for each neuron.

    A darker pixel is several spikes.  The size of the image does not depend on the number of
    spikes.
    """

    last: int
    marks: NDArray[np.uint8]

    def __init__(self, piece: Piece, window: float) -> None:
        self.n_rows = piece.shown
        super().__init__(piece, window, "neuron, by preferred value", "neurons")
        self.width = max(piece.every, window / MOST_COLUMNS)
        # A little wider than the window, because the browser moves the window a moment later.
        self.n_columns = int(np.ceil(1.1 * window / self.width)) + 1
        self.figure.y_range.update(start=-0.5, end=self.n_rows - 0.5)
        self.figure.yaxis.ticker.desired_num_ticks = 4
        self.figure.ygrid.grid_line_color = None
        self.source = ColumnDataSource({"image": [], "x": []})
        self.figure.image(
            "image",
            x="x",
            y=-0.5,
            dw=self.n_columns * self.width,
            dh=self.n_rows,
            source=self.source,
            color_mapper=LinearColorMapper(SHADES, low=0, high=len(SHADES)),
        )
        self.clear()

    def _draw(self, piece: Piece, now: float) -> None:
        assert piece.neurons is not None
        # Columns begin at whole multiples of their width, so that marks never flicker.
        last = max(int(np.floor(now / self.width)), self.n_columns - 1)
        moved = min(last - self.last, self.n_columns)
        self.last = last
        self.marks = np.roll(self.marks, -moved, axis=1)
        self.marks[:, self.n_columns - moved :] = 0
        column = np.floor(piece.times / self.width).astype(np.intp) - (last - self.n_columns + 1)
        seen = (column >= 0) & (column < self.n_columns)
        np.add.at(self.marks, (piece.neurons[seen], column[seen]), 1)
        self._show()

    def _show(self) -> None:
        start = (self.last - self.n_columns + 1) * self.width
        self.source.data = {"image": [self.marks], "x": [start]}

    def clear(self) -> None:
        self.last = self.n_columns - 1
        self.marks = np.zeros((self.n_rows, self.n_columns), np.uint8)
        self._show()


def _legend(entries: list[Any]) -> Legend:
    """Make a narrow legend of names and their lines."""
    return Legend(
        items=entries,
        border_line_color=None,
        padding=0,
        margin=0,
        spacing=0,
        glyph_width=14,
        label_text_font_size="11px",
        label_standoff=3,
    )
