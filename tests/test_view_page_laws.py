"""Laws of the page: its clock, sliders, axes and images by hand, and limits of its server."""

from __future__ import annotations

import errno
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.document import Document
from bokeh.models import Slider

import nefsim as nef
from nefsim import view
from nefsim.view import access, knobs, plots
from nefsim.view.pace import Pace
from nefsim.view.page import Page
from nefsim.view.taps import Piece

server = sys.modules[view.server.__module__]


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


# -- pace --------------------------------------------------------------------------------------


def test_a_step_is_due_when_it_is_owed_but_for_a_millionth() -> None:
    for late, steps in ((0.49999925, 0), (0.49999975, 1), (0.5, 1), (0.25, 0)):
        clock = Clock()
        pace = Pace(clock, 1.0)
        clock.now = late
        assert pace.due(2.0) == steps


def test_a_debt_that_is_not_run_is_carried_on() -> None:
    clock = Clock()
    pace = Pace(clock, 1.0)
    for now, due in ((0.25, 0), (0.5, 0), (0.75, 0), (1.0, 1)):
        clock.now = now
        assert pace.due(1.0) == due
    pace.ran(1)
    clock.now = 1.25
    assert pace.due(1.0) == 0


def test_the_page_counts_wall_time_while_it_plays() -> None:
    clock = Clock()
    page = Page(view.Live(nef.Network(seed=1), backend="numpy"), 0.5, clock=clock)
    shown = []
    for now, clicks in ((2.0, True), (5.0, False), (9.0, True), (11.0, False)):
        clock.now = now
        if clicks:  # runs from 2 to 9 s
            page._toggle()
        page._show_time()
        shown.append(page.bar.wall)
    assert shown == [f"wall time {seconds} s" for seconds in (0, 3, 7, 7)]


def test_the_speed_is_that_since_the_last_measurement_a_second_ago() -> None:
    clock = Clock()
    pace = Pace(clock, 0.001)
    speeds = []
    for now, model in ((5.0, 1.0), (10.0, 3.0), (10.5, 4.0), (11.0, 4.5), (11.5, 6.0)):
        clock.now = now
        speeds.append(pace.drawn(model))
    assert speeds == [1 / 5, 2 / 5, 3 / 5.5, 1.5 / 1.0, 2 / 1.0]
    pace.start(6.0)
    assert pace.drawn(6.0) is None
    clock.now = 12.0
    assert pace.drawn(7.0) == 2.0


# -- sliders -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "rounded"),
    [(1.0, 1.0), (1.01, 2.0), (2.0, 2.0), (2.5, 5.0), (5.5, 10.0), (0.15, 0.2), (999.0, 1000.0)],
)
def test_ranges_are_rounded_up_to_one_two_or_five(number: float, rounded: float) -> None:
    assert knobs.round_up(number) == pytest.approx(rounded, rel=1e-15)


def test_a_slider_has_a_hundred_steps_to_each_side_and_there_are_24() -> None:
    net = nef.Network(seed=1)
    for size in (9, 3, 8, 8):
        net.node(np.zeros(size))
    inputs = {node: np.array(node.output) for node in net.nodes}
    all_knobs, n_without = knobs.knobs(net, inputs)
    made = [knob.slider for knob in all_knobs]
    assert (len(made), n_without) == (24, 4)
    assert [s.title.rpartition("[")[2] for s in made[7:12]] == ["7]", "0]", "1]", "2]", "0]"]
    assert {(s.start, s.end, s.step, s.value) for s in made} == {(-1.0, 1.0, 0.01, 0.0)}
    made[9].value = 0.5
    made[10].value = -0.25
    assert [*inputs.values()][1].tolist() == [0.0, 0.5, -0.25]


# -- live --------------------------------------------------------------------------------------


def network() -> nef.Network:
    net = nef.Network(seed=1)
    for label in "ab":
        net.connect(net.node(0.5), net.ensemble(10, 1, label=label), synapse=None)
    net.ensemble(1, 1, neuron_type=nef.Direct(), label="c")
    return net


def test_ensembles_are_decoded_by_a_filter_of_20_ms_each_5_ms() -> None:
    live = view.Live(network())
    probes = [*live._labels]
    assert [tap.label for tap in live._labels.values()] == ["a", "a", "b", "b", "c"]
    assert {p.sample_every for p in probes[::2]} == {0.005}
    assert {p.synapse for p in probes[::2]} == {nef.Lowpass(0.02)}
    assert {p.sample_every for p in [*view.Live(network(), dt=0.25)._labels][::2]} == {0.25}


def test_only_networks_are_shown() -> None:
    with pytest.raises(TypeError, match=r"^Live: net must be a network, got 3; pass a Network"):
        view.Live(3)  # type: ignore[arg-type]


def test_only_ensembles_that_are_left_out_by_default_are_hidden() -> None:
    net = network()
    for there, names in ((nef.Network(), "none"), (net, "a, b, c")):
        with pytest.raises(ValueError, match=rf"got 'z'; name some of {names}\.$"):
            view.Live(there, show=["z"])
    assert view.Live(net).n_hidden == 0
    for _ in range(5):
        net.ensemble(5, 1)
    assert view.Live(net).n_hidden == 2
    assert view.Live(net, show=["a"]).n_hidden == 0
    net.probe(net.ensembles[0])
    assert view.Live(net).n_hidden == 0


def test_a_piece_counts_its_columns_and_those_that_are_shown() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(150, 8, radius=2.0, label="a")
    net.probe(a, label="y"), net.probe(a.neurons, label="s"), net.probe(a.neurons, "voltage")
    values, spikes, voltage = view.Live(net).advance(0.004)
    assert (values.shown, values.total, values.reach, values.what) == (6, 8, 2.0, "decoded value")
    assert (spikes.shown, spikes.total, spikes.what) == (100, 150, "spikes")
    assert (voltage.shown, voltage.total, voltage.reach) == (6, 150, None)
    assert values.every == 0.001 and values.rows is not None and values.rows.shape == (4, 6)


# -- page --------------------------------------------------------------------------------------


def page_of(net: nef.Network, window: float = 0.2) -> tuple[Page, Clock]:
    clock = Clock()
    page = Page(view.Live(net, backend="numpy"), window, clock)
    page.screen.on_change("packet", lambda name, old, new: setattr(page.screen, "drawn", page.sent))
    return page, clock


def test_a_page_calls_itself_25_times_a_second() -> None:
    document = Document()
    page = view.add_page(document, view.Live(network()))
    (callback,) = document.session_callbacks
    assert callback.period == 40  # ms
    assert callback.callback.__name__ == "tick"
    assert document.title == "nefsim"
    speed = page.bar.speed
    assert (speed.start, speed.end, speed.step, speed.value) == (0.05, 2.0, 0.05, 1.0)
    (takes,) = page.screen.js_property_callbacks["change:packet"]
    assert takes.args == {"screen": page.screen} and "screen.painter.take()" in takes.code


def test_two_pieces_are_sent_ahead() -> None:
    page, clock = page_of(network())
    page.screen._callbacks.clear()  # the browser draws nothing
    page._toggle()
    sent = []
    for _ in range(4):
        clock.now += 0.05
        page.tick()
        sent.append(page.sent)
    assert sent == [1, 2, 2, 2]


def test_time_does_not_pass_while_the_page_is_paused_or_restarted() -> None:
    page, clock = page_of(network())
    for _ in range(3):  # it has not begun
        clock.now += 0.1
        page.tick()
    assert (page.now, page.sent, page.live.simulator.n_steps) == (0.0, 0, 0)
    page._toggle()
    clock.now += 0.1
    page.tick()
    page._toggle()
    clock.now += 9.0
    page._toggle()
    clock.now += 0.05
    page.tick()
    assert page.now == pytest.approx(0.15)
    page.restart()
    assert (page.now, page.bar.clock) == (0.0, "0.00 s")
    clock.now += 0.1
    page.tick()
    assert page.now == pytest.approx(0.1) and page.bar.clock == "0.10 s, 1.00 times real time"
    assert page.panels[0].history.start == 0.005


def test_a_page_counts_its_plots() -> None:
    net = nef.Network(seed=1)
    assert page_of(net)[0]._notes(0) == "Nothing to plot: add ensembles or probes."
    net.probe(net.node(lambda t: t))
    assert page_of(net)[0]._notes(0) == "1 plot."
    net.probe(net.node(0.5))
    page, _ = page_of(net)
    assert page._notes(0) == "2 plots."
    assert page._notes(3) == "2 plots; values of inputs without a slider: 3."
    assert len([*page.root.select({"type": Slider})]) == 3


# -- plots -------------------------------------------------------------------------------------


def values(rows: list[list[float]], times: list[float], **more: Any) -> Piece:
    shown = more.pop("shown", len(rows[0]) if rows else 0)
    array = np.array(rows, float).reshape(len(times), shown)
    return Piece("a", 0.1, np.array(times), array, None, shown, more.pop("total", shown), **more)


def parts_of(plot: Any) -> list[tuple[dict[str, Any], list[list[float]]]]:
    """The new parts of a plot, and their arrays as lists."""
    return [(part.head, [array.ravel().tolist() for array in part.arrays]) for part in plot.take()]


def test_lines_have_names() -> None:
    for n in (1, 2, 6):
        plot = plots.Lines(values([], [], shown=n, total=7), 1.0)
        assert plot.names == [f"x{i}" for i in range(n)]
        assert plot.title == f"a ({n} of 7 columns)"
    assert plots.Lines(values([], [], shown=2), 1.0).title == "a"


def test_lines_send_new_rows_and_the_time_before_which_rows_are_not_seen() -> None:
    plot = plots.Lines(values([], [], shown=2), 0.5)
    for k in range(1, 9):
        plot.add(values([[k, -k]], [0.1 * k]), 0.1 * k)
        ((head, arrays),) = parts_of(plot)
        assert arrays == [[0.1 * k], [k, -k]]
        start, end = max(0.0, 0.1 * k - 0.5), max(0.5, 0.1 * k)
        assert plot.x == pytest.approx((start, end)) and head["x"] == [*plot.x]
        assert head["since"] == pytest.approx(start - 0.15)
        assert (head["columns"], head["is_new"]) == (2, False)
    plot.add(values([[9.0, 9.0]], [0.9]), 0.9)
    plot.clear()
    ((head, arrays),) = parts_of(plot)  # earlier parts are not sent
    assert head["is_new"] and arrays == [[], []]


def test_lines_of_a_recording_are_retained() -> None:
    plot = plots.Lines(values([], [], shown=1), 0.5, retains=True)
    plot.replace(values([[1.0], [2.0]], [0.1, 0.2]), 0.2)
    ((head, arrays),) = parts_of(plot)
    assert head["since"] is None and head["is_new"] and arrays == [[0.1, 0.2], [1.0, 2.0]]


def test_an_axis_has_a_tenth_more_than_its_values() -> None:
    plot = plots.Lines(values([], [], shown=1), 1.0)
    places = []
    assert plot.y == (-1.0, 1.0)
    cases = [[0.5], [0.55], [0.65], [0.2], [-8.0]]
    for i, row in enumerate(cases):
        plot.add(values([row], [0.1 * i]), 0.1 * i)
        places.append((round(plot.y[0], 6), round(plot.y[1], 6)))
    # A tenth of the value or of 1 at first; then of the range, once it is left.
    assert places == [(0.4, 0.6), (0.4, 0.6), (0.485, 0.665), (0.155, 0.695), (-8.865, 1.515)]
    for value, room in ((0.0, 0.1), (5.0, 0.5), (-5.0, 0.5)):
        plot.clear()
        plot.add(values([[value]], [0.0]), 0.0)
        assert plot.y == pytest.approx((value - room, value + room))
    plot.add(values([], [], shown=1), 0.2)  # no rows change nothing
    assert plot.y == pytest.approx((-5.5, -4.5))
    assert plots.Lines(values([], [], shown=1, reach=2.0), 1.0).y == pytest.approx((-2.4, 2.4))


def spikes(times: list[float], neurons: list[int]) -> Piece:
    return Piece("a", 0.5, np.array(times), None, np.array(neurons, int), 2, 2, what="spikes")


def test_a_raster_moves_by_whole_columns() -> None:
    plot = plots.Raster(spikes([], []), 2.0)
    assert (plot.width, plot.n_columns) == (0.5, 6)
    assert plots.Raster(replace(spikes([], []), every=0.001), 2.0).width == 2.0 / 400

    ring = np.zeros((2, 6), int)  # of the browser

    def shown() -> tuple[float, dict[tuple[int, int], int]]:
        for head, (counts,) in parts_of(plot):
            ring[:] *= not head["is_new"]
            for k, column in enumerate(np.reshape(counts, (-1, 2))):
                ring[:, (head["first"] + k) % 6] = column
            assert head["last"] == plot.last
            # The columns that are sent are some of the last six.
            assert plot.last - 5 <= head["first"] <= plot.last + 1 - len(counts) // 2
        turned = np.roll(ring, -((plot.last + 1) % 6), axis=1)
        np.testing.assert_array_equal(turned, plot.marks)
        return plot.start, {(int(i), int(j)): int(turned[i, j]) for i, j in np.argwhere(turned)}

    assert shown() == (0.0, {})
    plot.add(spikes([0.5, 0.75, 1.0], [0, 0, 1]), 1.0)
    assert shown() == (0.0, {(0, 1): 2, (1, 2): 1})
    plot.add(spikes([2.75], [1]), 2.75)  # in the last column
    assert shown() == (0.0, {(0, 1): 2, (1, 2): 1, (1, 5): 1})
    plot.add(spikes([3.25], [0]), 3.25)
    assert shown() == (0.5, {(0, 0): 2, (1, 1): 1, (1, 4): 1, (0, 5): 1})
    assert plot.x == (1.25, 3.25)
    plot.add(spikes([0.25, 5.0], [1, 1]), 5.25)  # one is too old
    assert shown() == (2.5, {(1, 0): 1, (0, 1): 1, (1, 5): 1})
    plot.add(spikes([50.0], [0]), 50.0)
    assert shown() == (47.5, {(0, 5): 1})
    plot.clear()
    assert shown() == (0.0, {})
    assert plots.plot_of(spikes([], []), 2.0).__class__ is plots.Raster
    assert plots.plot_of(values([], [], shown=1), 2.0).__class__ is plots.Lines


# -- access ------------------------------------------------------------------------------------


def test_eight_pages_are_served_with_secrets_of_24_and_32_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert access.MOST_SESSIONS == 8  # as the docstring of view.server promises
    checked: list[Any] = []
    monkeypatch.setattr(access.AuthProvider, "_validate", lambda self: checked.append(self))
    made = access.Access()
    assert checked == [made]  # by Bokeh
    assert len(made.token) == 24 * 8 / 6 and len(made.key) == 32
    assert made.get_login_url(None) == "/"


@pytest.mark.parametrize(
    ("host", "accepted", "refused"),
    [
        ("Example.org", ["example.org", "localhost", "127.0.0.1", "[::1]"], ["10.0.0.1", "a.org"]),
        ("2001:db8::7", ["[2001:db8::7]"], ["[2001:db8::8]", "2001:db8::7", "xample"]),
        ("::", ["[2001:db8::7]", "10.0.0.1", "localhost"], ["10.0.0.1.org", "2001:db8::7"]),
    ],
)
def test_hosts_of_requests_are_those_of_the_server(
    host: str, accepted: list[str], refused: list[str]
) -> None:
    pattern = access.host_names(host).host_pattern
    assert all(pattern.match(name) for name in accepted)
    assert not any(pattern.match(name) for name in refused)


# -- server ------------------------------------------------------------------------------------


def test_a_socket_listens_without_blocking_and_is_closed_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listening = server._listen("127.0.0.1", 0)
    assert not listening.getblocking() and listening.getsockname()[0] == "127.0.0.1"
    monkeypatch.setattr(server, "_listen", lambda host, port: listening)
    with pytest.raises(ValueError, match="dt must be"):
        view.server(network(), port=0, dt=0.0)
    assert listening.fileno() == -1
    with pytest.raises(ValueError, match="server: port must be at most 65535"):
        view.server(network(), port=65536)


def test_a_server_has_its_socket_and_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(server.Server, "start", lambda self: started.append(self))
    made = view.server(network(), port=0)
    try:
        (socket,) = made._http._sockets.values()
        assert started == [made] and socket.getsockname() == ("127.0.0.1", made.port)
        assert made.is_local and made.url.startswith(f"http://127.0.0.1:{made.port}/?token=")
    finally:
        made._http.stop()


def test_pages_of_browsers_that_are_gone_linger_for_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Found(Exception):
        pass

    def pages(application: Any, **options: Any) -> None:
        raise Found(options)

    monkeypatch.setattr(server, "_Pages", pages)
    with pytest.raises(Found) as caught:
        view.server(network(), port=0)
    options = caught.value.args[0]
    assert options["unused_session_lifetime_milliseconds"] == 5000
    assert options["check_unused_sessions_milliseconds"] == 1000
    assert options["sign_sessions"] is True and options["secret_key"]


@pytest.mark.parametrize(
    ("number", "must"),
    [
        (errno.EADDRINUSE, "port must be free, got 80, which is in use"),
        (errno.EACCES, "port must be open to this user, got 80"),
        (errno.ENETDOWN, "host must be of this machine, got 'h'"),
    ],
)
def test_the_reason_why_a_server_cannot_listen_is_named(number: int, must: str) -> None:
    with pytest.raises(ValueError, match=f"^server: {must}"):
        server._cannot("h", 80, OSError(number, "text"), "do")
