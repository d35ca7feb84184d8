"""The page with values that are not finite, silent neurons, and clocks that run on."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

import nefsim as nef
from nefsim import view
from nefsim.view import painting, plots, shapes
from nefsim.view.pace import Pace
from nefsim.view.page import Page
from nefsim.view.taps import Piece


def head_of(packet: bytes) -> Any:
    """The JSON text of a packet, as a browser reads it."""

    def refused(text: str) -> None:
        raise AssertionError(text)

    size = int.from_bytes(packet[:4], "little")
    return json.loads(packet[4 : 4 + size], parse_constant=refused)


def clock_of(*times: float) -> Any:
    """A clock that a test sets by its attribute ``now``."""

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    return Clock()


def growing() -> nef.Network:
    """A loop that grows beyond all numbers, and an ensemble."""
    net = nef.Network(seed=1)
    loop = net.node(size_in=3, label="loop")
    net.connect(net.node([1.0, -1.0, 0.5]), loop)
    net.connect(loop, loop, transform=1e6, synapse=0.001)
    net.probe(loop, label="loop")
    return net


# -- values that are not finite ------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:(overflow|invalid value):RuntimeWarning")
def test_a_page_goes_on_when_a_value_is_infinite_or_no_number() -> None:
    clock = clock_of()
    net = growing()
    page = Page(view.Live(net, backend="numpy"), 0.5, clock)
    loop = net.all_nodes[0]
    for kind in ("x-y", "x-y-z"):
        page.add(kind, loop)
    page._toggle()
    for k in range(1, 6):
        clock.now = 0.05 * k
        page.tick()
        page.screen.drawn = page.sent
        head = head_of(page.screen.packet or b"")
        assert len(head["parts"]) == 3
    rows = page.panels[0].history.window(-1.0, 9.0)
    assert rows is not None and rows.rows is not None and not np.isfinite(rows.rows[-1]).all()
    for plot in page.plots:
        assert np.isfinite([*plot.x, *plot.y]).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 1.7e308, -1.7e308])
def test_ranges_have_finite_values_only(bad: float) -> None:
    rows = np.array([[0.5, -2.0, 0.0], [bad, 3.0, bad], [bad, bad, bad]])
    piece = Piece("a", 0.1, np.array([0.1, 0.2, 0.3]), rows, None, 3, 3)
    matrix = np.array([[bad, 1.0], [-4.0, 0.0]])
    made: list[Any] = [plots.Lines(piece, 1.0), shapes.Trajectory(piece, 1.0, 2)]
    for plot in made:
        plot.add(piece, 0.3)
    if not abs(bad) > 1e300 or not np.isfinite(bad):
        assert made[0].y == pytest.approx((-2.5, 3.5)) and made[1].reach == pytest.approx(3.6)
    made += [shapes.Picture("a", (2, 2), True), shapes.Picture("a", (2, 2), False)]
    for picture in made[2:]:
        picture.show(matrix)
    made.append(shapes.Curves("a", np.array([0.0, 1.0]), matrix, "x"))
    if not np.isfinite(bad):
        assert [picture.most for picture in made[2:4]] == [4.0, 4.0]
        assert made[2].values.tolist()[1] == [0, 128]
    head_of(painting.packet([part for plot in made for part in plot.take()], number=1))
    names = nef.spa.Vocabulary(3, seed=1)
    names.add("CAT")
    similar = plots.Similarities(piece, 1.0, names)
    similar.add(piece, 0.3)
    head_of(painting.packet(similar.take(), number=1))


def test_a_packet_with_infinite_numbers_is_refused() -> None:
    part = painting.Part({"id": "p1", "y": [0.0, float("inf")]}, ())
    with pytest.raises(ValueError, match="not JSON compliant"):
        painting.packet([part])


# -- the thread, and the start of a run ------------------------------------------------------------


def test_no_run_is_due_while_more_has_run_than_was_owed() -> None:
    clock = clock_of()
    pace = Pace(clock, 0.001)
    pace.ran(50)  # of a measurement before the last start
    for now in (0.01, 0.02, 0.1):
        clock.now = now
        assert pace.due(1.0) == max(0, round(1000 * now) - 50)


def test_the_pace_starts_and_the_state_is_read_while_the_thread_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = nef.Network(seed=1)
    net.connect(net.node(0.5), net.ensemble(20, 1))
    page = Page(view.Live(net, backend="numpy"), 0.5, threaded=True)
    calls: list[str] = []
    try:
        worker = page.worker
        assert worker is not None

        def watched(name: str, work: Any) -> Any:
            def call(*arguments: Any) -> Any:
                calls.append(name)
                assert worker._turn._is_owned()  # type: ignore[attr-defined]
                return work(*arguments)

            return call

        monkeypatch.setattr(page.pace, "start", watched("start", page.pace.start))
        watch = page.live.simulator._watch
        monkeypatch.setattr(watch, "shares", watched("shares", watch.shares))
        page._toggle()
        page._look_at_state()
        page.step()
        page.restart()
        worker.error = ValueError("no")
        page.playing = True
        with pytest.raises(ValueError, match="no"):
            page.restart()
        assert set(calls) == {"start", "shares"} and calls.count("start") >= 4
    finally:
        page.close()


def test_a_pause_shows_what_the_thread_has_computed_until_then() -> None:
    net = nef.Network(seed=1)
    net.node(lambda t: t)
    page = Page(view.Live(net, backend="numpy"), 0.5, threaded=True)
    try:
        page._toggle()
        for _ in range(5000):  # no tick takes the records
            if len(page.worker._done) > 2:  # type: ignore[union-attr]
                break
            time.sleep(0.002)
        page._toggle()
        n_steps = page.live.simulator.n_steps
        assert n_steps > 2 and page.now == n_steps * page.live.simulator.dt
        assert page.sent == 1 and page.bar.clock.startswith(f"{page.now:.2f} s")
        assert page.bar.play.label == "run"
    finally:
        page.close()


def test_an_error_of_the_last_run_before_a_pause_is_shown() -> None:
    ready, go = threading.Event(), threading.Event()

    def fails(t: float) -> float:
        ready.set()
        go.wait(60.0)
        raise ValueError("broken")

    net = nef.Network(seed=1)
    net.node(fails, size_out=1)
    page = Page(view.Live(net, backend="numpy"), 0.5, threaded=True)
    try:
        page._toggle()
        assert ready.wait(60.0)
        threading.Timer(0.1, go.set).start()
        with pytest.raises(Exception, match="broken"):
            page._toggle()
        assert not page.playing and "stopped: " in page.bar.clock and "broken" in page.bar.clock
        page.tick()  # once
    finally:
        page.close()


@pytest.mark.parametrize("threaded", [False, True])
def test_weights_and_pages_are_shown_after_a_start_while_paused(threaded: bool) -> None:
    def html(t: float) -> float:
        return t

    html.html = "<b>at</b>"  # type: ignore[attr-defined]
    net = nef.Network(seed=1)
    node = net.node(html, label="page")
    connection = net.connect(net.ensemble(20, 1), net.ensemble(20, 1), transform=0.5)
    page = Page(view.Live(net, backend="numpy"), 0.5, threaded=threaded)
    try:
        weights, shown = page.add("weights", connection), page.add("page", node)
        assert weights is not None and shown is not None
        before, text = weights.plot.values.copy(), shown.plot.text
        assert text == "<b>at</b>" and len(np.unique(before)) > 1
        page.restart()
        np.testing.assert_array_equal(weights.plot.values, before)
        assert shown.plot.text == text
        heads = head_of(page.screen.packet or b"")["parts"]
        assert heads[-1]["id"] == weights.plot.figure.id and heads[-1]["kind"] == "image"
    finally:
        page.close()


# -- records ---------------------------------------------------------------------------------------


def test_a_silent_population_is_recorded_with_the_length_of_its_run() -> None:
    net = nef.Network(seed=1)
    silent = net.ensemble(10, 1, label="silent", gain=1.0, bias=-9.0)
    net.probe(silent.neurons, label="spikes")
    result = view.record(net, 0.05, backend="numpy")
    assert result.shapes == {"spikes spikes": (50, 10)}
    assert not result["spikes spikes"].any()


def test_the_first_columns_of_a_record_do_not_retain_the_others() -> None:
    net = nef.Network(seed=1)
    wide, few = net.node(np.ones(50)), net.node(np.ones(3))
    net.probe(wide, label="wide")
    net.probe(few, label="few")
    for piece in view.Live(net, backend="numpy").advance(0.05):
        assert piece.rows is not None
        assert piece.rows.shape == (50, min(piece.total, 6))
        base = piece.rows if piece.rows.base is None else piece.rows.base
        assert base.size <= 50 * 6 or piece.label == "few"


def test_many_spikes_in_a_column_of_a_raster_stay_a_dark_mark() -> None:
    piece = Piece("a", 0.001, np.zeros(0), None, np.zeros(0, int), 2, 2)
    raster = plots.Raster(piece, 400.0)
    for k in range(4):
        neurons = np.array([0] * 128 + [1] * 300 * (k == 0))
        times = np.full(len(neurons), 0.5)
        raster.add(Piece("a", 0.001, times, None, neurons, 2, 2), 0.6)
        assert raster.marks.sum(axis=1).tolist() == [min(255, 128 * (k + 1)), 255]
