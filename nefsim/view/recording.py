"""A recorded run as a page that plays without a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.layouts import column, row
from bokeh.models import Button, CustomJS, Div, Slider
from bokeh.resources import INLINE
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim._writing import replacing
from nefsim.network import Network
from nefsim.plot._order import evenly
from nefsim.records import Events
from nefsim.result import Result
from nefsim.simulator import Simulator
from nefsim.view.live import Live
from nefsim.view.painting import Screen, packet, painter
from nefsim.view.plots import Lines, Raster, thinned
from nefsim.view.taps import MOST_LINES, MOST_NEURONS, Piece, part_of
from nefsim.view.theme import Theme

Array = NDArray[np.float64]

#: Most rows of a line, and most columns of a raster, in a file.
MOST_ROWS, MOST_COLUMNS = 20_000, 8_000

#: Forbids requests to other machines, such as for Bokeh's fonts of formulas.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'unsafe-inline' 'unsafe-eval' data: blob:\">"
)

#: Wall time between two pictures [ms].
PERIOD = 40

#: Moves the windows of all plots to the time of the slider.
TAKE, MOVE = "screen.painter.take();", "screen.painter.move(at.value);"

#: Starts or stops a timer that moves the slider with the clock.
PLAY = """
if (button.timer != null) {
  clearInterval(button.timer); button.timer = null; button.label = 'play';
} else {
  if (at.value >= at.end) { at.value = at.start; }
  let before = performance.now();
  button.label = 'pause';
  button.timer = setInterval(() => {
    const now = performance.now();
    at.value = Math.min(at.end, at.value + speed.value * (now - before) / 1000);
    before = now;
    if (at.value >= at.end) {
      clearInterval(button.timer); button.timer = null; button.label = 'play';
    }
  }, PERIOD);
}
"""


def pieces_of(result: Result) -> list[Piece]:
    """The records of a result as pieces: of each the first columns, or some neurons."""
    found: list[Piece] = []
    for label in result:
        record, times = result.kept(label), result.trange(label)
        if len(record.shape) == 3:  # the first of several trials
            record = record.trial(0) if isinstance(record, Events) else record[0]
        if not len(times):
            continue
        every = float(times[1] - times[0]) if len(times) > 1 else float(times[0])
        total = record.shape[1]
        if isinstance(record, Events):
            chosen = evenly(np.arange(total), MOST_NEURONS)
            place = np.full(total, -1)
            place[chosen] = np.arange(len(chosen))
            rows = place[record.neurons]
            good = rows >= 0
            found.append(
                Piece(label, every, record.times[good], None, rows[good], len(chosen), total)
            )
        else:
            values = np.asarray(record[:, :MOST_LINES], np.float64)
            found.append(
                Piece(label, every, times, values, None, values.shape[1], total, None, "value")
            )
    return found


def recording(
    document: Document, pieces: Sequence[Piece], window: float = 2.0, title: str = "nefsim"
) -> None:
    """Add a recorded run to a document, with a slider for the time and a button to play it.

    The page needs no server.

    Parameters
    ----------
    document : bokeh.document.Document
        The document.
    pieces : sequence of Piece
        The records of each plot.
    window : float [s]
        Length of the time axis.
    title : str
        Title of the page.
    """
    plots: list[Any] = []
    ends = [float(piece.times[-1]) for piece in pieces if len(piece.times)]
    end = max(ends, default=window)
    for piece in pieces:
        shown = piece
        if piece.neurons is None:
            assert piece.rows is not None
            shown = part_of(piece, *thinned(piece.times, piece.rows, MOST_ROWS), None)
            plot: Any = Lines(shown, window, retains=True)
        else:
            plot = Raster(piece, window, span=max(end, window), most=MOST_COLUMNS)
        plot.replace(shown, end)
        plots.append(plot)
    first = min(window, end)
    at = Slider(
        start=first,
        end=max(end, first + 1e-3),
        value=end,
        step=0.001,
        title="time [s]",
        sizing_mode="stretch_width",
        format="0.000",
    )
    screen = Screen(plots=[plot.figure.id for plot in plots])
    screen.packet = packet([part for plot in plots for part in plot.take()], number=1, texts={})
    arguments = {"at": at, "screen": screen}
    at.js_on_change("value", CustomJS(args=arguments, code=MOVE))
    document.js_on_event("document_ready", CustomJS(args=arguments, code=painter(TAKE + MOVE)))
    speed = Slider(start=0.05, end=4.0, value=1.0, step=0.05, title="times real time", width=170)
    play = Button(label="play", button_type="primary", width=80)
    code = PLAY.replace("PERIOD", str(PERIOD))
    play.js_on_click(CustomJS(args={"button": play, "at": at, "speed": speed}, code=code))
    head = Div(text="", disable_math=True, name="title")
    head.text = _escaped(title)
    bar = row(play, speed, at, sizing_mode="stretch_width")
    figures = [column(p.figure, styles={"flex": "1 1 45%", "min-width": "350px"}) for p in plots]
    wall = row(*figures, styles={"flex-wrap": "wrap"}, sizing_mode="stretch_width")
    document.title = title
    root = column(head, bar, wall, sizing_mode="stretch_width")
    Theme().dress(root)
    document.add_root(root)


def _escaped(title: str) -> str:
    from html import escape

    return f"<b>{escape(title)}</b>"


def as_html(pieces: Sequence[Piece], window: float = 2.0, title: str = "nefsim") -> str:
    """The page of a recorded run as one HTML text, with all scripts in it."""
    document = Document()
    recording(document, pieces, window, title)
    html = str(file_html(document, INLINE, title))
    return html.replace("<head>", f"<head>{POLICY}", 1)


def add_recording(document: Document, result: Result, window: float = 2.0) -> None:
    """Add the page of a recorded run to a Bokeh document."""
    recording(document, pieces_of(result), window)


def as_result(pieces: dict[str, Piece], end: float = 0.0) -> Result:
    """The records of plots as a result, which ends at a time [s] or with the last record."""
    records: dict[str, Any] = {}
    times: dict[str, Any] = {}
    end = max([end, *(float(p.times[-1]) for p in pieces.values() if len(p.times))])
    for name, piece in pieces.items():
        if piece.rows is not None:
            records[name], times[name] = piece.rows, piece.times
            continue
        assert piece.neurons is not None
        n_steps = round(end / piece.every)
        steps = np.clip(np.round(piece.times / piece.every).astype(np.intp) - 1, 0, n_steps - 1)
        order = np.lexsort((piece.neurons, steps))
        times[name] = np.arange(1, n_steps + 1) * piece.every
        records[name] = Events(
            steps=steps[order],
            cells=piece.neurons[order],
            values=np.full(len(steps), 1.0 / piece.every),
            shape=(n_steps, piece.shown),
            times=times[name],
        )
    every = min((p.every for p in pieces.values()), default=0.001)
    return Result(records, times, np.arange(1, round(end / every) + 1) * every, {"dt": every})


def record(
    net: Network,
    seconds: float,
    dt: float = 0.001,
    backend: str = "auto",
    show: Sequence[str] | None = None,
) -> Result:
    """Run a network, and record its probes or, if it has none, its first ensembles.

    Parameters
    ----------
    net : Network
        The network.
    seconds : float [s]
        Duration of the run.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.

    Returns
    -------
    Result

    Raises
    ------
    TypeError, ValueError
        As for :class:`~nefsim.view.Live`.

    See Also
    --------
    save_html : Save a result as a page.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim import view
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(20, 1, label="a")
    >>> view.record(net, 0.1).shapes
    {'a value': (20, 1), 'a spikes': (100, 20)}
    """
    live = Live(net, dt, backend, show)
    length = check.seconds("record", "seconds", seconds, zero=True)
    pieces: dict[str, Piece] = {}
    for piece in live.advance(length):
        kind = "spikes" if piece.rows is None else piece.what.removeprefix("decoded ")
        name = f"{piece.label} {kind}"
        while name in pieces:
            name += "'"
        pieces[name] = piece
    return as_result(pieces, live.simulator.n_steps * live.simulator.dt)


def save_html(
    source: Result | Simulator, path: str | Path, window: float = 2.0, title: str = "nefsim"
) -> Path:
    """Save a recorded run as one HTML file, which plays in any browser without a server.

    Parameters
    ----------
    source : Result or Simulator
        The run.  Of each record the first six columns are shown, or 100 neurons.
    path : str or Path
        The file; ".html" is added if the name has no ending.
    window : float [s]
        Length of the time axis.
    title : str
        Title of the page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TypeError
        If ``source`` is neither a result nor a simulator, or another argument of a wrong type.
    ValueError
        If the window is not above 0.

    See Also
    --------
    server : Show a network while it runs.
    nefsim.Result.save : Save the numbers.

    Examples
    --------
    >>> import tempfile
    >>> import nefsim as nef
    >>> from nefsim import view
    >>> net = nef.Network(seed=1)
    >>> p = net.probe(net.ensemble(20, 1), synapse=0.02)
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = view.save_html(sim, f"{folder}/run")
    ...     path.name, path.stat().st_size > 10000
    ('run.html', True)
    """
    who = "save_html"
    do = "pass a Result or a Simulator"
    check.instance(who, "source", source, (Result, Simulator), "a run", do)
    seconds = check.positive(who, "window", window, "pass seconds above 0")
    text = check.instance(who, "title", title, str, "a text", "pass a text")
    result = source.result() if isinstance(source, Simulator) else source
    target = files.as_path(who, path, "path", ending=False)
    if not target.suffix:
        target = target.with_name(f"{target.name}.html")
    html = as_html(pieces_of(result), seconds, text)
    with replacing(target) as stream:
        stream.write(html.encode())
    return target
