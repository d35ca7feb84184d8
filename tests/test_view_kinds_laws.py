"""Laws of the kinds of plots, of the thread of a page, and of its notes."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

import nefsim as nef
from nefsim.view import kinds, wall, worker
from nefsim.view.kinds import Panel, kinds_of, make_panel
from nefsim.view.live import Live
from nefsim.view.page import Page
from nefsim.view.plots import Lines, Raster
from nefsim.view.shapes import Grid, Picture, Trajectory
from nefsim.view.taps import Piece
from nefsim.view.worker import Worker


class Plot:
    """A plot of half a second that notes its calls."""

    window = 0.5

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def add(self, piece: Piece, now: float) -> None:
        self.calls.append(("add", piece.times.tolist(), now))

    def replace(self, piece: Piece, now: float) -> None:
        self.calls.append(("replace", piece.times.tolist(), now))

    def again(self) -> None:
        self.calls.append("again")

    def clear(self) -> None:
        self.calls.append("clear")


def piece(*times: float) -> Piece:
    return Piece("a", 0.1, np.array(times), np.zeros((len(times), 1)))


def test_a_panel_draws_what_is_not_drawn_yet() -> None:
    plot = Plot()
    probe: Any = object()
    panel = Panel("value", None, plot, probe, empty=piece())
    panel.draw(0.0)
    for when in (0.1, 0.4):
        panel.history.add(piece(when))
    panel.draw(0.2)
    panel.draw(0.4)
    panel.history.add(piece(0.9))
    panel.draw(0.9)  # what was drawn is older than the window
    panel.draw(0.5)  # an earlier time
    assert plot.calls == [
        ("replace", [], 0.0),
        ("add", [0.1], 0.2),
        ("add", [0.4], 0.4),
        ("replace", [0.9], 0.9),
        ("replace", [0.1, 0.4], 0.5),
    ]
    panel.clear()
    assert plot.calls[-1] == "clear" and panel.drawn is None and panel.history.start == 0.0
    shown: list[int] = []
    state = Panel("weights", None, plot, refresh=lambda: shown.append(1))
    for _ in range(2):
        state.draw(1.0)
    assert shown == [1] and plot.calls[-1] == "again" and state.drawn == 1.0


@pytest.fixture(scope="module")
def live() -> Live:
    net = nef.Network(seed=1)
    for n in (1, 2, 3, 9, 15, 16, 25, 17):
        net.node(np.zeros(n), label=f"n{n}")
    net.node(size_in=1, label="relay")
    net.node(lambda t, x: None, size_in=1, label="nothing")
    a = net.ensemble(41, 3, label="a", radius=2.0)
    one = net.ensemble(4, 1, label="one", neuron_type=nef.RectifiedLinear())
    direct = net.ensemble(1, 2, label="direct", neuron_type=nef.Direct())
    net.connect(a, one, function=lambda x: 0.0, label="learned", learning_rule=nef.PES())
    net.connect(one, net.connections[0].learning_rule)
    net.connect(direct, a[:2], label="direct")
    net.connect(a, a, label="voja", learning_rule=nef.Voja())
    return Live(net, backend="numpy")


def thing(live: Live, label: str) -> Any:
    net = live.simulator.network
    things = [*net.all_nodes, *net.all_ensembles, *net.all_connections]
    return next(each for each in things if each.label == label)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("n1", ["value"]),
        ("n2", ["value", "x-y"]),
        ("n3", ["value", "x-y", "x-y-z"]),
        ("n9", ["value", "x-y", "x-y-z"]),
        ("n15", ["value", "x-y", "x-y-z"]),
        ("n16", ["value", "x-y", "x-y-z", "image"]),
        ("n17", ["value", "x-y", "x-y-z"]),
        ("n25", ["value", "x-y", "x-y-z", "image"]),
        ("relay", ["value"]),
        ("nothing", []),
        ("one", ["value", "tuning curves", "input"]),
        ("learned", ["weights", "error"]),
        ("voja", ["weights", "error"]),
    ],
)
def test_an_object_has_the_kinds_of_its_size(live: Live, label: str, expected: list[str]) -> None:
    assert kinds_of(thing(live, label), live) == expected


def test_kinds_of_ensembles_depend_on_their_neurons(live: Live) -> None:
    spiking = ["value", "spikes", "spike grid", "x-y", "x-y-z", "voltages", "tuning curves"]
    assert kinds_of(thing(live, "a"), live)[:7] == spiking
    direct = next(e for e in live.simulator.network.all_ensembles if e.label == "direct")
    assert kinds_of(direct, live)[:2] == ["value", "x-y"]
    assert "tuning curves" not in kinds_of(direct, live)
    connection = next(c for c in live.simulator.network.all_connections if c.label == "direct")
    assert kinds_of(connection, live) == []


@pytest.mark.parametrize(
    ("label", "kind", "plot", "shown", "total"),
    [
        ("a", "value", Lines, 3, 3),
        ("a", "x-y", Trajectory, 2, 3),
        ("a", "x-y-z", Trajectory, 3, 3),
        ("a", "spikes", Raster, 41, 41),
        ("a", "spike grid", Grid, 41, 41),
        ("a", "voltages", Lines, 3, 41),
        ("a", "input", Lines, 3, 3),
        ("learned", "error", Lines, 1, 1),
        ("n9", "value", Lines, 6, 9),
        ("n9", "x-y", Trajectory, 2, 9),
        ("n25", "image", Picture, 25, 25),
    ],
)
def test_a_plot_records_what_it_shows(
    live: Live, label: str, kind: str, plot: type, shown: int, total: int
) -> None:
    panel = make_panel(kind, thing(live, label), live, 2.0)
    assert type(panel.plot) is plot and panel.empty is not None and panel.probe is not None
    assert (panel.empty.shown, panel.empty.total) == (shown, total)
    target: Any = panel.probe.target
    if kind == "voltages":
        assert panel.plot.window == 0.2 and make_panel(kind, thing(live, label), live, 0.1)
        assert np.asarray(nef.network.objects.indices(target)).tolist() == [0, 20, 40]
    elif plot in (Lines, Raster):
        assert panel.plot.window == 2.0
    if kind in ("error", "input"):
        assert panel.empty.label == f"{label}: {kind}"
    if kind in ("error", "input", "image"):
        assert panel.probe.sample_every == 0.005
    if plot is Picture:
        assert panel.plot.shape == (5, 5) and not panel.plot.signed
    if plot is Trajectory:
        assert panel.plot.n == {"x-y": 2, "x-y-z": 3}[kind]


def test_curves_reach_from_end_to_end_of_the_radius(live: Live) -> None:
    for label, radius in (("a", 2.0), ("one", 1.0)):
        ensemble = thing(live, label)
        plot = make_panel("tuning curves", ensemble, live, 1.0).plot
        np.testing.assert_allclose(plot.points, np.linspace(-radius, radius, 81))
        built = live.simulator.data[ensemble]
        x = np.linspace(-radius, radius, 81)
        if label == "one":
            currents = x[:, None] @ built.scaled_encoders.T + built.bias
        else:
            currents = x[:, None] / radius * built.gain + built.bias
        rates = ensemble.neuron_type.rates(currents)
        np.testing.assert_allclose(plot.curves[:, 0], rates[:, 0])
        np.testing.assert_allclose(plot.curves[:, -1], rates[:, -1])


def test_weights_are_full_or_those_of_decoders(live: Live) -> None:
    learned = thing(live, "learned")
    plot = make_panel("weights", learned, live, 1.0).plot
    built = live.simulator.data[learned]
    assert plot.shape == (1, 41) and plot.signed
    np.testing.assert_array_equal(kinds._matrix(learned, live), built.weights)
    diagonal = kinds._matrix(
        SimpleNamespace(),  # type: ignore[arg-type]
        SimpleNamespace(simulator=SimpleNamespace(data=Built())),  # type: ignore[arg-type]
    )
    np.testing.assert_array_equal(diagonal, np.diag([1.0, 2.0]))


class Built:
    """The data of connections with a diagonal transform and no weights."""

    def __getitem__(self, connection: Any) -> Any:
        return SimpleNamespace(weights=None, transform=np.array([1.0, 2.0]))


def test_html_of_a_wrapped_function_is_found_up_to_three_wrappers_deep() -> None:
    def shows(t: float) -> float:
        return t

    shows.html = "<b>"  # type: ignore[attr-defined]
    output: Any = shows
    for depth in range(5):
        found = kinds.html_of(SimpleNamespace(output=output))  # type: ignore[arg-type]
        assert found == ("<b>" if depth < 4 else None)
        output = SimpleNamespace(**{"__wrapped__" if depth % 2 else "function": output})
    assert kinds.html_of(SimpleNamespace(output=None)) is None  # type: ignore[arg-type]
    theirs = SimpleNamespace(html=3, _nengo_html_="<i>")
    assert kinds.html_of(SimpleNamespace(output=theirs)) == "<i>"  # type: ignore[arg-type]


# The thread


class Pace:
    """Asks for three steps at a time."""

    def __init__(self) -> None:
        self.speeds: list[float] = []
        self.n_ran: list[int] = []

    def due(self, speed: float) -> int:
        self.speeds.append(speed)
        return 3

    def ran(self, n_steps: int) -> None:
        self.n_ran.append(n_steps)


def until(holds: Any) -> None:
    end = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_thread_runs_until_fifty_runs_wait_to_be_drawn() -> None:
    simulator = SimpleNamespace(dt=0.002, n_steps=0)
    asked: list[float] = []

    def advance(seconds: float) -> list[Piece]:
        asked.append(seconds)
        simulator.n_steps += 3
        if simulator.n_steps == 300:
            raise KeyError("x")
        return [piece(seconds)]

    pace = Pace()
    thread = Worker(SimpleNamespace(simulator=simulator, advance=advance), pace)  # type: ignore[arg-type]
    assert (thread.speed, thread.error) == (1.0, None)
    thread.speed = 0.5
    thread.play()
    until(lambda: len(thread._done) == worker.MOST_WAITING == 50)
    time.sleep(0.02)
    assert asked == pytest.approx([0.006] * 50)
    with thread.alone():
        taken = thread.take()
        time.sleep(0.02)
        assert len(asked) == 50
    assert [steps for steps, _ in taken] == [3 * i for i in range(1, 51)]
    assert thread._asked == 0
    until(lambda: thread.error is not None and len(pace.n_ran) == 100)
    assert isinstance(thread.error, KeyError) and not thread._plays.is_set()
    assert len(asked) == 100 and len(thread.take()) == 49
    assert set(pace.speeds) == {0.5} and pace.n_ran == [3] * 100
    thread.play()
    assert thread.error is None
    until(lambda: len(asked) > 100)
    thread.pause()
    thread.close()
    thread._thread.join(60.0)
    assert not thread._thread.is_alive()


# The wall


def test_a_page_has_forty_plots_at_most_and_says_what_is_left_out(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wall.MOST_PANELS == 40
    net = nef.Network(seed=1)
    net.ensemble(10, 1, label="a")
    page = Page(Live(net, backend="numpy"), 0.5, lambda: 0.0)
    n = len(page.panels)
    a = page.live.simulator.network.ensembles[0]
    monkeypatch.setattr(wall, "MOST_PANELS", n + 1)
    assert page.add("value", a) is page.panels[-1] and len(page.panels) == n + 1
    assert page.add("value", a) is None and len(page.panels) == n + 1
    assert page._notes(0) == f"{n + 1} plots."
    while page.panels:
        page.remove(page.panels[0])
    assert page._notes(0) == "Nothing to plot: add ensembles or probes."
    page.add("value", a)
    monkeypatch.setattr(page.live, "n_hidden", 3)
    assert page._notes(2) == (
        "1 plot; ensembles not shown: 3 (name them with --show); "
        "values of inputs without a slider: 2."
    )
