"""A page that shows a network while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from typing import Any

from bokeh.core.properties import Int
from bokeh.layouts import column, row
from bokeh.model import DataModel
from bokeh.models import Button, CustomJS, Div, Slider

from nefsim import _checks as check
from nefsim.view.knobs import sliders
from nefsim.view.live import Live, Piece
from nefsim.view.pace import Pace
from nefsim.view.plots import plot_of

#: Wall time between two updates of the page [s].
PERIOD = 0.05

#: Most pieces that are sent to a browser before it has drawn the first of them.
AHEAD = 2

#: Slowest and fastest run, times real time.
SLOWEST, FASTEST = 0.05, 2.0

#: Style of the bar of buttons, which stays visible while plots scroll below it.
BAR = {"position": "sticky", "top": "0", "z-index": "10", "background": "white"}


class Beat(DataModel):
    """Counters of the updates that were sent to a browser, and of those that it has drawn.

    By them the run waits for a slow browser, which would otherwise fall more and more behind.
    """

    sent = Int(default=0)
    drawn = Int(default=0)


def add_page(document: Any, live: Live, window: float = 2.0) -> Page:
    """Add plots, buttons and sliders for a network to a Bokeh document, and run the network.

    Parameters
    ----------
    document : bokeh.document.Document
        The document.
    live : Live
        The network to run.
    window : float [s]
        Length of the time axis of the plots.

    Returns
    -------
    Page

    Raises
    ------
    TypeError
        If ``window`` is not a number.
    ValueError
        If ``window`` is not above 0.

    See Also
    --------
    server : Serve such pages to browsers.

    Examples
    --------
    >>> import nefsim as nef
    >>> from bokeh.document import Document
    >>> from nefsim.view import Live, add_page
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> page = add_page(Document(), Live(net))
    >>> len(page.plots)
    2
    """
    page = Page(live, check.positive("add_page", "window", window, "pass seconds above 0"))
    document.title = live.simulator.network.label or "nefsim"
    document.add_root(page.root)
    document.add_periodic_callback(page.tick, int(1000 * PERIOD))
    return page


class Page:
    """The plots, buttons and sliders of a running network.

    Parameters
    ----------
    live : Live
        The network to run.
    window : float [s]
        Length of the time axis of the plots.
    clock : callable
        Function that returns the wall time [s].

    See Also
    --------
    add_page : Add a page to a document.
    """

    def __init__(
        self, live: Live, window: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.live = live
        self.plots = [plot_of(piece, window) for piece in live.advance(0.0)]
        self.pace = Pace(clock, live.simulator.dt)
        self.playing = False
        self.play = Button(label="run", button_type="primary", width=90)
        self.play.on_click(self._toggle)
        restart = Button(label="from the start", width=120)
        restart.on_click(self.restart)
        self.speed = Slider(
            start=SLOWEST, end=FASTEST, step=0.05, value=1.0, title="times real time", width=220
        )
        self.beat = Beat()
        answer = CustomJS(args={"beat": self.beat}, code="beat.drawn = beat.sent")
        self.beat.js_on_change("sent", answer)
        self.clock = Div(text=_clock(0.0, None), disable_math=True, width=260, tags=[self.beat])
        knobs, n_without = sliders(live.simulator.network, live.inputs)
        notes = Div(text=escape(self._notes(n_without)), disable_math=True)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        wrapped = {"styles": {"flex-wrap": "wrap"}, **wide}
        parts: list[Any] = [row(self.play, restart, self.speed, self.clock, styles=BAR, **wide)]
        parts += [row(*knobs, **wrapped)] if knobs else []
        figures = [plot.figure for plot in self.plots]
        parts += [notes, *([row(*figures, **wrapped)] if figures else [])]
        self.root = column(*parts, **wide)

    def tick(self) -> None:
        """Continue the run by the wall time since the last call, and show the new data.

        Nothing happens if the page is paused, or the browser has not drawn earlier data yet.
        """
        if not self.playing or self.beat.sent - self.beat.drawn >= AHEAD:
            return
        # A browser may send any value, such as a speed of 1e9 or NaN.
        n_steps = self.pace.due(max(SLOWEST, min(FASTEST, self.speed.value)))
        if not n_steps:
            return
        try:
            pieces = self.live.advance(n_steps * self.live.simulator.dt)
            self.pace.ran(n_steps)
            self.show(pieces)
        except Exception as error:  # a user's function may raise anything
            self._toggle()
            self.clock.text = f"{self.now:.2f} s, stopped: {escape(str(error))}"
            raise
        self.clock.text = _clock(self.now, self.pace.drawn(self.now))
        self.beat.sent += 1  # last, so that the browser answers after it has drawn all

    def show(self, pieces: list[Piece]) -> None:
        """Add new data to the plots, and remove data older than the window.

        Parameters
        ----------
        pieces : list of Piece
            New data, one piece for each plot.
        """
        for plot, piece in zip(self.plots, pieces, strict=True):
            plot.add(piece, self.now)

    def restart(self) -> None:
        """Return to time 0 and empty the plots."""
        self.live.reset()
        for plot in self.plots:
            plot.clear()
        self.pace.start(0.0)
        self.clock.text = _clock(0.0, None)

    @property
    def now(self) -> float:
        """The simulated time [s]."""
        return self.live.simulator.n_steps * self.live.simulator.dt

    def _toggle(self) -> None:
        self.playing = not self.playing
        self.play.label = "pause" if self.playing else "run"
        self.pace.start(self.now)

    def _notes(self, n_without: int) -> str:
        """A text with the number of plots, and of ensembles and sliders that are left out."""
        n, hidden = len(self.plots), self.live.n_hidden
        notes = [f"{n} plot{'s' * (n != 1)}" if n else "Nothing to plot: add ensembles or probes"]
        if hidden:
            notes.append(f"ensembles not shown: {hidden} (name them with --show)")
        if n_without:
            notes.append(f"values of inputs without a slider: {n_without}")
        return "; ".join(notes) + "."


def _clock(now: float, speed: float | None) -> str:
    """The simulated time and the speed, as text."""
    return f"{now:.2f} s" if speed is None else f"{now:.2f} s, {speed:.2f} times real time"
