"""Limits of what a page shows: connections, names, cells, and when it looks at the state."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.document import Document
from bokeh.models import Button, Div, Slider

import nefsim as nef
from nefsim import spa
from nefsim.view import diagram, inspector, kinds, live, page, plots, recording, shapes, worker
from nefsim.view.looks import about
from nefsim.view.pace import Pace
from nefsim.view.page import Page
from nefsim.view.taps import Piece


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def network(n: int) -> nef.Network:
    net = nef.Network(seed=1)
    for i in range(n):
        net.ensemble(10, 1, label=f"e{i}")
    return net


@pytest.mark.parametrize("n", [1, 4, 5, 7])
def test_an_inspector_has_four_connections_of_a_wire_and_the_number_of_others(n: int) -> None:
    net = network(2)
    a, b = net.ensembles
    connections = tuple(net.connect(a, b, label=f"c{i}") for i in range(n))
    made = Page(live.Live(net, backend="numpy"), 0.5, Clock()).inspector
    parts = made._parts(connections)
    shown = connections[:4]
    assert [p.text for p in parts[: 2 * len(shown) : 2]] == [
        inspector._text(about(c)).text for c in shown
    ]
    for buttons in parts[1 : 2 * len(shown) : 2]:
        assert [b.label for b in buttons.children if isinstance(b, Button)] == ["+ weights"]
    rest = parts[2 * len(shown) :]
    assert all(isinstance(part, Div) for part in rest) and len(rest) == (n > 4)
    if rest:
        assert f"and {n - 4} more connections" in rest[0].text


@pytest.mark.parametrize(("n", "shown"), [(99, 99), (100, 100), (101, 100)])
def test_up_to_a_hundred_names_have_a_similarity(n: int, shown: int) -> None:
    names = spa.Vocabulary(8, seed=1, max_similarity=1.0)
    for i in range(n):
        names.add(f"A{i}")
    piece = Piece("a", 0.1, np.array([0.1]), np.ones((1, 8)), None, 8, 8)
    plot = plots.Similarities(piece, 1.0, names)
    assert len(plot.names) == shown == len(plot.vectors)
    assert (f"({shown} of {n} names)" in plot.title) == (n > shown)


def test_a_matrix_has_96_cells_a_side_and_a_grid_400_neurons() -> None:
    for n in (95, 96, 97, 300):
        assert shapes.block_means(np.ones((n, 3))).shape == (min(n, 96), 3)
        assert shapes.block_means(np.ones((3, n))).shape == (3, min(n, 96))
    assert (kinds.MOST_OF_GRID, kinds.MOST_VOLTAGES) == (400, 3)
    net = nef.Network(seed=1)
    big = net.ensemble(450, 1)
    running = live.Live(net, backend="numpy")
    for kind, most in (("spike grid", 400), ("spikes", 100)):
        piece = kinds.make_panel(kind, big, running, 1.0).empty
        assert piece is not None and (piece.shown, piece.total) == (most, 450)


@pytest.mark.parametrize("n", [5, 6, 7])
def test_six_ensembles_are_shown_where_nothing_is_probed(n: int) -> None:
    made = Page(live.Live(network(n), backend="numpy"), 0.5, Clock())
    assert len({panel.thing.label for panel in made.panels}) == min(n, 6)


def test_a_page_looks_at_the_state_at_each_fifth_update(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    made = Page(live.Live(network(1), backend="numpy"), 0.5, clock)
    made.screen.on_change("packet", lambda name, old, new: setattr(made.screen, "drawn", made.sent))
    looked: list[int] = []
    monkeypatch.setattr(Page, "_look_at_state", lambda self: looked.append(count["n"]))
    made._toggle()
    looked.clear()
    count = {"n": 0}
    made._n_ticks = 0
    for k in range(1, 12):
        count["n"] = k
        clock.now += 0.05
        made.tick()
    assert looked == [5, 10] and page.REFRESH == 5


@pytest.mark.parametrize(("share", "is_marked"), [(0.09, False), (0.1, False), (0.11, True)])
def test_ensembles_beyond_their_radius_in_a_tenth_of_steps_are_marked(
    share: float, is_marked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Page(live.Live(network(1), backend="numpy"), 0.5, Clock())
    (ensemble,) = made.live.simulator.network.ensembles
    watch = SimpleNamespace(shares=lambda: {ensemble: share})
    monkeypatch.setattr(made.live.simulator, "_watch", watch)
    made._look_at_state()
    assert set(made.diagram.saturated) == ({ensemble} if is_marked else set())
    assert diagram.SATURATED == 0.1


def test_the_first_run_that_is_as_fast_as_possible_has_ten_steps() -> None:
    clock = Clock()
    pace = Pace(clock, 0.002)
    assert pace.due(float("inf")) == 10
    clock.now += 0.01
    pace.ran(10)
    # 2 s of model time a second; a run takes about a tenth of a second.
    assert pace.due(float("inf")) == 100
    quick = Pace(clock, 0.002, worker.BUSY)
    assert quick.due(float("inf")) == 10
    clock.now += 0.01
    quick.ran(10)
    assert quick.due(float("inf")) == 20


@pytest.mark.parametrize(("window", "start", "end"), [(1.0, 1.0, 3.0), (5.0, 3.0, 3.001)])
def test_a_recorded_page_has_a_slider_over_its_time_and_a_button_that_plays(
    window: float, start: float, end: float
) -> None:
    times = 0.01 * np.arange(1, 301)
    lines = Piece("a", 0.01, times, np.sin(times)[:, None], None, 1, 1)
    spikes = Piece("s", 0.01, times[::50], None, np.array([0, 1, 2] * 2), 3, 3, what="spikes")
    document = Document()
    recording.recording(document, [lines, spikes], window, "<x>")
    (root,) = document.roots
    sliders = {slider.title: slider for slider in root.select({"type": Slider})}
    at, speed = sliders["time [s]"], sliders["times real time"]
    assert (at.start, at.value, at.step, at.format) == (start, 3.0, 0.001, "0.000")
    assert at.end == pytest.approx(end)
    assert (speed.start, speed.end, speed.value, speed.step) == (0.05, 4.0, 1.0, 0.05)
    (moved,) = at.js_property_callbacks["change:value"]
    screen = moved.args["screen"]
    assert moved.args == {"at": at, "screen": screen} and moved.code == recording.MOVE
    (ready,) = document.callbacks._js_event_callbacks["document_ready"]
    assert ready.args == moved.args and ready.code.endswith(recording.MOVE)
    (play,) = root.select({"type": Button})
    (clicked,) = play.js_event_callbacks["button_click"]
    assert clicked.args == {"button": play, "at": at, "speed": speed} and play.label == "play"
    assert clicked.code == recording.PLAY.replace("PERIOD", str(recording.PERIOD))
    head = json.loads(screen.packet[4 : 4 + int.from_bytes(screen.packet[:4], "little")])
    assert (head["number"], head["texts"]) == (1, {})
    assert [part["id"] for part in head["parts"]] == screen.plots and len(screen.plots) == 2
    assert [part["x"] for part in head["parts"]] == [[max(0.0, 3.0 - window), max(window, 3.0)]] * 2
    (title,) = root.select({"name": "title"})
    assert (title.text, document.title) == ("<b>&lt;x&gt;</b>", "<x>")


def test_a_recorded_page_without_records_is_as_long_as_its_window() -> None:
    document = Document()
    recording.recording(document, [], 2.5)
    (at,) = (s for s in document.roots[0].select({"type": Slider}) if s.title == "time [s]")
    assert (at.start, at.value) == (2.5, 2.5) and at.end == pytest.approx(2.501)


@pytest.mark.parametrize(("window", "n_rows"), [(0.5, 1000), (2.0, 450), (9.0, 100)])
def test_lines_send_no_more_rows_than_can_be_seen_in_their_window(
    window: float, n_rows: int
) -> None:
    times = 0.001 * np.arange(1000)
    piece = Piece("a", 0.001, times, np.sin(times)[:, None], None, 1, 1, 1.0, "value")
    lines = plots.Lines(piece, window)
    lines.add(piece, 1.0)
    (part,) = lines.take()
    # 900 rows are seen in a window; groups of rows are rounded up.
    assert 0.8 * n_rows <= len(part.arrays[0]) <= n_rows
