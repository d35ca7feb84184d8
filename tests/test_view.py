"""The page shows the records of a simulator, and changed inputs act at once."""

import json
import re
import sys

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import Button, Div, Range1d, Slider

import nefsim as nef
from nefsim import view
from nefsim.view.pace import Pace
from nefsim.view.page import AHEAD, PERIOD, Page
from nefsim.view.taps import EVERY, MOST_NEURONS, SYNAPSE


def network(n_neurons=120):
    net = nef.Network(seed=1, label="knobs")
    knob = net.node([0.3, -0.2], label="knob")
    a = net.ensemble(n_neurons, 2, label="a")
    b = net.ensemble(30, 1, label="b", neuron_type=nef.LIFRate())
    net.connect(knob, a)
    net.connect(a, b, function=lambda x: x[0] * x[1])
    return net


def pieces_of(live, seconds=0.1, n=4):
    """Rows or spikes of each probe, over some pieces."""
    parts = [live.advance(seconds) for _ in range(n)]
    joined = []
    for same in zip(*parts, strict=True):
        kind = "neurons" if same[0].rows is None else "rows"
        values = np.concatenate([getattr(piece, kind) for piece in same])
        joined.append((same[0].label, np.concatenate([p.times for p in same]), values))
    return joined


def test_pieces_are_the_records_of_a_simulator():
    net = network()
    pieces = pieces_of(view.Live(net))
    assert [label for label, _, _ in pieces] == ["a", "a", "b"]
    a, b = net.ensembles
    probes = [net.probe(e, synapse=SYNAPSE, sample_every=EVERY) for e in (a, b)]
    fired = net.probe(a.neurons)
    sim = nef.Simulator(net)
    for _ in range(4):
        sim.run(0.1)
    for (_, times, rows), probe in zip((pieces[0], pieces[2]), probes, strict=True):
        np.testing.assert_array_equal(times, sim.trange(probe))
        np.testing.assert_array_equal(rows, sim.data[probe])
    # 100 of the 120 neurons, by the angle of their encoders.
    encoders, events = sim.data[a].encoders, sim.data.events(fired)
    order = np.argsort(np.arctan2(encoders[:, 1], encoders[:, 0]))
    shown = order[np.linspace(0, 119, MOST_NEURONS).round().astype(int)]
    assert len(set(shown)) == MOST_NEURONS
    few = np.isin(events.neurons, shown)
    assert 0 < few.sum() < len(few)
    np.testing.assert_array_equal(pieces[1][1], events.times[few])
    fired = shown[pieces[1][2]]
    fired = fired[np.lexsort((fired, pieces[1][1]))]  # those of a step are in order of their rows
    np.testing.assert_array_equal(fired, events.neurons[few])


def test_neurons_are_shown_by_preferred_value_from_the_lowest():
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1)
    net.probe(a.neurons[:30])
    live = view.Live(net)
    live.advance(0.0)
    (shown,) = live._subsets.values()
    built = live.simulator.data[a]
    assert sorted(shown) == list(range(30))
    sides = built.encoders[shown, 0]
    assert sides.tolist() == sorted(sides)
    starts = sides * built.intercepts[shown]  # where each begins to fire
    for side in (-1.0, 1.0):
        assert (np.diff(starts[sides == side]) > 0).all()


@pytest.mark.parametrize("seed", [1, None])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_runs_share_the_arrays_of_one_build_and_nothing_else(monkeypatch, backend, seed):
    if backend not in nef.backends.available():
        pytest.skip("Numba is the extra fast")
    net = network()
    net.seed = seed
    a, b = net.ensembles
    learned = net.connect(a, b, function=lambda x: 0.0, learning_rule=nef.PES(1e-3))
    net.connect(b, learned.learning_rule)
    first = view.Live(net, backend=backend)
    monkeypatch.setattr(sys.modules["nefsim.simulator"], "build", None)  # no other build
    second = view.Live(net, backend=backend, arrays=first.arrays)
    third = view.Live(net, backend=backend, arrays=second.arrays)
    (knob,) = second.inputs
    second.inputs[knob][:] = -0.9, 0.9
    runs = [pieces_of(live, n=1) for live in (first, second, third, first, second, third)]
    for one, other in ((0, 2), (3, 5)):  # the second run had no effect on them
        for (_, times, values), (_, times_2, values_2) in zip(runs[one], runs[other], strict=True):
            np.testing.assert_array_equal(times, times_2)
            np.testing.assert_array_equal(values, values_2)
    assert not np.array_equal(runs[0][0][2], runs[1][0][2])
    weights = [live.simulator.data[learned].weights for live in (first, second, third)]
    np.testing.assert_array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[1])
    second.reset()
    assert not second.simulator.data[learned].weights.any()


def test_the_network_is_not_changed():
    net = network()
    view.Live(net)
    assert not net.probes
    np.testing.assert_array_equal(net.nodes[0].output, [0.3, -0.2])
    with pytest.raises(ValueError, match=r"^Live: show must name ensembles, got 'c'; name some"):
        view.Live(net, show=["c"])
    assert not net.probes


def test_the_probes_of_a_network_are_shown_unless_ensembles_are_named():
    net = network()
    probe = net.probe(net.ensembles[1], label="product")
    live = view.Live(net)
    (label, times, rows), *more = pieces_of(live)
    assert (label, len(times), more) == ("product", 400, [])
    np.testing.assert_array_equal(rows[300:], live.simulator.data[probe])
    assert [piece.label for piece in view.Live(net, show=["b"]).advance(0.0)] == ["b"]


def test_an_input_acts_from_the_step_after_its_change():
    net = nef.Network(seed=1)
    knob, other = net.node([0.3]), net.node([5.0])
    net.probe(knob, label="knob")
    net.probe(other, label="other")
    live = view.Live(net)
    live.advance(0.002)
    live.inputs[knob][:] = 0.7
    turned, still = live.advance(0.002)
    assert turned.rows.tolist() == [[0.7], [0.7]]
    assert still.rows.tolist() == [[5.0], [5.0]]
    live.reset()
    assert live.simulator.n_steps == 0
    assert live.advance(0.001)[0].rows.tolist() == [[0.7]]


class Clock:
    """A clock whose time the test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def page_of(live, window=0.2):
    """A page with a test clock, and a browser that draws all pieces at once."""
    clock = Clock()
    page = Page(live, window, clock)
    page.sent_packets = []

    def draw(name, old, new):
        page.sent_packets.append(new)
        page.screen.drawn = page.sent

    page.screen.on_change("packet", draw)
    return page, clock


def heads_of(packet):
    """The JSON of a packet, and the arrays of each of its parts."""
    length = int.from_bytes(packet[:4], "little")
    head, at, arrays = json.loads(packet[4 : 4 + length]), -(-(4 + length) // 8) * 8, []
    for part in head["parts"]:
        arrays.append([])
        for kind, size in part["arrays"]:
            arrays[-1].append(np.frombuffer(packet, kind, size, at))
            at += -(-arrays[-1][-1].nbytes // 8) * 8
    assert at == len(packet)
    return head, arrays


def painted(page, panel):
    """Times and rows of a plot of lines in the browser of :func:`page_of`, untrimmed."""
    times, rows = [], []
    for packet in page.sent_packets:
        head, arrays = heads_of(packet)
        for part, array in zip(head["parts"], arrays, strict=True):
            if part["id"] == panel.plot.figure.id and part["kind"] == "rows":
                new_times, new_rows = array
                if part["is_new"]:
                    times, rows = [], []
                times.append(new_times)
                rows.append(new_rows.reshape(len(new_times), part["columns"]))
    return np.concatenate(times), np.concatenate(rows)


def ticks(page, clock, n, every=PERIOD):
    for _ in range(n):
        clock.now += every
        page.tick()


def test_a_page_is_in_its_document_and_does_not_run_at_first():
    document = Document()
    page = view.add_page(document, view.Live(network()))
    assert document.title == "knobs"
    assert document.roots == [page.root]
    assert len(document.session_callbacks) == 1
    page.tick()
    assert page.now == 0.0


def test_the_page_runs_pauses_and_restarts():
    page, clock = page_of(view.Live(network()))
    buttons = {button.label: button for button in page.bar.root.select({"type": Button})}
    run, again = buttons["run"], buttons["from the start"]
    _clicked(run)
    ticks(page, clock, 10)
    assert page.now == pytest.approx(10 * PERIOD)
    a, spikes, _ = page.panels
    times, rows = painted(page, a)
    np.testing.assert_allclose(times, np.arange(EVERY, 10 * PERIOD + 0.001, EVERY), atol=1e-9)
    np.testing.assert_array_equal(rows, a.history.window(-1.0, 9.0).rows)
    assert spikes.plot.marks.any()
    _clicked(run)
    ticks(page, clock, 1)
    assert page.now == pytest.approx(10 * PERIOD)
    _clicked(again)
    assert page.now == 0.0
    assert not len(painted(page, a)[0])
    assert not page.plots[1].marks.any()
    _clicked(run)
    ticks(page, clock, 1)
    assert page.now == pytest.approx(PERIOD)


@pytest.mark.parametrize(("sent", "speed"), [(1e9, 2.0), (float("nan"), 2.0), (-1.0, 0.05)])
def test_a_speed_that_the_slider_does_not_have_is_not_run(sent, speed):
    page, clock = page_of(view.Live(network()))
    page.bar.speed.value = sent
    page._toggle()
    ticks(page, clock, 10)
    assert page.now == pytest.approx(speed * 10 * PERIOD, abs=1e-3)


@pytest.mark.parametrize(("speed", "took"), [(1.0, 0.05), (1.0, 0.2), (0.5, 0.11), (2.0, 0.07)])
def test_model_time_follows_wall_time(speed, took):
    page, clock = page_of(view.Live(network()))
    page.bar.speed.value = speed
    page._toggle()
    ticks(page, clock, 40, took)
    assert page.now == pytest.approx(speed * 40 * took, abs=1e-3)
    assert page.bar.clock == f"{page.now:.2f} s, {speed:.2f} times real time"


def test_the_speed_is_model_time_over_wall_time_including_drawing():
    page, clock = page_of(view.Live(network()))
    drawing, advance = page.show, page.live.advance

    def slowly(seconds):
        clock.now += 0.4
        return advance(seconds)

    def draws():
        clock.now += 0.3
        drawing()

    page.live.advance, page.show = slowly, draws
    page._toggle()
    seen = []
    for _ in range(30):
        ticks(page, clock, 1, every=0.1)  # to send it
        seen.append((clock.now, page.now))
    (wall_0, model_0), (wall_1, model_1) = seen[-3], seen[-1]
    speed = (model_1 - model_0) / (wall_1 - wall_0)
    assert speed < 0.5
    assert page.bar.clock.endswith(f", {speed:.2f} times real time")


def test_the_speed_is_that_of_the_last_second():
    clock = Clock()
    pace = Pace(clock, 0.001)
    assert pace.drawn(0.0) is None

    def model(wall):  # half as fast from 3 s on
        return wall - 0.5 * max(0.0, wall - 3.0)

    for i in range(1, 41):
        clock.now = i / 8
        speed = pace.drawn(model(clock.now))
        before = max(0.0, clock.now - 1.0)
        assert speed == (model(clock.now) - model(before)) / (clock.now - before)


def test_an_update_makes_up_for_half_a_second_in_a_tenth_of_one():
    clock = Clock()
    pace = Pace(clock, 0.001)
    clock.now += 0.25
    assert pace.due(2.0) == 500
    clock.now += 0.125  # for half a second of the model: four times real time
    pace.ran(500)
    clock.now += 9.0
    assert pace.due(0.5) == 250
    pace.ran(100)  # in no time
    clock.now += 9.0
    assert pace.due(1.0) == 400
    pace.start(0.0)
    assert pace.due(1.0) == 0


def test_a_run_that_is_very_slow_goes_on_step_by_step():
    page, clock = page_of(view.Live(network()))
    advance = page.live.advance

    def slowly(seconds):
        clock.now += 60.0
        return advance(seconds)

    page.live.advance = slowly
    page._toggle()
    ticks(page, clock, 6)
    first = round(PERIOD / 0.001)
    assert page.live.simulator.n_steps == first + 5


def test_a_run_waits_for_a_slow_browser():
    page, clock = page_of(view.Live(network()))
    page.screen._callbacks.clear()  # the browser takes nothing in
    page._toggle()
    ticks(page, clock, 20)
    assert page.sent == AHEAD
    held = page.now
    page.screen.drawn += 1
    ticks(page, clock, 20)
    assert page.sent == AHEAD + 1
    assert page.now > held


def test_model_time_follows_wall_time_for_small_and_large_dt():
    for dt in (0.0004, 0.03):
        page, clock = page_of(view.Live(network(), dt=dt))
        page.bar.speed.value = 0.05
        page._toggle()
        ticks(page, clock, 100)
        assert page.now == pytest.approx(0.05 * 100 * PERIOD, abs=dt * 1.01)


def raster_of(n_neurons, window, seconds, n=1):
    net = nef.Network(seed=1)
    a = net.ensemble(n_neurons, 1, max_rates=(300, 400), label="a")
    net.connect(net.node(0.8), a, synapse=None)
    net.probe(a.neurons)
    live, sim = view.Live(net), nef.Simulator(net)
    sim.run(seconds * n)
    page, _ = page_of(live, window)
    for _ in range(n):
        page.remember(live.advance(seconds))
        page.show()
    return page.plots[0], sim.data.events(net.probes[0]), page


def test_a_raster_has_a_mark_where_a_spike_is_and_nowhere_else():
    plot, events, page = raster_of(20, 0.25, 0.1, n=4)
    image, start = plot.marks, plot.start
    (shown,) = page.live._subsets.values()
    assert image.shape[0] == 20
    assert plot.width == 0.001
    assert start <= 0.15
    rows, columns = np.nonzero(image)
    # A column holds the spikes from its start on, up to rounding of the time.
    steps = np.round((start + columns * plot.width) / 0.001).astype(int)
    marked = set(zip(steps.tolist(), shown[rows].tolist(), strict=True))
    fired = set(zip((events.steps + 1).tolist(), events.neurons.tolist(), strict=True))
    assert {m for m in marked if m[0] > 150} == {f for f in fired if f[0] > 150}


def test_the_raster_of_many_busy_neurons_reaches_to_the_left_of_the_window():
    plot, _, page = raster_of(300, 2.0, 0.5, n=5)
    image, start = plot.marks, plot.start
    times = start + plot.width * np.flatnonzero(image.any(axis=0))
    assert times.min() <= page.now - 2.0
    assert image.shape == (MOST_NEURONS, plot.n_columns)
    assert image.size < 50_000  # bytes of one message
    assert plot.title.endswith("(100 of 300 neurons)")


def test_the_page_names_ensembles_and_inputs_that_are_left_out():
    net = nef.Network(seed=1)
    image = net.node(np.zeros(50), label="image")
    for i in range(8):
        net.connect(image, net.ensemble(10, 50, label=f"e{i}"))
    page, _ = page_of(view.Live(net))
    said = " ".join(div.text for div in page.root.select({"type": Div}))
    assert "12 plots; ensembles not shown: 2 (name them with --show)" in said
    assert "values of inputs without a slider: 42." in said
    assert page.plots[0].title == "e0 (6 of 50 columns)"
    assert page.plots[0].names == [f"x{i}" for i in range(6)]


@pytest.mark.parametrize("has_knob", [False, True])
@pytest.mark.parametrize("has_plot", [False, True])
def test_bokeh_finds_nothing_wrong_with_a_page(has_knob, has_plot):
    net = nef.Network(seed=1)
    if has_knob:
        net.node(0.5)
    if has_plot:
        net.ensemble(10, 2)
    page, _ = page_of(view.Live(net))
    issues = check_integrity(page.root.references())
    assert (issues.error, issues.warning) == ([], [])
    assert all(np.isfinite(r.start + r.end) for r in page.root.select({"type": Range1d}))


def test_an_axis_starts_at_the_radius_and_widens_where_values_leave_it():
    net = nef.Network(seed=1)
    net.probe(net.ensemble(20, 1, radius=3.0))
    net.probe(net.node(lambda t: 1e-4 * (t > 0.0015) + 5.0 * (t > 0.0025)))
    page, _ = page_of(view.Live(net))
    of_ensemble, of_node = page.plots
    assert of_ensemble.y[0] < -3.0 < 3.0 < of_ensemble.y[1] < 4.0
    assert of_node.y == (-1.0, 1.0)
    page._run(2)
    assert 1e-4 < of_node.y[1] < 2e-4
    page._run(1)
    assert of_node.y[0] < 0.0
    assert 5.0 < of_node.y[1] < 6.0


def _clicked(button):
    """The effect of a click in the browser."""
    from bokeh.events import ButtonClick

    button._trigger_event(ButtonClick(button))


def test_sliders_set_the_inputs():
    document, live = Document(), view.Live(network())
    view.add_page(document, live)
    (knob,) = live.inputs
    sliders = {slider.title: slider for slider in document.select({"type": Slider})}
    assert sliders.keys() == {"times real time", "look back [s]", "knob[0]", "knob[1]"}
    assert (sliders["knob[0]"].value, sliders["knob[0]"].end) == (0.3, 1.0)
    sliders["knob[1]"].value = 0.75
    np.testing.assert_array_equal(live.inputs[knob], [0.3, 0.75])


def test_an_error_of_a_node_stops_the_page_and_is_shown_on_it():
    def fails(t):
        if t > 0.03:
            raise RuntimeError("no <more>")
        return 0.0

    net = nef.Network(seed=1)
    net.probe(net.node(fails))
    page, clock = page_of(view.Live(net))
    page._toggle()
    with pytest.raises(RuntimeError):
        ticks(page, clock, 1)
    assert not page.playing
    assert page.bar.play.label == "run"
    assert page.bar.clock.startswith("0.03 s, stopped: ")
    assert "no <more>" in page.bar.clock  # which is shown as text


def test_a_slider_has_the_range_of_its_ensembles_and_refuses_bad_values():
    net = nef.Network(seed=1)
    nodes = {value: net.node(value, label=f"{value}") for value in (0.0, 5.0, -120.0)}
    net.connect(nodes[0.0], net.ensemble(10, 1, radius=3.0))
    live = view.Live(net)
    page, _ = page_of(live)
    sliders = {s.title: s for s in page.root.select({"type": Slider})}
    reach = {title: (s.start, s.end) for title, s in sliders.items() if title[0] not in "tl"}
    assert reach == {"0.0": (-5.0, 5.0), "5.0": (-10.0, 10.0), "-120.0": (-500.0, 500.0)}
    for sent, got in [(1e9, 10.0), (float("nan"), 10.0), (-1e9, -10.0)]:
        sliders["5.0"].value = sent
        assert live.inputs[nodes[5.0]].tolist() == [got]


@pytest.mark.parametrize("formula", ["$$x$$", r"\(x\)", r"\[x\]", r"\begin{align}x\end{align}"])
def test_labels_are_shown_literally(formula):
    """Bokeh sets a slider's title as HTML if MathJax would find a formula in it."""
    label = f"<img src=x onerror=alert(1)> {formula}"
    net = nef.Network(seed=1, label=label)
    net.connect(net.node(0.0, label=label), net.ensemble(10, 1, label=label))
    page, _ = page_of(view.Live(net))
    of_bar = (page.bar.speed, page.bar.back)
    titles = [s.title for s in page.root.select({"type": Slider}) if s not in of_bar]
    assert len(titles) == 1
    for title in titles:
        assert not re.search(r"\$\$|\\[(\[a-z]", title)
        assert title.replace("\u2060", "") == label
    for div in page.root.select({"type": Div}):
        assert div.disable_math
        assert label not in div.text
