"""A page that shows a network while it runs."""

from __future__ import annotations

import time
from html import escape
from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import Button, ColumnDataSource, Div, Range1d, Slider
from bokeh.plotting import figure

from nefsim import _checks as check
from nefsim.plot._style import COLOURS, INK
from nefsim.view.live import Live, Piece

#: Wall time between two pieces [s].
PERIOD = 0.05

#: Most spikes that a raster keeps.
MOST_SPIKES = 20_000


def add_page(document: Any, live: Live, window: float = 2.0) -> Page:
    """Put plots, buttons and sliders into a Bokeh document, and run the network in it.

    Parameters
    ----------
    document : bokeh.document.Document
        Where to.
    live : Live
        The network.
    window : float [s]
        How much of the past the plots show.

    Returns
    -------
    Page
    """
    page = Page(live, check.positive("add_page", "window", window, "pass seconds above 0"))
    document.title = live.simulator.network.label or "nefsim"
    document.add_root(page.root)
    document.add_periodic_callback(page.tick, int(1000 * PERIOD))
    return page


class Page:
    """The plots, buttons and sliders of a network that runs.

    Parameters
    ----------
    live : Live
        The network.
    window : float [s]
        How much of the past the plots show.
    """

    def __init__(self, live: Live, window: float) -> None:
        self.live, self.window = live, window
        self.plots = [_Plot(piece, window) for piece in live.advance(0.0)]
        self.playing = False
        self.play = Button(label="run", button_type="primary", width=90)
        self.play.on_click(self._toggle)
        again = Button(label="from the start", width=120)
        again.on_click(self.restart)
        self.speed = Slider(start=0.05, end=2.0, step=0.05, value=1.0, title="times real time")
        self.clock = Div(text=_clock(0.0, None))
        sliders = [
            _slider(values, i, node.label)
            for node, values in live.inputs.items()
            for i in range(len(values))
        ]
        top = row(self.play, again, self.speed, self.clock)
        self.root = row(column(top, *(p.figure for p in self.plots)), column(*sliders))

    def tick(self) -> None:
        """Run a piece, if the page is playing, and show it."""
        if not self.playing:
            return
        start = time.perf_counter()
        try:
            self.show(self.live.advance(self.speed.value * PERIOD))
        except Exception as error:  # a user's function may raise anything
            self._toggle()
            self.clock.text = f"{self.now:.2f} s, stopped: {escape(str(error))}"
            raise
        took = max(time.perf_counter() - start, PERIOD)
        self.clock.text = _clock(self.now, self.speed.value * PERIOD / took)

    def show(self, pieces: list[Piece]) -> None:
        """Add pieces to the plots and let what is older than the window go."""
        for plot, piece in zip(self.plots, pieces, strict=True):
            plot.add(piece, self.now, self.window)

    def restart(self) -> None:
        """Begin at the start, with empty plots."""
        self.live.reset()
        for plot in self.plots:
            plot.clear()
        self.clock.text = _clock(0.0, None)

    @property
    def now(self) -> float:
        """Model time [s]."""
        return self.live.simulator.n_steps * self.live.simulator.dt

    def _toggle(self) -> None:
        self.playing = not self.playing
        self.play.label = "pause" if self.playing else "run"


class _Plot:
    """Lines of values or a raster of spikes, over the last seconds."""

    def __init__(self, piece: Piece, window: float) -> None:
        names = ["neuron"] if piece.rows is None else [f"x{i}" for i in range(piece.rows.shape[1])]
        self.names = names
        self.source = ColumnDataSource({name: [] for name in ("time", *names)})
        kind = "spikes" if piece.rows is None else "value"
        self.kept = MOST_SPIKES if piece.rows is None else round(window / piece.every) + 1
        self.range = Range1d(0.0, window)
        self.figure = figure(
            height=150,
            width=720,
            title=piece.label,
            x_range=self.range,
            y_axis_label=kind,
            toolbar_location=None,
        )
        self.figure.outline_line_color = None
        if piece.rows is None:
            self.figure.scatter(
                "time", "neuron", source=self.source, marker="dash", angle=np.pi / 2, color=INK
            )
            return
        for name, colour in zip(names, COLOURS, strict=False):
            self.figure.line("time", name, source=self.source, color=colour, line_width=1.5)

    def add(self, piece: Piece, now: float, window: float) -> None:
        """Add a piece at the right; what has left the window goes."""
        columns = [piece.neurons] if piece.rows is None else piece.rows.T
        new = dict(zip(("time", *self.names), (piece.times, *columns), strict=True))
        self.source.stream(new, rollover=self.kept)  # Bokeh takes no other number later on
        self.range.start, self.range.end = max(0.0, now - window), max(now, window)

    def clear(self) -> None:
        """Forget all."""
        self.source.data = {name: [] for name in ("time", *self.names)}


def _slider(values: Any, index: int, label: str) -> Slider:
    """A slider that sets one value of an input, to twice as far as it was or to 1 at least."""
    value = float(values[index])
    far = max(1.0, 2.0 * abs(value))
    title = label if len(values) == 1 else f"{label}[{index}]"
    slider = Slider(start=-far, end=far, step=far / 100, value=value, title=title)

    def turn(name: str, old: float, new: float) -> None:
        values[index] = new

    slider.on_change("value", turn)
    return slider


def _clock(now: float, speed: float | None) -> str:
    """Model time and how fast it goes, in words."""
    return f"{now:.2f} s" if speed is None else f"{now:.2f} s, {speed:.2f} times real time"
