"""Laws of the graph on a page: places and sizes of boxes, wires, labels and clicks."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import scipy.sparse

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

import nefsim as nef
from nefsim.plot._style import COLOURS, GREY
from nefsim.view import graph, looks
from nefsim.view.diagram import Diagram
from nefsim.view.graph import Graph
from nefsim.view.looks import about


def boxes(net: nef.Network) -> dict[str, graph.Box]:
    return {box.label: box for box in Graph(net).boxes}


def ends(box: graph.Box) -> tuple[float, float, float, float]:
    """Left, right, low and high end."""
    x, y, w, h = box.x, box.y, box.width / 2, box.height / 2
    return x - w, x + w, y - h, y + h


def nested() -> nef.Network:
    """An input, an open network of a chain and a network in it, and a population."""
    net = nef.Network(seed=1, label="whole")
    u = net.node(0.5, label="u")
    outer = net.subnetwork(label="outer")
    a = outer.ensemble(10, 1, label="a")
    inner = outer.subnetwork(label="inner")
    b, c = inner.ensemble(20, 1, label="b"), inner.node(size_in=1, label="c")
    inner.connect(b, c)
    outer.connect(a, b)
    z = net.ensemble(30, 2, label="z")
    net.connect(u, a)
    net.connect(c, z[0])
    return net


# Places


def test_boxes_of_a_column_stand_below_one_another_around_the_middle() -> None:
    net = nef.Network(seed=1)
    u = net.node(0.5, label="u")
    for name in ("a", "b", "c"):
        net.connect(u, net.ensemble(10, 1, label=name))
    found = boxes(net)
    sizes = [graph.WIDTH, graph.HEIGHT, graph.ROOM, graph.MARGIN, graph.TITLE]
    assert sizes == [1.7, 0.74, 0.62, 0.42, 0.42]
    assert (found["u"].x, found["u"].y) == (0.0, 0.0)
    rows = sorted((found[name].y for name in "abc"), reverse=True)
    assert rows == pytest.approx([0.74 + 0.62, 0.0, -0.74 - 0.62])
    assert [found[name].x for name in "abc"] == pytest.approx([1.7 + 0.62] * 3)
    assert all((box.width, box.height) == (1.7, 0.74) for box in found.values())


def test_open_networks_have_room_around_their_boxes_and_for_a_title() -> None:
    found = boxes(nested())
    for label, inside in (("inner", "bc"), ("outer", ("a", "inner"))):
        parts = [ends(found[name]) for name in inside]
        left, right, low, high = ends(found[label])
        assert left == pytest.approx(min(p[0] for p in parts) - 0.42)
        assert right == pytest.approx(max(p[1] for p in parts) + 0.42)
        assert low == pytest.approx(min(p[2] for p in parts) - 0.42)
        assert high == pytest.approx(max(p[3] for p in parts) + 0.42 + 0.42)
    # Columns are as wide as their widest box.
    columns = [ends(found[name]) for name in ("u", "outer", "z")]
    for one, other in pairwise(columns):
        assert other[0] - one[1] == pytest.approx(0.62)
    chain = [ends(found[name]) for name in ("b", "c")]
    assert chain[1][0] - chain[0][1] == pytest.approx(0.62)
    for name in ("u", "z", "outer"):
        left, right, low, high = ends(found[name])
        assert low + high == pytest.approx(0.0)


def test_networks_of_up_to_24_objects_are_open_at_first() -> None:
    for n, is_open in ((24, True), (25, False)):
        net = nef.Network(seed=1)
        part = net.subnetwork(label="part")
        for i in range(n - 1):
            part.ensemble(1, 1) if i else part.node(0.0)
        net.ensemble(1, 1)
        assert (Graph(net).opened == {part}) == is_open


def test_a_box_has_a_kind_a_label_and_a_name() -> None:
    net = nested()
    found = {box.name: (box.kind, box.label) for box in Graph(net).boxes}
    assert found == {
        "network 0": ("network", "outer"),
        "network 1": ("network", "inner"),
        "node 0": ("node", "u"),
        "node 1": ("relay", "c"),
        "ensemble 0": ("ensemble", "z"),
        "ensemble 1": ("ensemble", "a"),
        "ensemble 2": ("ensemble", "b"),
    }
    unnamed = nef.Network(seed=1)
    unnamed.subnetwork()
    assert [box.label for box in Graph(unnamed).boxes] == ["network"]


def test_a_place_by_hand_moves_a_box_with_all_in_it_and_is_saved() -> None:
    net = nested()
    drawn = Graph(net)
    at = {box.label: (box.x, box.y) for box in drawn.boxes}
    outer = next(box for box in drawn.boxes if box.label == "outer")
    drawn.put(outer, outer.x + 1.25, outer.y - 2.0)
    for box in drawn.boxes:
        moved = box.label in ("outer", "inner", "a", "b", "c")
        x, y = at[box.label]
        assert (box.x, box.y) == pytest.approx((x + 1.25 * moved, y - 2.0 * moved))
    saved = drawn.saved()
    assert saved["open"] == ["network 0", "network 1"]
    assert saved["places"]["ensemble 1"] == [round(at["a"][0] + 1.25, 3), round(at["a"][1] - 2, 3)]
    other = Graph(net)
    nan = float("nan")
    other.restore(
        {
            "places": {
                "node 0": [7.0, 8.0],
                "x": [1.0, 1.0],
                "ensemble 0": [1.0],
                "node 1": [nan, 0],
            },
            "open": ["network 1", "node 0", "network 9"],
        }
    )
    assert other.saved() == {"places": {"node 0": [7.0, 8.0]}, "open": ["network 1"]}
    other.restore({})
    assert other.saved() == {"places": {}, "open": ["network 1"]}


# Wires


def test_wires_know_their_weights_rules_and_loops() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 2, label="a"), net.ensemble(10, 1, label="b")
    for i, value in enumerate((0.5, -3.0)):
        net.connect(a[i], b, transform=value)
    net.connect(b, a, transform=[[4.0], [3.0]])
    sparse = scipy.sparse.csr_array([[0.0, 2.0], [0.0, 0.0]])
    net.connect(a, a, transform=sparse)
    c = net.ensemble(10, 1, label="c")
    learned = net.connect(b, c, learning_rule=nef.PES())
    net.connect(c, learned.learning_rule)
    wires = {(w.start.label, w.end.label, w.teaches): w for w in Graph(net).wires}
    weights = {key: wire.weight for key, wire in wires.items()}
    assert weights["a", "b", False] == pytest.approx(3.0)  # the largest
    assert weights["b", "a", False] == pytest.approx(5.0)  # of a column
    assert weights["a", "a", False] == pytest.approx(2.0)  # one number is stored
    assert len(wires["a", "b", False].connections) == 2
    assert {key for key, wire in wires.items() if wire.learns} == {("b", "c", False)}
    assert {key for key, wire in wires.items() if wire.teaches} == {("c", "c", True)}
    loops = {key[:2] for key, wire in wires.items() if wire.recurs}
    assert loops == {("a", "b"), ("b", "a"), ("a", "a")}


@pytest.mark.parametrize(
    ("weight", "width"), [(0.0, 0.8), (0.25, 0.8), (1.0, 1.6), (4.0, 3.2), (6.25, 4.0), (9.0, 4.0)]
)
def test_a_wire_is_as_wide_as_the_root_of_its_weight(weight: float, width: float) -> None:
    assert looks._width(weight) == pytest.approx(width)


@pytest.mark.parametrize(
    ("learns", "teaches", "recurs", "colour"),
    [
        (True, True, True, COLOURS[3]),
        (True, False, False, COLOURS[3]),
        (False, True, True, COLOURS[1]),
        (False, False, True, COLOURS[0]),
        (False, False, False, "#777777"),
    ],
)
def test_a_wire_that_learns_teaches_or_recurs_has_a_colour(
    learns: bool, teaches: bool, recurs: bool, colour: str
) -> None:
    wire = SimpleNamespace(learns=learns, teaches=teaches, recurs=recurs)
    assert looks._colour(wire) == colour


# The figure


def test_the_figure_has_a_row_for_each_box_and_wire() -> None:
    net = nested()
    drawn = Diagram(Graph(net))
    data, graphs = drawn.boxes.data, drawn.graph.boxes
    for i, box in enumerate(graphs):
        assert (data["x"][i], data["y"][i], data["w"][i], data["h"][i]) == (
            *(box.x, box.y, box.width, box.height),
        )
        middle = box.y + box.height / 2 - 0.25 if box.is_open else box.y
        assert data["label_y"][i] == middle
        assert data["about"][i] == about(box.thing)
    kinds = {box.label: (data["line"][i], data["fill"][i]) for i, box in enumerate(graphs)}
    assert kinds["u"] == (COLOURS[2], "#eef8f3") and kinds["z"] == (COLOURS[0], "#eef5fa")
    assert kinds["c"] == (GREY, "#f4f4f4") and kinds["outer"] == ("#b9b2a5", "#faf8f4")
    assert set(data["outline"]) == {1.3}
    assert set(drawn.wires.data["dash"]) == {"solid"}
    assert {len(part) for part in drawn.wires.data.values()} == {len(drawn.graph.wires)}
    first = drawn.graph.wires[0]
    assert graphs[drawn.wires.data["start"][0]] is first.start
    assert graphs[drawn.wires.data["end"][0]] is first.end


def test_held_nodes_and_saturated_ensembles_are_marked_when_they_change() -> None:
    net = nested()
    drawn = Diagram(Graph(net))
    u, z = net.nodes[0], net.ensembles[0]
    place = {box.label: i for i, box in enumerate(drawn.graph.boxes)}
    before = drawn._n_fills
    drawn.refresh([], [])
    assert drawn._n_fills == before
    drawn.refresh([u], [])
    assert drawn.boxes.data["line"][place["u"]] == COLOURS[4] and drawn._n_fills == before + 1
    drawn.refresh([u], [z])
    assert drawn.boxes.data["outline"][place["z"]] == 2.5 and drawn._n_fills == before + 2
    drawn.refresh((u,), (z,))
    assert drawn._n_fills == before + 2
    assert drawn.boxes.data["fill"][place["z"]] == "#fbeae0"


def test_the_whole_graph_is_shown_with_room_and_small_ones_are_not_enlarged() -> None:
    net = nef.Network(seed=1)
    net.node(0.5, label="u")
    small = Diagram(Graph(net))
    assert small._limits == [pytest.approx((-3.5, 3.5)), pytest.approx((-2.0, 2.0))]
    chain = nef.Network(seed=1)
    last = chain.node(0.5)
    for _ in range(6):
        new = chain.ensemble(10, 1)
        chain.connect(last, new)
        last = new
    wide = Diagram(Graph(chain))
    right = 6 * (1.7 + 0.62) + 0.85
    assert wide._limits[0] == pytest.approx((-0.85 - 0.6, right + 0.6))
    for name, limits in zip(("x_range", "y_range"), wide._limits, strict=True):
        axis = wide.ranges[name]
        assert (axis.start, axis.end) == (axis.reset_start, axis.reset_end) == limits
    wide.graph.put(wide.graph.boxes[0], -10.0, 5.0)
    wide.arrange()
    assert (wide.map.x_range.start, wide.map.x_range.end) == wide._limits[0]
    assert (wide.map.y_range.start, wide.map.y_range.end) == wide._limits[1]
    assert wide._limits[0][0] == pytest.approx(-10.85 - 0.6)
    assert Diagram(Graph(nef.Network()))._limits[0] == pytest.approx((-3.5, 3.5))


def test_objects_are_described_in_a_line() -> None:
    net = nef.Network(seed=1, label="whole")
    a = net.ensemble(12, 3, label="a", radius=2.5)
    d = net.ensemble(1, 2, label="d", neuron_type=nef.Direct())
    relay, knob = net.node(size_in=4, label="r"), net.node([1.0, 2.0], label="k")
    c = net.connect(a, d, function=lambda x: x[:2], synapse=None, label="c")
    learned = net.connect(
        a, relay, function=lambda x: [0.0] * 4, learning_rule=nef.PES(), label="l"
    )
    assert about(a) == "a: 12 neurons, 3-D, LIF, radius 2.5"
    assert about(d) == "d: 2-D, Direct, radius 1"
    assert (about(relay), about(knob)) == ("r: relay, 4-D", "k: node, 2-D")
    assert about(c) == "c: no synapse"
    assert about(learned) == "l: Lowpass(tau=0.005), PES"
    assert about(net) == "whole: network of 13 neurons; double-click opens it"
    assert about(nef.Network()).startswith("network: network of 0 neurons")


def test_labels_are_cut_after_19_characters() -> None:
    net = nef.Network(seed=1)
    for label in ("x" * 19, "x" * 20, "two\nlines"):
        net.ensemble(7, 2, label=label)
    part = net.subnetwork(label="part")
    part.ensemble(9, 1, neuron_type=nef.Direct(), label="d")
    part.ensemble(5, 1, label="e")
    drawn = Graph(net)
    shown = [looks._label(box).replace("\u200b", "").replace("\u2060", "") for box in drawn.boxes]
    assert [text.endswith("7 neurons, 2-D") for text in shown].count(True) == 3
    assert any(text.startswith("x" * 19 + "\n") for text in shown)
    assert any(text.startswith("x" * 18 + "…\n") for text in shown)
    assert any("two lines" in text for text in shown)
    assert any(text.endswith("\ndirect") for text in shown)
    drawn.toggle(part)
    (closed,) = [box for box in drawn.boxes if box.kind == "network"]
    assert looks._label(closed).endswith("\n▸ 14 neurons")


# Clicks


def test_the_innermost_network_at_a_place_is_opened_and_closed() -> None:
    net = nested()
    drawn = Diagram(Graph(net))
    outer, inner = net.networks[0], net.networks[0].networks[0]
    place = {box.label: box for box in drawn.graph.boxes}
    _, right, low, high = ends(place["inner"])
    drawn.double(right + 1e-6, high)
    assert drawn.graph.opened == {inner}  # the outer one was closed
    drawn = Diagram(Graph(net))
    drawn.double(right - 1e-9, low + 1e-9)
    assert drawn.graph.opened == {outer}
    drawn.double(1e3, 0.0)
    assert drawn.graph.opened == {outer}


def test_a_selected_box_or_wire_is_passed_on() -> None:
    net = nested()
    drawn = Diagram(Graph(net))
    seen: list[Any] = []
    drawn.on_select = seen.append
    drawn.boxes.selected.indices = [0, 2]
    assert seen == [drawn.graph.boxes[2].thing]
    drawn.boxes.selected.indices = []
    drawn.wires.selected.indices = [1]
    assert seen[1:] == [drawn.graph.wires[1].connections]
    # A click in an open network is on a wire in it, if one is there.
    drawn.boxes.selected.indices = [0]
    assert len(seen) == 2
    drawn.wires.selected.indices = []
    drawn.boxes.selected.indices = [len(drawn.graph.boxes), -1]
    assert len(seen) == 2


@pytest.mark.parametrize(("shift", "moves"), [(0.9e-9, False), (2e-9, True)])
def test_a_box_is_dragged_by_more_than_rounding(shift: float, moves: bool) -> None:
    net = nef.Network(seed=1)
    net.node(0.5, label="u")
    drawn = Diagram(Graph(net))
    before = drawn._n_fills
    drawn.boxes.data = dict(drawn.boxes.data) | {"x": [shift]}
    assert (drawn.graph.boxes[0].x == shift) == moves
    assert drawn._n_fills == before + moves
    drawn.boxes.data = dict(drawn.boxes.data) | {"x": [1.0], "y": [math.inf]}
    assert drawn.graph.boxes[0].x != 1.0
