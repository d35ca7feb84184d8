"""Laws of exported graphs: each part of a network is nodes and edges with known numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.lowering import build

nir = pytest.importorskip("nir")

from nefsim.nir import to_nir  # noqa: E402
from nefsim.nir.lossy import simplified  # noqa: E402

DT = 0.002


def shape(graph: Any) -> dict[str, tuple[str, list[str]]]:
    """The kind of each node and the nodes that it reads."""
    return {
        name: (type(node).__name__, [pre for pre, post in graph.edges if post == name])
        for name, node in graph.nodes.items()
    }


def layer(net: nef.Network, n: int, **options: Any) -> nef.Ensemble:
    """Neurons that NIR can express."""
    neuron = nef.DiscreteLIF(0.5, 1.0, scale=0.5, step_time=DT, amplitude=0.25)
    options = {"gain": np.ones(n), "bias": np.zeros(n), "encoders": np.ones((n, 1))} | options
    return net.ensemble(n, 1, neuron_type=neuron, **options)


def test_nodes_are_inputs_sums_constants_or_ends_of_functions() -> None:
    net = nef.Network(seed=1)
    source = net.node(size_in=2, label="source")
    relay = net.node(size_in=2, label="relay")
    constant = net.node([3.0, 4.0], label="a/b")
    process = net.node(nef.WhiteSignal(1.0, high=5), size_out=2, label="process")
    for pre in (source, constant, process):
        net.connect(pre, relay, synapse=None, label=f"from {pre.label}")
    net.probe(relay, label="shown")
    graph = to_nir(net, DT)
    assert shape(graph) == {
        "source": ("Input", []),
        "relay": ("Scale", ["source", "a|b", "process"]),
        "a|b": ("Affine", ["source"]),
        "process": ("Input", []),
        "shown": ("Output", ["relay"]),
    }
    assert graph.nodes["relay"].scale.tolist() == [1.0, 1.0]
    affine = graph.nodes["a|b"]
    assert affine.bias.tolist() == [3.0, 4.0] and affine.weight.tolist() == [[0, 0], [0, 0]]
    assert graph.nodes["source"].input_type["input"].tolist() == [2]
    assert graph.nodes["shown"].output_type["output"].tolist() == [2]
    assert graph.metadata == {"dt": DT, "spikes": "unit"}
    assert to_nir(net, DT, spikes="delta").metadata == {"dt": DT, "spikes": "delta"}
    assert constant.output is not None and affine.bias is not constant.output


def test_constants_alone_read_an_input_of_one_element() -> None:
    net = nef.Network(seed=1)
    net.probe(net.node([3.0, 4.0], label="c"), label="shown")
    graph = to_nir(net, DT)
    assert shape(graph) == {
        "c": ("Affine", ["input"]),
        "shown": ("Output", ["c"]),
        "input": ("Input", []),
    }
    assert graph.nodes["c"].weight.tolist() == [[0.0], [0.0]]
    assert graph.nodes["input"].input_type["input"].tolist() == [1]


def test_functions_are_ends_of_the_graph() -> None:
    net = nef.Network(seed=1)
    source = net.node(size_in=3, label="source")
    square = net.node(lambda t, x: [*x, t], size_in=2, size_out=3, label="square")
    end = net.node(size_in=1, label="end")
    net.connect(source[[2, 0]], square, synapse=None, label="into")
    net.connect(square, end, function=np.sum, transform=2.0, synapse=None, label="sum")
    net.probe(end, label="shown")
    with pytest.raises(ValueError, match="express, got function of <node 'square'>"):
        to_nir(net, DT)
    graph = to_nir(net, DT, allow_lossy=True)
    assert shape(graph) == {
        "source": ("Input", []),
        "square.input": ("Output", ["into"]),
        "square": ("Input", []),
        "end": ("Scale", ["sum (2)"]),
        "into": ("Linear", ["source"]),
        "sum.input": ("Output", ["square"]),
        "sum": ("Input", []),
        "sum (2)": ("Scale", ["sum"]),
        "shown": ("Output", ["end"]),
    }
    assert graph.nodes["into"].weight.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert graph.nodes["sum (2)"].scale.tolist() == [2.0]
    ends = {
        name: int(node.output_type["output"][0])
        for name, node in graph.nodes.items()
        if isinstance(node, (nir.Input, nir.Output))
    }
    assert ends == {
        "source": 3, "square.input": 2, "square": 3, "sum.input": 3, "sum": 1, "shown": 1,
    }  # fmt: skip


def test_neurons_have_their_gains_and_encoders_in_the_weights_before_them() -> None:
    net = nef.Network(seed=1)
    source = net.node(size_in=2, label="source")
    a = layer(net, 3, label="a", bias=np.array([1.0, 2.0, 3.0]))
    b = layer(net, 2, label="b", gain=np.array([2.0, 3.0]), radius=0.5)
    net.connect(source, a.neurons[[2, 0]], synapse=None, label="into")
    net.connect(a.neurons[:2], b.neurons, transform=[5.0, 7.0], synapse=0.1, label="across")
    net.connect(source[1], b, synapse=nef.Alpha(0.2), label="slow")
    net.probe(b.neurons[1], label="spikes")
    graph = to_nir(net, DT)
    assert shape(graph) == {
        "a": ("LIF", ["into"]),
        "b": ("LIF", ["b.encoders", "across.synapse"]),
        "b.encoders": ("Affine", ["slow.synapse 2"]),
        "source": ("Input", []),
        "into": ("Affine", ["source"]),
        "across": ("Linear", ["a"]),
        "across.synapse": ("LI", ["across"]),
        "slow": ("Linear", ["source"]),
        "slow.synapse": ("LI", ["slow"]),
        "slow.synapse 2": ("LI", ["slow.synapse"]),
        "spikes.slice": ("Linear", ["b"]),
        "spikes": ("Output", ["spikes.slice"]),
    }
    nodes = graph.nodes
    # Biases of neurons that no encoder reaches are in the first weights without a filter.
    assert nodes["into"].weight.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert nodes["into"].bias.tolist() == [1, 2, 3]
    # A spike of amplitude 0.25 is 1 in the graph, which is 0.25 / dt in nefsim.
    assert nodes["across"].weight.tolist() == [[2 * 5 * 125.0, 0, 0], [0, 3 * 7 * 125.0, 0]]
    assert nodes["b.encoders"].weight.tolist() == [[4.0], [6.0]]  # gain / radius
    assert nodes["b.encoders"].bias.tolist() == [0, 0]
    assert nodes["slow"].weight.tolist() == nodes["spikes.slice"].weight.tolist() == [[0, 1]]
    for name, tau in (("across", [0.1, 0.1]), ("slow", [0.2])):
        leaky = nodes[f"{name}.synapse"]
        assert leaky.tau.tolist() == tau and leaky.r.tolist() == [1.0] * len(tau)
        assert not leaky.v_leak.any()
    weight = to_nir(net, DT, spikes="delta").nodes["across"].weight
    assert weight.tolist() == [[2 * 5 * 0.25, 0, 0], [0, 3 * 7 * 0.25, 0]]


def test_neurons_without_an_input_read_their_bias_from_a_constant() -> None:
    net = nef.Network(seed=1)
    a = layer(net, 2, label="a", bias=np.array([1.0, 2.0]))
    b = layer(net, 2, label="b")
    net.connect(a.neurons, b.neurons, synapse=0.1, label="c")
    net.probe(b.neurons, label="shown")
    graph = to_nir(net, DT)
    assert shape(graph) == {
        "a": ("LIF", ["a.bias"]),
        "b": ("LIF", ["c.synapse"]),
        "c": ("Scale", ["a"]),
        "c.synapse": ("LI", ["c"]),
        "shown": ("Output", ["b"]),
        "a.bias": ("Affine", ["input"]),
        "input": ("Input", []),
    }
    assert graph.nodes["a.bias"].bias.tolist() == [1.0, 2.0]
    assert graph.nodes["a.bias"].weight.tolist() == [[0.0], [0.0]]
    assert graph.nodes["c"].scale.tolist() == [125.0, 125.0]


def test_decoded_values_are_products_with_spikes() -> None:
    net = nef.Network(seed=1)
    a = layer(net, 30, label="a", gain=np.linspace(1, 2, 30), bias=np.linspace(-1, 1, 30))
    b = layer(net, 2, label="b")
    net.connect(net.node(size_in=1, label="source"), a, synapse=None)
    full = nef.LstsqL2(weights=True)
    plain = net.connect(a, b, function=np.square, synapse=None, label="plain")
    weights = net.connect(a, b, solver=full, transform=3.0, synapse=None, label="full")
    shown = net.probe(a, label="shown")
    built = build(net, DT, 1)
    graph = to_nir(net, DT)
    edges = shape(graph)
    assert edges["plain"] == ("Linear", ["a"]) and edges["full"] == ("Linear", ["a"])
    assert edges["b"] == ("LIF", ["b.encoders", "full"])
    assert edges["b.encoders"] == ("Affine", ["plain"])
    nodes = graph.nodes
    same = np.testing.assert_array_equal
    same(nodes["plain"].weight, 125.0 * built.connections[plain].decoders.T)
    same(nodes["full"].weight, 125.0 * built.connections[weights].weights)
    same(nodes["shown.decoders"].weight, 125.0 * built.probe_data[shown].decoders.T)
    assert edges["shown"] == ("Output", ["shown.decoders"])


def test_a_second_edge_between_two_nodes_goes_through_a_copy() -> None:
    net = nef.Network(seed=1)
    source, end = net.node(size_in=2, label="source"), net.node(size_in=2, label="end")
    direct = net.ensemble(5, 2, neuron_type=nef.Direct(), label="direct")
    for post in (end, end, direct):
        net.connect(source, post, synapse=None)
    net.connect(direct, end, transform=scipy.sparse.csr_array(np.eye(2)), synapse=0, label="d")
    net.probe(end, label="shown")
    graph = to_nir(net, DT)
    assert shape(graph) == {
        "direct": ("Scale", ["source"]),
        "source": ("Input", []),
        "end": ("Scale", ["source", "source again", "d"]),
        "source again": ("Scale", ["source"]),
        "d": ("Linear", ["direct"]),
        "shown": ("Output", ["end"]),
    }
    assert graph.nodes["source again"].scale.tolist() == [1, 1]
    assert graph.nodes["direct"].scale.tolist() == [1, 1]
    assert graph.nodes["d"].weight.tolist() == [[1, 0], [0, 1]]


def test_what_a_graph_cannot_have_is_refused_by_name() -> None:
    net = nef.Network(seed=1)
    a = layer(net, 3, label="a")
    with pytest.raises(ValueError, match="to_nir: net must have an output, got"):
        to_nir(net, DT)
    for target, attr in ((a.neurons, "voltage"), (a.neurons, "input"), (a, "input")):
        other = nef.Network(seed=1)
        b = layer(other, 3, label="b")
        other.probe(b if target is a else b.neurons, attr)
        with pytest.raises(ValueError, match=f"got {attr} of .*; probe nodes, ensembles or spi"):
            to_nir(other, DT)
    net.probe(a.neurons)
    net.connect(net.node(1.0), a, delay=0.01)
    with pytest.raises(ValueError, match="NIR's parts here express, got a delay of <connection"):
        to_nir(net, DT)


class Fixed(nef.NoSolver):
    """Decoders that are solved for again after a change of the neurons."""

    @property
    def again(self) -> nef.Solver:
        return nef.LstsqL2(reg=0.2)


def test_a_simplified_network_has_the_same_objects_with_simpler_neurons() -> None:
    net = nef.Network(seed=3, label="all")
    inner = net.subnetwork("part", seed=5)
    source = inner.node(size_in=2, label="source")
    start = {"voltage": 0.25, "refractory_time": 0.001}
    lossy = inner.ensemble(8, 2, label="lossy", noise=nef.WhiteNoise(), initial_state=start)
    steady = net.ensemble(8, 1, label="steady", initial_state=nef.SteadyState(0.5))
    simple = layer(net, 2, label="simple")
    decoders = Fixed(np.ones((8, 1)))
    net.connect(source[1], lossy[0], label="a")
    learned = net.connect(lossy, steady, function=lambda x: x[:1], solver=decoders,
                          learning_rule=nef.PES(), label="b")  # fmt: skip
    error = net.connect(source[0], learned.learning_rule, label="error")
    net.connect(source[0], learned.learning_rule.gate, label="gate")
    net.connect(simple, steady, solver=Fixed(np.ones((2, 1))), label="c")
    net.connect(lossy.neurons[3], simple.neurons[:1], label="d")
    shown = net.probe(lossy[1], solver=decoders, label="shown")
    arrived = net.probe(net.connections[0], label="arrived")
    for target, attr in ((learned, "weights"), (learned.learning_rule, None), (error, None)):
        net.probe(target, attr)
    twin = simplified(net, DT)
    assert (twin.seed, twin.label, twin.networks[0].seed) == (3, "all", 5)
    assert twin.networks[0].parent is twin and [*map(len, (twin.networks, twin.nodes))] == [1, 0]
    assert [e.label for e in twin.all_ensembles] == [e.label for e in net.all_ensembles]
    copies = {e.label.rpartition(".")[2]: e for e in twin.all_ensembles}
    euler = nef.DiscreteLIF(decay=0.9, scale=0.1, step_time=DT, amplitude=1.0)
    assert copies["lossy"].neuron_type == copies["steady"].neuron_type == euler
    assert copies["lossy"].noise is None and copies["lossy"].network is twin.networks[0]
    assert [*copies["lossy"].initial_state] == ["voltage"]  # type: ignore[arg-type]
    assert copies["steady"].initial_state == {}
    assert copies["simple"].neuron_type is simple.neuron_type
    assert [c.label for c in twin.connections] == ["a", "b", "c", "d"]
    a, b, c, d = twin.connections
    assert (a.pre.obj, a.pre.indices) == (twin.networks[0].nodes[0], (1,))
    assert (a.post.obj, a.post.indices) == (copies["lossy"], (0,))
    assert (d.pre.obj.ensemble, d.pre.indices) == (copies["lossy"], (3,))
    assert d.post.obj == copies["simple"].neurons and d.network is twin
    assert b.rules == () and b.function is learned.function
    # Decoders of other neurons are solved for again.
    assert b.solver == decoders.again and isinstance(c.solver, Fixed)
    assert [p.label for p in twin.probes] == ["shown", "arrived"]
    first, second = twin.probes
    assert (first.target.obj, first.target.indices) == (copies["lossy"], (1,))
    assert first.solver == decoders.again and first.network is twin and shown.network is net
    assert second.target is a and second.solver is arrived.solver
