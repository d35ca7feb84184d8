"""The graph of a page, its plots by click, inputs by hand, and the files it saves."""

import io
import json
import time
import zipfile
from html import unescape

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.core.validation import check_integrity
from bokeh.events import ButtonClick, DoubleTap
from bokeh.models import Button

import nefsim as nef
from nefsim import view
from nefsim.view import export, layouts, recording
from nefsim.view.graph import Graph
from nefsim.view.history import LONGEST, History
from nefsim.view.kinds import html_of, kinds_of
from nefsim.view.page import AHEAD, Page
from nefsim.view.plots import thinned
from nefsim.view.taps import Piece


def network():
    """Two inputs, a learned product with an error, and a subnetwork of two populations."""
    net = nef.Network(seed=1, label="lab")
    wave = net.node(lambda t: [np.sin(6 * t), np.cos(6 * t)], label="wave")
    knob = net.node(0.3, label="knob")
    a, b = net.ensemble(60, 2, label="a"), net.ensemble(40, 1, label="b")
    error = net.ensemble(30, 1, label="error")
    net.connect(wave, a)
    learned = net.connect(a, b, function=lambda x: 0.0, label="learned", learning_rule=nef.PES())
    net.connect(knob, b)
    net.connect(a, error, function=lambda x: -x[0] * x[1])
    net.connect(b, error)
    net.connect(error, learned.learning_rule)
    part = net.subnetwork(label="part")
    c, d = part.ensemble(20, 1, label="c"), part.ensemble(20, 1, label="d")
    part.connect(c, d)
    net.connect(b, c)
    net.connect(d, d, synapse=0.1)
    return net


def page_of(net=None, backend="numpy"):
    now = [0.0]
    page = Page(view.Live(net or network(), backend=backend), 0.5, lambda: now[0])
    page.screen.on_change("packet", lambda name, old, new: setattr(page.screen, "drawn", page.sent))

    def tick(n=1, seconds=0.05):
        for _ in range(n):
            now[0] += seconds
            page.tick()

    return page, tick


def clicked(page, label, root=None):
    """Click on the button with a label."""
    found = [b for b in (root or page.root).select({"type": Button}) if b.label == label]
    assert found, label
    found[0]._trigger_event(ButtonClick(found[0]))


def thing(net, label):
    things = [*net.all_nodes, *net.all_ensembles, *net.all_connections]
    return next(each for each in things if each.label == label)


# -- the graph ---------------------------------------------------------------------------------


def test_boxes_stand_from_inputs_to_outputs_and_wires_know_their_kind():
    net = network()
    graph = Graph(net)
    x = {box.label: box.x for box in graph.boxes}
    assert x["wave"] < x["a"] < x["b"] < x["error"]
    assert x["c"] < x["d"]
    wires = {(w.start.label, w.end.label, w.teaches): w for w in graph.wires}
    assert wires["a", "b", False].learns and not wires["wave", "a", False].learns
    assert wires["error", "b", True].teaches
    loops = {names for names, wire in wires.items() if wire.recurs}
    assert loops == {("d", "d", False)}
    assert {box.kind for box in graph.boxes} == {"node", "ensemble", "network"}


def test_boxes_do_not_overlap():
    graph = Graph(network())
    leaves = [box for box in graph.boxes if not box.is_open]
    for i, one in enumerate(leaves):
        for other in leaves[:i]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2


def test_a_closed_network_is_one_box_with_the_wires_of_its_objects():
    net = network()
    graph = Graph(net)
    (part,) = net.networks
    (box,) = [box for box in graph.boxes if box.thing is part]
    for inner in box.inside:
        assert abs(inner.x - box.x) + inner.width / 2 < box.width / 2
        assert abs(inner.y - box.y) + inner.height / 2 < box.height / 2
    graph.toggle(part)
    assert [box.label for box in graph.boxes].count("part") == 1
    assert "c" not in {box.label for box in graph.boxes}
    ends = {(wire.start.label, wire.end.label) for wire in graph.wires}
    assert ("b", "part") in ends
    assert ("part", "part") not in ends  # inside
    assert graph.box_of(part.ensembles[0]).thing is part
    graph.toggle(part)
    assert "c" in {box.label for box in graph.boxes}


def test_wires_are_wider_for_larger_weights():
    net = nef.Network(seed=1)
    a = net.ensemble(10, 2)
    targets = [net.ensemble(10, 2) for _ in range(3)]
    for scale, target in zip((1.0, 3.0, [[0.1, 0.0], [0.0, 0.1]]), targets, strict=True):
        net.connect(a, target, transform=scale)
    weights = [wire.weight for wire in Graph(net).wires]
    assert weights == pytest.approx([1.0, 3.0, 0.1])


def test_a_dragged_box_stays_when_networks_are_closed_and_when_the_layout_is_restored(tmp_path):
    page, _ = page_of()
    diagram, graph = page.diagram, page.graph
    i = next(i for i, box in enumerate(graph.boxes) if box.label == "a")
    moved = dict(diagram.boxes.data)
    moved["x"] = [x + 3.0 * (k == i) for k, x in enumerate(moved["x"])]
    wanted = moved["x"][i]
    diagram.boxes.data = moved
    assert graph.boxes[i].x == wanted
    (part,) = page.live.simulator.network.networks
    diagram.toggle(part)
    assert {box.label: box.x for box in graph.boxes}["a"] == wanted
    layouts.write(tmp_path / "layout.json", page.layout())
    other, _ = page_of()
    other.restore(layouts.read(tmp_path / "layout.json"))
    assert {box.label: box.x for box in other.graph.boxes}["a"] == wanted
    assert "c" not in {box.label for box in other.graph.boxes}


def test_a_network_is_dragged_with_all_in_it():
    page, _ = page_of()
    graph, diagram = page.graph, page.diagram
    at = {box.label: (box.x, box.y) for box in graph.boxes}
    i = next(i for i, box in enumerate(graph.boxes) if box.label == "part")
    data = dict(diagram.boxes.data)
    data["y"] = [y - 2.0 * (k == i) for k, y in enumerate(data["y"])]
    diagram.boxes.data = data
    now = {box.label: (box.x, box.y) for box in graph.boxes}
    for label in ("c", "d", "part"):
        assert now[label] == pytest.approx((at[label][0], at[label][1] - 2.0))
    assert now["a"] == at["a"]


@pytest.mark.parametrize("bad", [float("nan"), None, "x", float("inf")])
def test_places_that_a_browser_may_not_send_are_ignored(bad):
    page, _ = page_of()
    before = [box.x for box in page.graph.boxes]
    data = dict(page.diagram.boxes.data)
    data["x"] = [bad] * len(before)
    page.diagram.boxes.data = data
    assert [box.x for box in page.graph.boxes] == before


def test_a_double_click_opens_and_closes_a_network():
    page, _ = page_of()
    (box,) = [box for box in page.graph.boxes if box.kind == "network"]
    event = DoubleTap(page.diagram.figure, x=box.x, y=box.y + box.height / 2 - 0.05)
    page.diagram.figure._trigger_event(event)
    assert not page.graph.opened
    (box,) = [box for box in page.graph.boxes if box.kind == "network"]
    page.diagram.figure._trigger_event(DoubleTap(page.diagram.figure, x=box.x, y=box.y))
    assert page.graph.opened == {box.thing}


# -- plots by click ----------------------------------------------------------------------------

KINDS = {
    "wave": ["value", "x-y"],
    "knob": ["value"],
    "a": ["value", "spikes", "spike grid", "x-y", "voltages", "tuning curves", "input"],
    "learned": ["weights", "error"],
}


def test_each_object_has_its_kinds_of_plots():
    net = network()
    live = view.Live(net, backend="numpy")
    assert {label: kinds_of(thing(net, label), live) for label in KINDS} == KINDS
    big = nef.Network(seed=1)
    image = big.node(np.zeros(784), label="image")
    assert kinds_of(image, view.Live(big, backend="numpy")) == ["value", "x-y", "x-y-z", "image"]


def test_a_click_on_a_box_offers_plots_and_a_click_on_them_adds_and_removes_them():
    net = network()
    page, tick = page_of(net)
    for label, kinds in KINDS.items():
        if label != "learned":
            boxes = page.graph.boxes
            i = next(i for i, box in enumerate(boxes) if box.label == label)
            page.diagram.boxes.selected.indices = [i]
        else:
            page.diagram.boxes.selected.indices = []
            i = next(i for i, wire in enumerate(page.graph.wires) if wire.learns)
            page.diagram.wires.selected.indices = [i]
        for kind in kinds:
            n = len(page.panels)
            clicked(page, f"+ {kind}", page.inspector.root)
            assert len(page.panels) == n + 1
    page._toggle()
    tick(4)
    assert all(p.history.window(-1.0, 9.0) is not None for p in page.panels if p.probe)
    issues = check_integrity(page.root.references())
    assert (issues.error, issues.warning) == ([], [])
    tick(2)
    for panel in list(page.panels):
        clicked(page, "remove", panel.frame)
    tick(1)
    assert not page.panels and not page.live.simulator.probes
    assert page.notes.text.startswith("Nothing to plot")


def test_plots_show_what_a_simulator_records():
    net = network()
    page, tick = page_of(net)
    for panel in list(page.panels):
        page.remove(panel)
    a = thing(net, "a")
    names = ("value", "spikes", "x-y", "voltages", "spike grid")
    panels = {kind: page.add(kind, a) for kind in names}
    weights = page.add("weights", thing(net, "learned"))
    page._toggle()
    tick(8)
    probes = [
        net.probe(a, synapse=0.02, sample_every=0.005, attach=False),
        net.probe(a.neurons, attach=False),
        net.probe(a.neurons[[0, 29, 59]], "voltage", attach=False),
    ]
    sim = nef.Simulator(net, backend="numpy", probes=probes, progress=False)
    sim.run(page.now)
    value = panels["value"].history.window(-1.0, 9.0)
    np.testing.assert_allclose(value.rows, sim.data[probes[0]], rtol=0, atol=1e-12)
    path = panels["x-y"].history.window(-1.0, 9.0)
    np.testing.assert_allclose(path.rows, sim.data[probes[0]], rtol=0, atol=1e-12)
    voltages = panels["voltages"].history.window(-1.0, 9.0)
    np.testing.assert_array_equal(voltages.rows, sim.data[probes[2]])
    fired = panels["spikes"].history.window(-1.0, 9.0)
    events = sim.data.events(probes[1])
    np.testing.assert_array_equal(np.sort(fired.times), np.sort(events.times))
    rates = panels["spike grid"].plot.rates  # of the 60 neurons in a square of 64
    grid = panels["spike grid"].history.window(-1.0, 9.0)
    decays = np.exp(-(page.now - grid.times) / 0.05)
    expected = np.bincount(grid.neurons, decays, minlength=64)
    assert np.count_nonzero(expected) > 20
    np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-9)  # rounding
    page._look_at_state()
    want = sim.data[thing(net, "learned")].weights
    shades = np.round(255 * (0.5 + 0.5 * want / np.abs(want).max()))
    np.testing.assert_array_equal(weights.plot.values, shades)


def test_similarities_to_a_vocabulary_are_dot_products_with_its_vectors():
    v, other = nef.spa.Vocabulary(16, seed=1), nef.spa.Vocabulary(16, seed=2)
    v.populate("CAT; DOG; FISH; BIRD; BEE; ANT; OWL")
    other.populate("RED")
    net = nef.Network(seed=1)
    word = net.node(v["DOG"].vector, label="word")
    live = view.Live(net, backend="numpy", vocabularies=[v, other, nef.spa.Vocabulary(16)])
    assert kinds_of(word, live)[:3] == ["similarity", "similarity 2", "value"]
    page = Page(live, 0.5, lambda: 0.0)
    panel = page.add("similarity", word)
    assert panel.plot.names == [*v.names] and panel.plot.title == "word: similarity"
    page.screen.on_change("packet", lambda name, old, new: setattr(page.screen, "drawn", page.sent))
    page._run(100)
    parts = panel.plot.take()
    assert not parts  # they are sent
    panel.plot.replace(panel.history.window(-1.0, 9.0), page.now)
    (part,) = panel.plot.take()
    rows = part.arrays[1].reshape(-1, 7)
    decoded = panel.history.window(-1.0, 9.0).rows
    np.testing.assert_allclose(rows, v.similarities(decoded), rtol=0, atol=1e-12)
    assert rows[-1].argmax() == 1 and 0.9 < rows[-1, 1] < 1.0
    assert page.add("similarity 2", word).plot.names == ["RED"]
    with pytest.raises(TypeError, match=r"^Live: vocabularies must be vocabularies, got 3"):
        view.Live(net, vocabularies=[3])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_no_spike_changes_while_plots_come_and_go(backend):
    if backend not in nef.backends.available():
        pytest.skip("Numba is the extra fast")
    net = network()
    spikes = [net.probe(e.neurons, attach=False) for e in net.all_ensembles]
    plain = nef.Simulator(net, backend=backend, probes=spikes, progress=False)
    plain.run(0.4)
    page, tick = page_of(net, backend)
    mine = [net.probe(e.neurons, attach=False) for e in net.all_ensembles]
    for probe in mine:
        page.live.attach(probe, view.taps.Tap("spikes", total=probe.target.size_out))
    page._toggle()
    things = [*net.all_ensembles, *net.all_nodes, thing(net, "learned")]
    got = {probe: [] for probe in mine}
    for k in range(8):
        each = things[k % len(things)]
        added = [page.add(kind, each) for kind in kinds_of(each, page.live)]
        tick(1)
        for probe in mine:
            events = page.live.simulator.data.events(probe)
            got[probe].append(np.column_stack([events.times, events.neurons]))
        if k % 2:
            for panel in added:
                page.remove(panel)
    assert page.now == pytest.approx(0.4)
    for probe, theirs in zip(mine, spikes, strict=True):
        events = plain.data.events(theirs)
        want = np.column_stack([events.times, events.neurons])
        np.testing.assert_allclose(np.concatenate(got[probe]), want, rtol=0, atol=1e-12)


def test_pages_of_nodes_are_shown_in_a_frame_without_scripts():
    net = nef.Network(seed=1)
    node = net.node(lambda t: 0.0, label="<i>clock</i>")
    assert html_of(node) is None
    node.output.html = "<script>parent.hurt=1</script><b>now</b>\"'"
    page, _ = page_of(net)
    panel = page.add("page", node)
    page._look_at_state()
    text = panel.plot.figure.text
    assert "<i>" not in text and "<script>" not in text
    assert 'sandbox=""' in text
    inside = text.partition('srcdoc="')[2].partition('"></iframe>')[0]
    assert unescape(inside) == node.output.html


def test_a_panel_that_is_not_on_the_screen_is_not_drawn_until_it_is():
    page, tick = page_of()
    first, *others = page.panels
    page._toggle()
    tick(2)
    assert first.drawn == page.now
    page.screen.seen = [panel.plot.figure.id for panel in others]
    tick(2)
    assert first.drawn == pytest.approx(0.1) and others[0].drawn == page.now
    assert len(first.history.window(-1.0, 9.0).times) == 40
    page._toggle()
    sent = page.sent
    page.screen.seen = [panel.plot.figure.id for panel in page.panels]
    assert first.drawn == page.now and page.sent == sent + 1  # also while the run is paused


def test_a_browser_with_a_new_painter_gets_all_plots_again():
    page, tick = page_of()
    page.add("tuning curves", thing(page.live.simulator.network, "a"))
    weights = page.add("weights", thing(page.live.simulator.network, "learned"))
    page._toggle()
    tick(2)
    page._toggle()
    page.screen.starts += 1
    packet = page.screen.packet
    head = json.loads(packet[4 : 4 + int.from_bytes(packet[:4], "little")])
    assert [part["id"] for part in head["parts"]] == page.screen.plots
    assert all(part["is_new"] for part in head["parts"])
    assert head["parts"][-1]["id"] == weights.plot.figure.id


def test_a_run_goes_on_while_its_page_is_hidden_and_shows_all_later():
    net = network()
    page = Page(view.Live(net, backend="numpy"), 0.5, threaded=True)  # nothing is drawn
    try:
        page.bar.fast.active = True
        page._toggle()
        end = time.monotonic() + 120.0
        while page.now < 1.0 and time.monotonic() < end:
            page.tick()
            time.sleep(0.01)
        assert page.sent == AHEAD and page.now >= 1.0
        page._toggle()
        page.tick()
        records = page.panels[0].history.window(-1.0, 99.0)
        np.testing.assert_allclose(np.diff(records.times), 0.005, atol=1e-9)
        page.screen.drawn = page.sent
        page.tick()
        assert page.panels[0].drawn == page.now
    finally:
        page.close()


def test_earlier_times_are_shown_again():
    page, tick = page_of()
    panel = page.panels[0]
    page._toggle()
    tick(30)
    newest = panel.drawn
    assert newest == page.now
    page.bar.back.end = 2.0
    page.bar.back.value = 0.75
    assert panel.drawn == pytest.approx(newest - 0.75)
    assert panel.plot.x[1] == pytest.approx(0.75)
    tick(2)
    assert panel.plot.x[1] == pytest.approx(0.75)  # while the network runs on
    page.bar.back.value = 0.0
    assert panel.drawn == pytest.approx(page.now)


def test_one_step_is_one_step():
    page, tick = page_of()
    clicked(page, "one step")
    clicked(page, "one step")
    assert page.live.simulator.n_steps == 2
    page._toggle()
    tick(1)
    clicked(page, "one step")
    assert page.live.simulator.n_steps == 53
    assert not page.playing


def test_a_run_begins_again_with_learned_weights_or_without():
    net = network()
    page, tick = page_of(net)
    learned = thing(net, "learned")
    page._toggle()
    tick(10)
    clicked(page, "from the start, with weights")
    kept = page.live.simulator.data[learned].weights
    assert page.now == 0.0 and np.abs(kept).max() > 0.0
    clicked(page, "from the start")
    assert not np.abs(page.live.simulator.data[learned].weights).any()


def test_as_fast_as_it_goes_is_not_held_to_the_clock():
    page, tick = page_of()
    page.bar.fast.active = True
    page._toggle()
    tick(6)
    assert page.live.simulator.n_steps == 60  # ten steps at once as the test's clock stands


# -- inputs by hand ----------------------------------------------------------------------------


def test_any_input_is_set_by_hand_and_handed_back():
    net = network()
    page, tick = page_of(net)
    wave = thing(net, "wave")
    panel = page.add("value", wave)
    page._toggle()
    tick(1)
    page.inspector.show(wave)
    clicked(page, "set by hand", page.inspector.root)
    start = page.live.inputs[wave].copy()
    np.testing.assert_allclose(start, [np.sin(0.3), np.cos(0.3)])  # its present value
    page.live.inputs[wave][0] = 0.125
    tick(1)
    rows = panel.history.window(-1.0, 9.0).rows
    np.testing.assert_allclose(rows[-1], [0.125, start[1]])
    page._look_at_state()
    look = page.diagram.boxes.data["fill"][page.graph.boxes.index(page.graph.box_of(wave))]
    clicked(page, "hand back to the model", page.inspector.root)
    assert page.diagram.boxes.data["fill"] != look
    tick(1)
    rows = panel.history.window(-1.0, 9.0).rows
    np.testing.assert_allclose(rows[-1], [np.sin(6 * page.now), np.cos(6 * page.now)])


def test_a_typed_number_sets_an_input_and_widens_its_slider():
    net = network()
    page, _ = page_of(net)
    knob = thing(net, "knob")
    (made,) = view.knobs.knobs(net, {knob: page.live.inputs[knob]})[0]
    made.field.value = 3.5
    assert page.live.inputs[knob].tolist() == [3.5]
    assert (made.slider.value, made.slider.end) == (3.5, 5.0)
    made.slider.value = -0.5
    assert made.field.value == -0.5
    for bad in (float("nan"), None, float("inf")):
        made.field.value = bad
        assert page.live.inputs[knob].tolist() == [-0.5]
    made.slider.end = 1e9  # which a browser may send
    made.slider.value = 1e8
    assert page.live.inputs[knob].tolist() == [5.0]
    page.live.hand_back(knob)
    assert page.live.inputs[knob].tolist() == [0.3]


def test_a_back_end_that_fixes_its_probes_offers_none():
    pytest.importorskip("nengo", reason="Nengo is the extra nengo")
    net = network()
    live = view.Live(net, backend="nengo")
    assert not live.is_open
    assert kinds_of(thing(net, "a"), live) == []
    with pytest.raises(ValueError, match=r"^Live\.attach: probe must be of a signal of the build"):
        live.attach(net.probe(thing(net, "a"), attach=False), view.taps.Tap("a"))


# -- histories ---------------------------------------------------------------------------------


def piece(times, rows):
    return Piece("a", 0.1, np.array(times), np.array(rows, float)[:, None], None, 1, 1)


def test_a_history_has_the_records_of_a_window_and_forgets_old_ones():
    history = History()
    assert history.window(0.0, 9.0) is None and history.start == 0.0
    for k in range(5):
        history.add(piece([k + 0.5, k + 1.0], [k, -k]))
    found = history.window(1.0, 3.5)
    assert found.times.tolist() == [1.5, 2.0, 2.5, 3.0, 3.5]
    assert found.rows.ravel().tolist() == [1, -1, 2, -2, 3]
    history.add(piece([LONGEST + 3.0], [7]))
    assert history.start == 2.5
    history.clear()
    assert history.window(0.0, 1e9) is None


def test_thinned_rows_have_the_extremes_of_all():
    rng = np.random.default_rng(1)
    times, rows = np.arange(1.0, 10_001.0), rng.normal(size=(10_000, 3))
    few_times, few = thinned(times, rows, 500)
    assert len(few_times) == len(few) == 500
    assert (few_times[0], few_times[-1]) == (1.0, 10_000.0) and (np.diff(few_times) > 0).all()
    np.testing.assert_array_equal(few.max(axis=0), rows.max(axis=0))
    np.testing.assert_array_equal(few.min(axis=0), rows.min(axis=0))
    assert np.isin(few, rows).all()
    same = thinned(times[:500], rows[:500], 500)
    np.testing.assert_array_equal(same[1], rows[:500])


# -- files -------------------------------------------------------------------------------------


def ran():
    page, tick = page_of()
    page._toggle()
    tick(5)
    return page


def test_values_are_saved_as_a_result_and_as_tables(tmp_path):
    page = ran()
    file = tmp_path / "view.npz"
    file.write_bytes(export.export(page.panels, "npz", 2.0, "lab"))
    result = nef.Result.load(file)
    value = page.panels[0].history.window(-1.0, 9.0)
    np.testing.assert_array_equal(result["a decoded value"], value.rows)
    np.testing.assert_allclose(result.trange("a decoded value"), value.times)
    fired = page.panels[1].history.window(-1.0, 9.0)
    events = result.events("a spikes")
    np.testing.assert_allclose(events.times, fired.times)
    assert sorted(events.neurons.tolist()) == sorted(fired.neurons.tolist())
    with zipfile.ZipFile(io.BytesIO(export.export(page.panels, "zip", 2.0, "lab"))) as archive:
        names = archive.namelist()
        lines = archive.read(names[0]).decode().splitlines()
    assert len(names) == len(page.panels) and names[0] == "00 a decoded value.csv"
    assert lines[0] == "time [s],x0,x1"
    assert float(lines[1].split(",")[1]) == value.rows[0, 0]


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_pictures_are_saved(ending, start):
    assert export.export(ran().panels, ending, 2.0, "lab").startswith(start)


def test_a_file_is_handed_to_the_browser():
    page = ran()
    page.save("zip")
    assert page.file.file_name == "nefsim-view.zip" and len(page.file.data) > 1000
    page.save("unknown")
    page.save("layout")  # there is no file
    assert page.file.file_name == "nefsim-view.zip"


def test_a_page_of_a_recorded_run_needs_no_server_and_no_other_machine(tmp_path):
    net = network()
    probe = net.probe(thing(net, "a"), synapse=0.02, label="</script><img src=x> $$x$$")
    net.probe(thing(net, "a").neurons, label="fired")
    sim = nef.Simulator(net, progress=False)
    sim.run(0.3)
    path = view.save_html(sim, tmp_path / "run", window=0.1, title="<b>title</b>")
    text = path.read_text("utf-8")
    assert path.name == "run.html"
    assert "</script><img" not in text and "<b>title</b>" not in text.replace("<b>&lt;", "")
    head = text[: text.index("<script")]
    assert "default-src 'unsafe-inline' 'unsafe-eval' data: blob:" in head  # no other machine
    pieces = recording.pieces_of(sim.result())
    assert [p.label for p in pieces] == [probe.label, "fired"]
    np.testing.assert_array_equal(pieces[0].rows, sim.data[probe])
    for bad, kind in ((3, TypeError), (sim, ValueError)):
        with pytest.raises(kind):
            view.save_html(bad, tmp_path / "x", window=0.0 if bad is sim else 1.0)


def test_a_layout_is_saved_beside_its_model_and_used_again(tmp_path):
    page = ran()
    page.layout_file = tmp_path / "model.view.json"
    added = page.add("x-y", thing(page.live.simulator.network, "a"))
    page.save("layout")
    other, _ = page_of()
    other.restore(layouts.read(page.layout_file))
    assert [p.kind for p in other.panels] == [p.kind for p in page.panels]
    assert other.panels[-1].kind == added.kind


def probed(more=False):
    """A model with probes of its own, of which an edited version has more objects."""
    net = nef.Network(seed=1)
    if more:
        net.node(0.1, label="new")
        net.probe(net.ensemble(10, 1, label="new"), label="first")
    u = net.node([0.5, 0.2], label="u")
    a, twin = net.ensemble(20, 2, label="a"), net.ensemble(20, 2, label="a")
    for target in (a, twin):
        connection = net.connect(u, target, label="in")
    part = net.subnetwork(label="part")
    part.ensemble(10, 1, label="inner")
    probes = [(connection, "weights", None), (a.neurons, "voltage", None), (a, None, 0.1)]
    for target, attr, synapse in [*probes, (a.neurons, None, None), (u, None, None)]:
        net.probe(target, attr, synapse=synapse)
    return net


def about(page):
    """Kinds, labels and recorded quantities of the plots of a page."""
    return [(p.kind, p.thing.label, p.plot.title, p.plot.figure.text != "") for p in page.panels]


def test_the_plots_of_a_model_and_of_its_own_probes_stay_when_it_is_edited():
    page, _ = page_of(probed())
    net = page.live.simulator.network
    removed, moved = page.panels[3], page.panels[0]
    page.remove(removed)
    page.add("x-y", net.all_ensembles[1])
    page.add("tuning curves", net.all_ensembles[0])
    page.panels.remove(moved)
    page.panels.append(moved)
    (box,) = [box for box in page.graph.boxes if box.thing is net.all_ensembles[1]]
    page.graph.put(box, 7.0, 8.0)
    page.graph.toggle(net.networks[0])
    layout = json.loads(json.dumps(page.layout()))
    for more in (False, True):
        edited = probed(more)
        other, tick = page_of(edited)
        other.restore(layout)
        old = about(page)
        found = about(other)
        assert found[: len(old)] == old
        assert [plot[2] for plot in found[len(old) :]] == ["first"] * more
        twin = edited.all_ensembles[1 + more]
        assert [p.thing for p in other.panels if p.kind == "x-y"] == [twin]
        (box,) = [box for box in other.graph.boxes if box.thing is twin]
        assert (box.x, box.y) == pytest.approx((7.0, 8.0))
        assert not other.graph.opened
        recorded = {p.probe for p in other.panels if p.probe is not None}
        assert recorded == set(other.live.probes) and len(recorded) == 5 + more
        other._toggle()
        tick(2)
        assert all(p.history.window(-1.0, 9.0) for p in other.panels if p.probe is not None)


def test_an_object_that_a_model_did_not_have_is_shown_as_in_a_new_page():
    def model(*labels):
        net = nef.Network(seed=1)
        for label in labels:
            net.ensemble(10, 1, label=label)
        return net

    page, _ = page_of(model("a", "b"))
    page.remove(page.panels[0])  # the value of a
    other, _ = page_of(model("c", "a", "b"))
    other.restore(page.layout())
    assert [(p.kind, p.thing.label) for p in other.panels] == [
        ("spikes", "a"),
        ("value", "b"),
        ("spikes", "b"),
        ("value", "c"),
        ("spikes", "c"),
    ]
    for panel in page.panels[:]:
        page.remove(panel)
    other.restore(page.layout())
    assert {p.thing.label for p in other.panels} == {"c"}


def test_a_layout_of_an_earlier_version_is_read_by_numbers_of_objects(tmp_path):
    path = tmp_path / "model.view.json"
    graph = {"places": {"ensemble 1": [7.0, 8.0], "node 9": [1.0, 1.0]}, "open": []}
    layouts.write(path, {"graph": graph, "plots": [["x-y", "ensemble 1"], ["value", "node 0"]]})
    page, _ = page_of(probed())
    page.restore(layouts.read(path))
    net = page.live.simulator.network
    assert [p.thing for p in page.panels] == [net.all_ensembles[1], net.all_nodes[0]]
    assert page.graph.saved()["places"] == {"ensemble 1": [7.0, 8.0]}
    layouts.write(path, {"graph": graph, "plots": [], "known": [3]})
    with pytest.raises(ValueError, match=r"known\[0\] is 3"):
        layouts.read(path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"kind": "other"}', "[" * 10**5, '{"kind": "nefsim view", "version": 9}'],
)
def test_files_that_are_no_layouts_are_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"^view: layout must be a file of a layout"):
        layouts.read(path)


def test_parts_of_a_layout_that_do_not_fit_are_left_out(tmp_path):
    page, _ = page_of()
    layout = page.layout()
    layout["plots"] += [["value", "ensemble 99"], ["no kind", "ensemble 0"]]
    layout["graph"]["places"] |= {"ensemble 99": [0, 0], "node 0": [float("inf"), 0]}
    layout["graph"]["open"] += ["network 7", "ensemble 1"]
    n = len(page.panels)
    page.restore(json.loads(json.dumps(layout)))
    assert len(page.panels) == n
    assert all(np.isfinite(box.x) for box in page.graph.boxes)


def test_the_pieces_of_several_runs_are_drawn_as_one():
    net = network()
    live, other = view.Live(net, backend="numpy"), view.Live(net, backend="numpy")
    parts = view.taps.joined([live.advance(0.05), live.advance(0.05)])
    whole = other.advance(0.1)
    for part, one in zip(parts, whole, strict=True):
        assert part.probe is not None and part.label == one.label
        np.testing.assert_allclose(part.times, one.times)
        name = "rows" if one.neurons is None else "neurons"
        np.testing.assert_allclose(getattr(part, name), getattr(one, name))
