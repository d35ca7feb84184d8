"""The plots of a page, which are added and removed, and their files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import Button, CustomJS, Div, Spacer

from nefsim.network import Connection
from nefsim.network.objects import whole
from nefsim.view.controls import Bar
from nefsim.view.diagram import Diagram
from nefsim.view.export import FORMATS, export, hand_over, make_file
from nefsim.view.graph import Graph
from nefsim.view.kinds import Panel, kinds_of, make_panel, plot_for
from nefsim.view.layouts import names_of, numbers_of, renamed, restore, write
from nefsim.view.live import Live
from nefsim.view.painting import make_screen, packet, painter
from nefsim.view.plots import OverTime
from nefsim.view.taps import Piece
from nefsim.view.theme import Theme

#: Style of the buttons that remove plots.
SMALL = """
.bk-btn { padding: 0; border: none; background: none; font-size: 11px; }
.bk-btn { color: var(--nef-soft, #666666); }
"""

#: Most plots of a page.
MOST_PANELS = 40


class Wall:
    """The plots of a page, and the graph of its network.

    Parameters
    ----------
    live : Live
        The network that runs.
    window : float [s]
        Length of the time axis of the plots.

    Attributes
    ----------
    panels : list of Panel
        The plots.
    layout_file : Path or None
        The file in which a layout is saved.
    """

    bar: Bar

    def __init__(self, live: Live, window: float) -> None:
        self.live, self.window = live, window
        self.panels = [self._first(piece) for piece in live.advance(0.0)]
        self._by_default = self._subjects()
        self.layout_file: Path | None = None
        self.theme = Theme()
        self.graph = Graph(live.simulator.network)
        self.diagram = Diagram(self.graph)
        self.file, self.screen, self.sent = make_file(), make_screen(), 0
        self.screen.on_change("seen", lambda name, old, new: self._see(new))
        self.screen.on_change("starts", lambda name, old, new: self._start())
        # The first layout of the graph starts the painter, also in a notebook.
        start = CustomJS(args={"screen": self.screen}, code=painter())
        self.diagram.figure.js_on_change("inner_width", start)
        self._n_without = 0
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        self.notes = Div(disable_math=True, tags=[self.screen, self.file], **wide)
        self.frames = row(styles={"flex-wrap": "wrap", "flex": "1 1 58%"}, **wide)

    def _alone(self) -> Any:
        """A ``with`` block during which the network does not run."""
        raise NotImplementedError

    def _show_time(self) -> None:
        """Write the clock."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """The simulated time of the newest data [s]."""
        raise NotImplementedError

    @property
    def plots(self) -> list[Any]:
        """The plots of the panels."""
        return [panel.plot for panel in self.panels]

    def _first(self, piece: Piece) -> Panel:
        """The panel of a probe that is recorded from the start."""
        probe: Any = piece.probe
        target = probe.target if isinstance(probe.target, Connection) else whole(probe.target)
        target = getattr(target, "ensemble", target)
        kind = "value" if piece.neurons is None else "spikes"
        return Panel(kind, target, plot_for(kind, piece, self.window), probe, empty=piece)

    def add(self, kind: str, thing: Any) -> Panel | None:
        """Add a plot of a kind (:func:`~nefsim.view.kinds.kinds_of`) for an object.

        Parameters
        ----------
        kind : str
            The kind, such as "value".
        thing : Ensemble, Node or Connection
            The object.

        Returns
        -------
        Panel or None
            The plot; None if there are too many.
        """
        if len(self.panels) >= MOST_PANELS:
            return None
        with self._alone():
            panel = make_panel(kind, thing, self.live, self.window)
        self.panels.append(panel)
        self._hang()
        with self._alone():
            self._draw_seen()
        return panel

    def remove(self, panel: Panel) -> None:
        """Remove a plot, and stop recording its data.

        Parameters
        ----------
        panel : Panel
            One of :attr:`panels`.
        """
        self.panels.remove(panel)
        if panel.probe is not None and self.live.is_open:
            with self._alone():
                self.live.detach(panel.probe)
        self._hang()

    def _hang(self) -> None:
        """Show the panels."""
        frames = []
        for panel in self.panels:
            if panel.frame is None:
                panel.frame = _framed(panel, partial(self.remove, panel))
                self.theme.dress(panel.frame)
            frames.append(panel.frame)
        self.frames.children = frames or [Spacer(height=1)]
        self.screen.plots = [panel.plot.figure.id for panel in self.panels]
        self.notes.text = escape(self._notes(self._n_without))

    def remember(self, pieces: list[Piece]) -> None:
        """Add new records to the histories of the plots.

        Parameters
        ----------
        pieces : list of Piece
            New records of the probes.
        """
        by_probe = {piece.probe: piece for piece in pieces}
        for panel in self.panels:
            if panel.probe in by_probe:
                panel.history.add(by_probe[panel.probe])

    def show(self) -> None:
        """Draw new records in the plots on the screen, and send all that was drawn."""
        if not self.bar.seconds_back:
            for panel in self.panels:
                if panel.is_seen and panel.probe is not None:
                    panel.draw(self.now)
        self._send()

    def _send(self) -> None:
        """Send one packet with the time and the new data of all plots."""
        self._show_time()
        self.sent += 1
        parts = [part for panel in self.panels for part in panel.plot.take()]
        self.screen.packet = packet(parts, number=self.sent, texts=self.bar.texts)

    def look(self) -> None:
        """Draw the plots at the time that is looked back to."""
        for panel in self.panels:
            if panel.probe is not None:
                panel.drawn = None
        self._draw_seen()

    def _draw_seen(self) -> None:
        """Draw the plots on the screen at the time that is shown, also while the run is paused."""
        for panel in self.panels:
            if panel.is_seen:
                panel.draw(max(0.0, self.now - self.bar.seconds_back))
        self._send()

    def _see(self, names: Any) -> None:
        """Draw only the plots that are on the screen, and at once those that come to it."""
        were = [panel.is_seen for panel in self.panels]
        for panel in self.panels:
            panel.is_seen = panel.plot.figure.id in names
        if any(p.is_seen and not was for p, was in zip(self.panels, were, strict=True)):
            with self._alone():
                self._draw_seen()

    def _start(self) -> None:
        """Draw all plots again, as a browser has a new painter."""
        for panel in self.panels:
            panel.drawn = None
        with self._alone():
            self._draw_seen()

    def save(self, ending: str) -> None:
        """Let the browser save the records of all plots, or save the layout next to the model.

        Parameters
        ----------
        ending : str
            "layout", or an ending of :data:`nefsim.view.export.FORMATS`.
        """
        if ending == "layout":
            if self.layout_file is not None:
                write(self.layout_file, self.layout())
                self.notes.text = escape(f"Layout saved in {self.layout_file}.")
        elif ending in FORMATS:
            title = self.live.simulator.network.label or "nefsim"
            content = export(self.panels, ending, self.window, title)
            hand_over(self.file, f"nefsim-view.{ending}", content)

    def layout(self) -> dict[str, Any]:
        """The layout of the page as plain numbers and names: the graph and the plots.

        Returns
        -------
        dict
        """
        net = self.live.simulator.network
        names = names_of(net)
        numbers = {number: names[thing] for thing, number in numbers_of(net).items()}
        kinds = [panel.kind for panel in self.panels]
        plots = zip(kinds, self._subjects(), strict=True)
        return {
            "graph": renamed(self.graph.saved(), numbers),
            "plots": [[kind, names[thing]] for kind, thing in plots if thing in names],
            "known": [*dict.fromkeys(names[thing] for thing in self._by_default)],
        }

    def _subjects(self) -> list[Any]:
        """The objects of the panels, or the probes of the model that they show."""
        probes = {*self.live.simulator.network.all_probes}
        return [p.probe if p.probe in probes else p.thing for p in self.panels]

    def restore(self, layout: dict[str, Any]) -> None:
        """Take over a layout; parts that do not fit this network are left out.

        Parameters
        ----------
        layout : dict
            A result of :meth:`layout`.
        """
        net = self.live.simulator.network
        numbers, names = numbers_of(net), names_of(net)
        things = {name: thing for found in (numbers, names) for thing, name in found.items()}
        restore(self.graph, layout)
        self.diagram.arrange()
        if not self.live.is_open:
            return
        known = {*layout.get("known", names.values()), *(name for _, name in layout["plots"])}
        subjects = zip(self.panels, self._subjects(), strict=True)
        new = [panel for panel, thing in subjects if names[thing] not in known]
        old = [panel for panel in self.panels if panel not in new]
        probed = {panel.probe: panel for panel in old if panel.probe in names}
        self.panels = old[:]
        for kind, name in layout["plots"]:
            thing = things.get(name)
            if thing in probed:
                panel = probed.pop(thing)
                old.remove(panel)
                self.panels.remove(panel)
                self.panels.append(panel)
            elif thing is not None and kind in kinds_of(thing, self.live):
                self.add(kind, thing)
        for panel in old:
            self.remove(panel)
        self.panels += new
        self._hang()

    def _notes(self, n_without: int) -> str:
        """A text with the number of plots, and of ensembles and sliders that are left out."""
        n, hidden = len(self.panels), self.live.n_hidden
        notes = [f"{n} plot{'s' * (n != 1)}" if n else "Nothing to plot: add ensembles or probes"]
        if hidden:
            notes.append(f"ensembles not shown: {hidden} (name them with --show)")
        if n_without:
            notes.append(f"values of inputs without a slider: {n_without}")
        return "; ".join(notes) + "."


def _framed(panel: Panel, close: Callable[[], None]) -> Any:
    """A plot with a button that removes it."""
    at = {"position": "absolute", "right": "0", "top": "0", "z-index": "5"}
    button = Button(label="remove", width=46, height=20, styles=at, stylesheets=[SMALL], margin=0)
    button.on_click(close)
    is_wide = isinstance(panel.plot, OverTime)
    look = {"position": "relative", "flex": "1 1 45%" if is_wide else "0 0 auto"}
    if is_wide:
        look["min-width"] = "350px"
    name = {"role": "group", "aria-label": f"{panel.kind}: {panel.plot.title}"}
    return column(panel.plot.figure, button, styles=look, html_attributes=name)
