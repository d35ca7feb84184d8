"""The kinds of plots that each object of a network can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import numpy as np

from nefsim.network import Connection, Ensemble, Node, Probe
from nefsim.network.objects import whole
from nefsim.neurons import Direct
from nefsim.spa import Vocabulary
from nefsim.view.history import History
from nefsim.view.live import Live
from nefsim.view.plots import Lines, Raster, Similarities
from nefsim.view.shapes import POINTS, Curves, Grid, Page, Picture, Trajectory, block_means
from nefsim.view.taps import (
    EVERY,
    SYNAPSE,
    Piece,
    Tap,
    spikes_tap,
    value_tap,
    without_records,
)

#: Most neurons of a square of spikes, and most voltages.
MOST_OF_GRID, MOST_VOLTAGES = 400, 3

#: Length of the time axis of voltages, in which single spikes can be seen [s].
WINDOW_OF_VOLTAGES = 0.2

#: Names of attributes of a node's function with HTML to show; the second is that of nengo_gui.
HTML = ("html", "_nengo_html_")


@dataclass(eq=False)
class Panel:
    """A plot on a page.

    Attributes
    ----------
    kind : str
        Kind of the plot, such as "value".
    thing : object
        The object that is shown.
    plot : Plot or Shape
        The plot.
    probe : Probe or None
        The probe of its data; None for a plot of the present state of the simulator.
    refresh : callable or None
        Shows the present state.
    history : History
        The records so far.
    is_seen : bool
        Whether the plot is on the screen.
    drawn : float or None [s]
        Time up to which records are drawn; None if all have to be drawn again.
    frame : bokeh.models.LayoutDOM or None
        The plot with its button, once it is on a page.
    empty : Piece or None
        A piece without records.
    """

    kind: str
    thing: Any
    plot: Any
    probe: Probe | None = None
    refresh: Callable[[], None] | None = None
    history: History = field(default_factory=History)
    is_seen: bool = True
    drawn: float | None = None
    frame: Any = None
    empty: Piece | None = None

    def draw(self, now: float) -> None:
        """Draw the records up to a time [s] that are not drawn yet."""
        if self.probe is None:
            if self.drawn is None and self.refresh is not None:
                self.refresh()
                self.plot.again()
                self.drawn = now
            return
        start = now - self.plot.window
        is_new = self.drawn is None or not start < self.drawn <= now
        piece = self.history.window(start if is_new else self.drawn or 0.0, now) or self.empty
        if piece is not None:
            (self.plot.replace if is_new else self.plot.add)(piece, now)
        self.drawn = now

    def clear(self) -> None:
        """Forget all records."""
        self.history.clear()
        self.plot.clear()
        self.drawn = None


def kinds_of(thing: Any, live: Live) -> list[str]:
    """The kinds of plots of an object, the usual one first."""
    if not live.is_open:
        return []
    found: list[str] = [*_vocabularies(thing, live)]
    if isinstance(thing, Ensemble):
        found += ["value", *_of_dimensions(thing.dimensions)]
        if not isinstance(thing.neuron_type, Direct):
            if thing.neuron_type.spiking:
                at = found.index("value") + 1
                found[at:at] = ["spikes", "spike grid"]
            if "voltage" in thing.neuron_type.initial_state:
                found.append("voltages")
            found.append("tuning curves")
        if live.can_attach(live.simulator.network.probe(thing, "input", attach=False)):
            found.append("input")
    elif isinstance(thing, Node):
        n = thing.size_out
        if n:
            found += ["value", *_of_dimensions(n)]
            if n >= 16 and isqrt(n) ** 2 == n:
                found.append("image")
        if html_of(thing) is not None:
            found.insert(0, "page")
    elif isinstance(thing, Connection):
        if _has_weights(thing):
            found.append("weights")
        for learning in thing.learning:
            if learning.size_in and live.can_attach(_probe(live, learning, "error")):
                found.append("error")
                break
    return found


def _vocabularies(thing: Any, live: Live) -> dict[str, Vocabulary]:
    """The vocabularies of a vector of an object's dimensions, by kinds of plots."""
    size = getattr(thing, "dimensions", None) or getattr(thing, "size_out", 0)
    if not isinstance(thing, (Ensemble, Node)):
        return {}
    fit = [v for v in live.vocabularies if v.dimensions == size and len(v)]
    return {f"similarity{f' {i + 1}' if i else ''}": v for i, v in enumerate(fit)}


def _of_dimensions(n: int) -> list[str]:
    return (["x-y"] if n > 1 else []) + (["x-y-z"] if n > 2 else [])


def _has_weights(connection: Connection) -> bool:
    pre = whole(connection.pre)
    return not (isinstance(pre, Ensemble) and isinstance(pre.neuron_type, Direct))


def _probe(live: Live, target: Any, attr: str | None = None, **options: Any) -> Probe:
    return live.simulator.network.probe(target, attr, attach=False, **options)


def html_of(node: Node) -> str | None:
    """The HTML that the function of a node has set as its attribute; None without one."""
    output: Any = node.output
    for _ in range(4):  # functions may be wrapped
        for name in HTML:
            html = getattr(output, name, None)
            if isinstance(html, str):
                return html
        output = getattr(output, "__wrapped__", getattr(output, "function", None))
        if output is None:
            return None
    return None


def make_panel(kind: str, thing: Any, live: Live, window: float) -> Panel:
    """Make a plot of a kind for an object, and record its data from the next run on.

    Parameters
    ----------
    kind : str
        One of :func:`kinds_of`.
    thing : Ensemble, Node or Connection
        The object.
    live : Live
        The network that runs.
    window : float [s]
        Length of time axes.

    Returns
    -------
    Panel
    """
    if kind in SNAPSHOTS:
        plot, refresh = SNAPSHOTS[kind](thing, live)
        refresh()
        return Panel(kind, thing, plot, None, refresh)
    probe = _attached(kind, thing, live)
    piece = without_records(probe, live.tap(probe), live.simulator.dt)
    if kind == "voltages":
        window = min(window, WINDOW_OF_VOLTAGES)
    vocabulary = _vocabularies(thing, live).get(kind)
    if vocabulary is not None:
        return Panel(kind, thing, Similarities(piece, window, vocabulary), probe, empty=piece)
    return Panel(kind, thing, plot_for(kind, piece, window), probe, empty=piece)


def plot_for(kind: str, piece: Piece, window: float) -> Any:
    """A plot of a kind for records."""
    if kind in ("x-y", "x-y-z"):
        return Trajectory(piece, window, 2 if kind == "x-y" else 3)
    if kind == "image":
        side = isqrt(piece.total)
        return Picture(piece.label, (side, side), signed=False)
    if kind == "spike grid":
        return Grid(piece)
    return Lines(piece, window) if piece.neurons is None else Raster(piece, window)


def _attached(kind: str, thing: Any, live: Live) -> Probe:
    """Attach the probe of a kind of plot."""
    every, label = max(EVERY, live.simulator.dt), thing.label
    if kind.startswith("similarity"):
        n = getattr(thing, "dimensions", None) or thing.size_out
        probe = _probe(live, thing, synapse=SYNAPSE, sample_every=every)
        live.attach(probe, Tap(label, n, total=n))
        return probe
    if isinstance(thing, Ensemble) and kind in ("value", "x-y", "x-y-z"):
        most = {"x-y": 2, "x-y-z": 3}.get(kind, 6)
        probe, tap = value_tap(live.simulator.network, thing, live.simulator.dt, most)
        live.attach(probe, tap)
        return probe
    if kind in ("spikes", "spike grid"):
        most = MOST_OF_GRID if kind == "spike grid" else 100
        probe, tap = spikes_tap(live.simulator, thing, most)
        live.attach(probe, tap)
        return probe
    if kind == "voltages":
        n = thing.n_neurons
        neurons = np.unique(np.linspace(0, n - 1, min(n, MOST_VOLTAGES)).astype(int))
        probe = _probe(live, thing.neurons[neurons], "voltage")
        tap = Tap(label, MOST_VOLTAGES, total=n)
    elif kind == "error":
        learning = next(part for part in thing.learning if part.size_in)
        probe = _probe(live, learning, "error", sample_every=every)
        tap = Tap(f"{label}: error", total=learning.size_in)
    elif kind == "input":
        probe = _probe(live, thing, "input", sample_every=every)
        tap = Tap(f"{label}: input", total=thing.dimensions)
    else:
        n = thing.size_out
        most = n if kind == "image" else {"x-y": 2, "x-y-z": 3}.get(kind, 6)
        target = thing if n <= most else thing[:most]
        probe = _probe(live, target, sample_every=every)
        tap = Tap(label, most, total=n)
    live.attach(probe, tap)
    return probe


# -- plots of the present state ------------------------------------------------------------


def _weights(connection: Connection, live: Live) -> tuple[Any, Callable[[], None]]:
    matrix = _matrix(connection, live)
    shown = block_means(matrix)
    small = "" if shown.shape == matrix.shape else f" (means of {matrix.shape})"
    title = f"{connection.label}: weights{small}"
    plot = Picture(title, (len(shown), shown.shape[1]), True, ("from", "to"))

    def refresh() -> None:
        plot.show(block_means(_matrix(connection, live)))

    return plot, refresh


def _matrix(connection: Connection, live: Live) -> Any:
    """The present weights of a connection: full ones, or those of its decoders."""
    built = live.simulator.data[connection]
    weights = getattr(built, "weights", None)
    if weights is None:
        weights = built.transform
    if hasattr(weights, "toarray"):
        weights = weights.toarray()
    values = np.asarray(weights, np.float64)
    if values.ndim < 2:
        values = np.diag(np.atleast_1d(values))
    return values.reshape(values.shape[-2:]) if values.ndim == 2 else values[0]


def _tuning(ensemble: Ensemble, live: Live) -> tuple[Any, Callable[[], None]]:
    built = live.simulator.data[ensemble]
    d, radius = ensemble.dimensions, ensemble.radius
    x = np.linspace(-radius, radius, POINTS)
    if d == 1:
        points, name = x[:, None], "x"
        currents = points @ built.scaled_encoders.T + built.bias
    else:  # along the encoder of each neuron
        name = "x along the encoder"
        currents = np.outer(x / radius, built.gain) + built.bias
    curves = ensemble.neuron_type.rates(currents)
    return Curves(ensemble.label, x, np.asarray(curves), name), lambda: None


def _page(node: Node, live: Live) -> tuple[Any, Callable[[], None]]:
    del live
    plot = Page(node.label)
    return plot, lambda: plot.show(html_of(node) or "")


#: Plots of the present state of the simulator, by their kinds.
SNAPSHOTS: dict[str, Callable[[Any, Live], tuple[Any, Callable[[], None]]]] = {
    "weights": _weights,
    "tuning curves": _tuning,
    "page": _page,
}
