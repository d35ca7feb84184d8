"""A page that shows a network while it runs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from bokeh.layouts import column, row
from bokeh.util.warnings import BokehUserWarning

from nefsim import _checks as check
from nefsim.network import Ensemble
from nefsim.view.controls import Bar
from nefsim.view.diagram import SATURATED
from nefsim.view.history import LONGEST
from nefsim.view.inspector import Inspector
from nefsim.view.knobs import knobs
from nefsim.view.live import Live
from nefsim.view.pace import Pace
from nefsim.view.taps import joined
from nefsim.view.wall import Wall
from nefsim.view.worker import BUSY, Worker

#: Wall time between two updates of the page [s].
PERIOD = 0.04

#: Most pieces that are sent to a browser before it has drawn the first of them.
AHEAD = 2

#: Updates between two looks at the state of the simulator, for weights and saturation.
REFRESH = 5


def add_page(document: Any, live: Live, window: float = 2.0, threaded: bool = False) -> Page:
    """Add plots, buttons and sliders for a network to a Bokeh document, and run the network.

    Parameters
    ----------
    document : bokeh.document.Document
        The document.
    live : Live
        The network to run.
    window : float [s]
        Length of the time axis of the plots.
    threaded : bool
        Whether the network runs in a separate thread.

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
    seconds = check.positive("add_page", "window", window, "pass seconds above 0")
    page = Page(live, seconds, threaded=threaded)
    show(document, page)
    if threaded:
        document.on_session_destroyed(lambda context: page.close())
    return page


def show(document: Any, page: Page) -> None:
    """Show a page in a document."""
    document.title = page.live.simulator.network.label or "nefsim"
    document.add_root(page.root)
    page.ticking = document.add_periodic_callback(page.tick, int(1000 * PERIOD))


class Page(Wall):
    """The graph, plots, buttons and sliders of a running network.

    Parameters
    ----------
    live : Live
        The network to run.
    window : float [s]
        Length of the time axis of the plots.
    clock : callable
        Function that returns the wall time [s].
    threaded : bool
        Whether the network runs in a thread.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        All of the page.
    playing : bool
        Whether the network runs.

    See Also
    --------
    add_page : Add a page to a document.
    """

    def __init__(
        self,
        live: Live,
        window: float,
        clock: Callable[[], float] = time.perf_counter,
        threaded: bool = False,
    ) -> None:
        # Browsers describe a button that came later with its first click, which does no harm.
        warnings.filterwarnings("ignore", "reference already known", BokehUserWarning)
        super().__init__(live, window)
        self._clock = clock
        self.pace = Pace(clock, live.simulator.dt, *((BUSY,) if threaded else ()))
        self.worker = Worker(live, self.pace) if threaded else None
        self.playing, self._n_ticks, self._n_steps = False, 0, 0
        self._speed: float | None = None
        self._has_news, self._trouble = False, ""
        self._saturated: list[Ensemble] = []
        self.is_closed = False
        self.ticking: Any = None  # the callback of a document, or the task of a notebook
        self._wall, self._since = 0.0, clock()
        self.inspector = Inspector(live, self.add, self.diagram.toggle, self._mark, self._alone)
        self.diagram.on_select = self.inspector.show
        self.inspector.dress = self.theme.dress
        learns = any(c.rules for c in live.simulator.network.all_connections)
        self.bar = Bar(self._toggle, self.step, self.restart, self.look, self.save, learns)
        made, self._n_without = knobs(live.simulator.network, live.inputs)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        sliders = [row(*(k.root for k in made), styles={"flex-wrap": "wrap"}, **wide)]
        self.left = column(
            self.diagram.root,
            self.inspector.root,
            *(sliders if made else []),
            styles={"flex": "1 1 38%", "min-width": "340px"},
        )
        right = column(self.notes, self.frames, styles={"flex": "1 1 58%", "min-width": "460px"})
        body = row(
            self.left, right, styles={"flex-wrap": "wrap", "align-items": "flex-start"}, **wide
        )
        self.root = column(self.bar.root, body, **wide)
        self.theme.dress(self.root)
        self._hang()

    def put(self, element: Any) -> None:
        """Add an element below the graph.

        Parameters
        ----------
        element : bokeh.models.UIElement
            The element.
        """
        self.theme.dress(element)
        self.left.children = [*self.left.children, element]

    # -- runs ----------------------------------------------------------------------------

    def _alone(self) -> Any:
        return nullcontext() if self.worker is None else self.worker.alone()

    def tick(self) -> None:
        """Continue the run by the wall time since the last call, and show the new data.

        Nothing happens if the page is paused, or the browser has not drawn earlier data yet.
        """
        self._n_ticks += 1
        is_ready = self.sent - self.screen.drawn < AHEAD
        if self.worker is not None:
            self.worker.speed = self.bar.chosen_speed
            self._take(self.worker, is_ready)
        elif self.playing and is_ready:
            self._advance()
        if is_ready and self.playing and self._n_ticks >= REFRESH:
            self._n_ticks = 0
            self._look_at_state()

    def _advance(self) -> None:
        """Run the steps that are due, and show them."""
        n_steps = self.pace.due(self.bar.chosen_speed)
        if n_steps:
            self._run(n_steps)

    def _run(self, n_steps: int) -> None:
        try:
            pieces = self.live.advance(n_steps * self.live.simulator.dt)
            self._n_steps = self.live.simulator.n_steps
            self.pace.ran(n_steps)
        except Exception as error:  # a user's function may raise anything
            self._stop(error)
            raise
        self.remember(pieces)
        self._update()

    def _take(self, worker: Worker, is_ready: bool = True) -> None:
        """Take over the records of the thread, and show them if the browser is ready."""
        taken = worker.take()
        if taken:
            self._n_steps = taken[-1][0]
            self.remember(joined([pieces for _, pieces in taken]))
            self._has_news = True
        error, worker.error = worker.error, None
        if error is not None:
            self._stop(error)
            raise error
        if self._has_news and is_ready:
            self._update()

    def _update(self) -> None:
        """Show the time and the new records."""
        self._has_news = False
        self._speed = self.pace.drawn(self.now)
        self.show()

    def _show_time(self) -> None:
        wall = self._wall + (self._clock() - self._since if self.playing else 0.0)
        self.bar.show_time(self.now, self._speed, wall)
        self.bar.clock = self._trouble or self.bar.clock
        reach = max(1.0, round(min(self.now, LONGEST), 1))
        if reach > self.bar.back.end or reach == 1.0 != self.bar.back.end:
            self.bar.back.end = reach if reach == 1.0 else round(1.5 * reach)

    def _look_at_state(self) -> None:
        """Show present weights and pages, and mark held nodes and saturated ensembles."""
        refreshes = [p.refresh for p in self.panels if p.refresh is not None and p.is_seen]
        with self._alone():
            for refresh in refreshes:
                refresh()
            shares = self.live.simulator._watch.shares() or {}
        self._saturated = [e for e, share in shares.items() if share > SATURATED]
        self._mark()

    def _mark(self) -> None:
        self.diagram.refresh(self.live.held, self._saturated)

    def step(self) -> None:
        """Run one step, and pause."""
        if self.playing:
            self._pause()
        with self._alone():
            self._finish()
            self._run(1)

    def restart(self, keep_weights: bool = False) -> None:
        """Return to time 0 and empty the plots.

        Parameters
        ----------
        keep_weights : bool
            Whether learned weights are retained.
        """
        with self._alone():
            self._finish()
            self.live.reset(keep_weights)
            for panel in self.panels:
                panel.clear()
            self.pace.start(0.0)
            self._n_steps, self._wall, self._since = 0, 0.0, self._clock()
            self._speed, self.bar.back.value = None, 0.0
            self._trouble = ""
            self._draw_seen()  # weights and pages of nodes, also while the run is paused

    def _finish(self) -> None:
        """Take over what the thread has computed."""
        if self.worker is not None:
            self._take(self.worker)

    @property
    def now(self) -> float:
        """The simulated time of the newest data [s]."""
        simulator = self.live.simulator
        n_steps = simulator.n_steps if self.worker is None else self._n_steps
        return n_steps * simulator.dt

    def _toggle(self) -> None:
        if self.playing:
            self._pause()
        else:
            self._play()

    def _play(self) -> None:
        self.playing, self._trouble, self._since = True, "", self._clock()
        self.bar.play.label = "pause"
        with self._alone():  # a run that ends later would be taken off the new debt
            self.pace.start(self.now)
        if self.worker is not None:
            self.worker.play()

    def _pause(self) -> None:
        """Stop, and show what the thread has computed until then."""
        self._wall += self._clock() - self._since
        self.playing, self.bar.play.label = False, "run"
        if self.worker is not None:
            self.worker.pause()
        with self._alone():
            self._finish()
            self.pace.start(self.now)

    def _stop(self, error: BaseException) -> None:
        """Pause, and show an error."""
        self._n_steps = self.live.simulator.n_steps
        if self.playing:
            self._pause()
        self._trouble = f"{self.now:.2f} s, stopped: {error}"
        self._send()

    def close(self) -> None:
        """End the thread of the run."""
        self.is_closed = True
        if self.worker is not None:
            self.worker.close()
