"""The graph of a Nengo network is known before it is built: it is that of the converted one."""

import numpy as np
import pytest

pytest.importorskip("nengo", reason="Nengo is the extra nengo")
pytest.importorskip("bokeh", reason="Bokeh is the extra view")

import nengo

from nefsim import scripts
from nefsim.cli import _parser
from nefsim.cli.view import _plan
from nefsim.nengo import from_nengo
from nefsim.nengo.reading import converted
from nefsim.nengo.sketch import sketch
from nefsim.view import Live
from nefsim.view.graph import Graph
from nefsim.view.kinds import kinds_of


def model():
    rng = np.random.default_rng(1)
    with nengo.Network(seed=1, label="whole") as net:
        stim = nengo.Node([0.3, -0.2], label="stim")
        noise = nengo.Node(nengo.processes.WhiteSignal(1.0, high=5, seed=1))
        with nengo.Network(label="inner"):
            a = nengo.Ensemble(30, 2, label="a")
            direct = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
            with nengo.Network():
                b = nengo.Ensemble(20, 1, radius=2.0, neuron_type=nengo.Izhikevich())
        post = nengo.Node(lambda t, x: x * np.ones(3), size_in=1)
        sink = nengo.Node(size_in=30)
        nengo.Connection(stim, a, transform=rng.normal(size=(2, 2)))
        nengo.Connection(noise, b)
        nengo.Connection(a, a, synapse=0.1, transform=0.9)
        nengo.Connection(a[0], direct[1], function=np.square, transform=-3)
        nengo.Connection(a.neurons, sink, transform=rng.normal(size=(30, 30)))
        nengo.Connection(b, a.neurons, transform=[[-2.0]] * 30)
        learns = nengo.Connection(a, b, function=lambda x: x[0], learning_rule_type=nengo.PES())
        nengo.Connection(b, learns.learning_rule, transform=0.5)
        nengo.Connection(post, b, function=lambda x: x[1])
        nengo.Connection(b, post)
        named = {"first": nengo.BCM(), "second": nengo.Oja()}
        nengo.Connection(
            a.neurons, b.neurons, transform=np.ones((20, 30)), learning_rule_type=named
        )
    return net


def drawn(net):
    """All labels and wires of a network whose subnetworks are open."""
    graph = Graph(net)
    graph.opened = {*net.everything()}
    graph.arrange()
    names = [(box.name, box.label, box.kind, box.x, box.y) for box in graph.boxes]
    wires = {
        (w.start.name, w.end.name): (round(w.weight, 6), w.learns, w.teaches, w.recurs)
        for w in graph.wires
    }
    return names, wires


def test_a_sketch_has_the_graph_of_the_converted_network():
    net = model()
    (names, wires), (true_names, true_wires) = drawn(sketch(net)), drawn(from_nengo(net))
    assert names == true_names
    assert wires == true_wires


def test_a_sketch_is_there_for_objects_that_cannot_be_converted():
    with nengo.Network() as net:
        a = nengo.Ensemble(9, 1, neuron_type=nengo.RegularSpiking(nengo.Tanh()))
        nengo.Connection(a, a, transform=nengo.dists.Uniform(-1, 1))
    graph = Graph(sketch(net))
    assert len(graph.boxes) == 1 and len(graph.wires) == 1


def test_the_conversion_reports_all_of_its_objects():
    reports = []
    converted(model(), report=lambda *report: reports.append(report))
    assert reports == sorted(reports)
    assert reports[-1][0] == reports[-1][1] == len(model().all_objects) + 1


def test_a_script_of_nengo_has_similarities_to_its_vocabularies(tmp_path):
    """Names and vectors are those of Nengo; vocabularies without names, and terms, are left out."""
    path = tmp_path / "model.py"
    path.write_text(
        "from nengo import spa\n"
        "with spa.SPA(seed=1) as model:\n"
        "    model.a = spa.State(16)\n"
        "    model.b = spa.State(32)\n"
        "words = model.a.outputs['default'][1]\n"
        "words.parse('RED + BLUE')\n"
        "words.add('RED*BLUE', words.parse('RED * BLUE'))\n"
    )
    words = ["view", str(path)]
    plan, (vocabulary,) = _plan(_parser(words).parse_args(words))
    original = scripts.namespace_of(path)["words"]
    assert [*vocabulary] == ["RED", "BLUE"] == original.keys[:2]
    np.testing.assert_array_equal(vocabulary.vectors, original.vectors[:2])
    live = Live(plan.make(lambda done, total: None), backend="numpy", vocabularies=[vocabulary])
    outputs = [n for n in live.simulator.network.all_nodes if n.label.endswith("output")]
    offered = {n.size_out: kinds_of(n, live)[0] for n in outputs}
    assert offered[16] == "similarity" and offered[32] == "value"


def test_connections_with_objects_of_other_networks_have_no_wires():
    """The build names them."""
    with nengo.Network():
        outside = nengo.Ensemble(10, 1)
    with nengo.Network() as net:
        a = nengo.Ensemble(10, 1)
        nengo.Connection(a, outside)
        nengo.Connection(outside.neurons, a.neurons)
    drawn = sketch(net)
    assert len(drawn.all_ensembles) == 1 and not drawn.all_connections
