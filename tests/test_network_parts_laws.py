"""Laws of networks: units, probes, functions, paths, drawings and copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.network import functions, quantities
from nefsim.network.dot import ends_of
from nefsim.network.validate import runs
from nefsim.networks._functions import Saturating


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments, **options)
    return str(raised.value)


@pytest.fixture
def net() -> nef.Network:
    return nef.Network(seed=1)


# Probes


def test_quantities_have_their_units(net: nef.Network) -> None:
    a, node = net.ensemble(5, 1), net.node(size_in=1)
    c = net.connect(a, node, learning_rule=nef.PES())
    for target, units in (
        (a, {"decoded_output": "1", "input": "1", "scaled_encoders": "1"}),
        (a.neurons, {"output": "Hz", "spikes": "Hz", "rates": "Hz", "input": "1"}),
        (a.neurons, {"voltage": None, "refractory_time": None}),
        (node, {"output": "1", "input": "1"}),
        (c, {"output": "1", "input": "1", "weights": "1"}),
        (c.learning_rule, {"error": "1", "activities": "Hz", "theta": None}),
        (c.learning_rule.gate, {"input": "1"}),
    ):
        found = {name: quantities.unit_of(target, name) for name in units}
        assert found == units
    assert quantities.probeable(node) == ("output", "input")
    assert quantities.probeable(net.node(1.0)) == ("output",)
    assert quantities.probeable(c.learning_rule)[:2] == ("error", "activities")
    hebbian = net.connect(a.neurons, a.neurons, transform=np.eye(5), learning_rule=nef.Oja())
    assert quantities.probeable(hebbian.learning_rule) == ("activities", "post")


def test_probes_are_refused_where_there_is_nothing_to_record(net: nef.Network) -> None:
    a, node = net.ensemble(5, 1), net.node(size_in=1)
    c = net.connect(a, node, learning_rule=nef.PES())
    direct = net.ensemble(1, 1, neuron_type=nef.Direct())
    foreign = nef.Network()
    x = foreign.ensemble(5, 1)
    theirs = foreign.connect(x, x)
    for target, options, words in (
        (3, {}, "target must be a node, an ensemble"),
        (theirs, {}, "belong to this network, got <connection 'connection 0'> of another"),
        (x, {}, "belong to this network"),
        (net.node(lambda t: None), {}, "have something to record"),
        (direct.neurons, {}, "have something to record"),
        (a, {"attr": "spikes"}, "probe <ensemble 'ensemble 0'>.neurons"),
        (a.neurons, {"attr": "decoded_output"}, "probe <ensemble 'ensemble 0'> itself"),
        (c, {"attr": "activities"}, "probe <connection 'connection 0'>.learning_rule"),
        (c.learning_rule, {"attr": "weights"}, "probe <connection 'connection 0'> itself"),
        (a, {"attr": "colour"}, "attr must be"),
        (a, {"sample_every": 0.0}, "sample_every must be above 0"),
        (a, {"synapse": nef.PerElement([nef.Lowpass(0.1)])}, "synapse must be one filter"),
        (a, {"solver": None}, "solver must be a solver"),
        (a, {"attach": 1}, "attach must"),
    ):
        assert words in refused(net.probe, target, **options), words
    assert net.probes == []
    apart = net.probe(a.neurons[:2], attach=False)
    assert net.probes == [] and apart.attr == "output" and apart.sample_every is None
    # A function without a value may have an input to record.
    assert net.probe(net.node(lambda t, x: None, size_in=2)).attr == "output"


def test_probes_and_inputs_of_one_run_are_of_its_network(net: nef.Network) -> None:
    inner = net.subnetwork()
    node = net.node([1.0, 2.0], seed=7, label="u")
    attached, apart = net.probe(node), inner.probe(node, attach=False)
    foreign = nef.Network()
    theirs = foreign.probe(foreign.node(1.0), attach=False)
    assert runs.run_probes("w", net, [apart]) == (apart,)
    for probes, words in (
        (apart, "w: probes must be a list of probes"),
        ([node], "w: probes must be probes"),
        ([theirs], "w: probes must be of this network"),
        ([attached], "w: probes must differ from those of the network"),
        ([apart, apart], "w: probes must differ from those of the network"),
    ):
        assert words in refused(runs.run_probes, "w", net, probes), words
    assert runs.run_inputs("w", net, None) == {}
    ((old, new),) = runs.run_inputs("w", net, {node: [3.0, 4.0]}).items()
    assert old is node and (new.seed, new.label, new.network) == (7, "u", net)
    assert new.output.tolist() == [3.0, 4.0] and (new.size_in, new.size_out) == (0, 2)  # type: ignore[union-attr]
    for inputs, words in (
        ([node], "w: inputs must be a mapping of nodes"),
        ({1: 2}, "w: inputs must be a mapping of nodes"),
        ({foreign.nodes[0]: 1.0}, "w: inputs must be nodes of this network"),
        ({node: 1.0}, "size_out must be 1, as output is, got 2"),
    ):
        assert words in refused(runs.run_inputs, "w", net, inputs), words


# Functions


def test_values_of_functions_are_flat_numbers() -> None:
    for value, expected in (
        (None, []), (1, [1.0]), ([[1, 2], [3, 4]], [1, 2, 3, 4]), (True, [1.0]),
        (np.uint8(3), [3.0]), ("12", None), (1j, None), ({}, None),
        ([[1], [1, 2]], None), (10**400, None),
    ):  # fmt: skip
        if expected is None:
            text = refused(functions.as_numbers, "w", "f", value)
            assert text.startswith("w: f must return numbers, got ")
        else:
            found = functions.as_numbers("w", "f", value)
            assert found.tolist() == expected and found.dtype == np.float64


def test_functions_of_arrays_are_called_at_all_points_at_once() -> None:
    elementwise = functions.is_elementwise
    assert elementwise(np.sin) and elementwise(np.square)
    python = np.frompyfunc(abs, 1, 1)
    assert not any(map(elementwise, (np.add, np.modf, python, len)))
    points = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert functions.values_at("w", None, points, 2) is points
    assert functions.values_at("w", np.square, points, 2).tolist() == [[0, 1], [4, 9]]
    swapped = functions.values_at("w", lambda x: x[::-1], points, 2)
    assert swapped.tolist() == [[1, 0], [3, 2]]

    step = Saturating()
    rows = functions.values_at("w", step, points, 2)
    assert rows.tolist() == [step(point).tolist() for point in points]
    sizes: list[int] = []

    @dataclass(frozen=True, eq=False)
    class Noting(functions.Elementwise):
        def __call__(self, x: Any) -> Any:
            sizes.append(x.size)
            return x

    functions.values_at("w", Noting(), points, 2)
    assert sizes == [4]

    def spoil(x: Any) -> Any:
        x[:] = 7.0
        return x

    functions.values_at("w", spoil, points, 2)
    assert points.tolist() == [[0, 1], [2, 3]]
    inputs = np.zeros(2)
    functions.result_size("w", "f", spoil, inputs)
    assert not inputs.any()
    text = refused(functions.values_at, "w", lambda x: 1 / (x[:1] - 2), points, 1)
    assert "be finite at all evaluation points, got [inf] at x = [2. 3.]" in text
    text = refused(functions.values_at, "w", lambda x: x if x[0] else x[:1], points, 2)
    assert "return 2 values, got 1 at x = [0. 1.]" in text


def test_errors_of_functions_name_their_arguments() -> None:
    size, one, two, three = functions.result_size, np.zeros(1), np.zeros(2), np.zeros(3)
    assert size("w", "f", lambda t, x: [t, *x], 0.0, two) == 3
    for function, inputs, words in (
        (lambda x: x[2], (two,), "note that x is an array of 2 dimensions, x[0] and x[1]"),
        (lambda x: x[3], (three,), "note that x is an array of 3 dimensions, x[0] to x[2]"),
        (lambda x: 1 if x else 0, (two,), "note that x is an array of 2 dimensions"),
        (lambda x: [1][int(x[0]) + 1], (one,), "have a value at zero, got the error IndexError"),
        (lambda t, x: 1 / 0, (0.0, one), "have a value at t = 0 and x = 0, got the error ZeroD"),
        (lambda t: {}[t], (0.0,), "have a value at zero, got the error KeyError"),
        (lambda x, y: x, (two,), "write lambda x: ..., of one argument"),
        (lambda x: x + "a", (two,), "accept (x of shape (2,)), got the error"),
        (lambda x: "a", (two,), "must return numbers"),
        (lambda x: float(x), (two,), "note that x is an array of 2 dimensions"),
        (lambda t, x: x[1], (0.0, one), "note that x is an array of 1 dimension, x[0]"),
    ):
        assert words in refused(size, "w", "f", function, *inputs), words


# Networks and drawings


def test_networks_know_their_parts_and_paths(net: nef.Network) -> None:
    inner = net.subnetwork("inner", seed=5)
    deep, unnamed = inner.subnetwork("deep"), net.subnetwork()
    assert [scope.label for scope in net.everything()] == [None, "inner", "deep", None]
    assert (net.path(), inner.path(), deep.path()) == ("", "inner", "inner.deep")
    assert unnamed.path() == "network 1" and (inner.seed, inner.parent) == (5, net)
    a, b = net.ensemble(3, 1), deep.ensemble(4, 1)
    assert b.label == "inner.deep.ensemble 0" and deep.root is net
    assert net.all_ensembles == [a, b] and net.n_neurons == 7 and inner.n_neurons == 4
    for name, value, known in (
        ("connet", 1.0, True), ("n_probes", 1.0, False), ("connet", [1.0], False),
        ("anything", 1.0, False), ("connect", [1.0], True),
    ):  # fmt: skip
        if known:
            with pytest.raises(AttributeError):
                setattr(net, name, value)
        else:
            setattr(net, name, value)
            assert getattr(net, name) == value


def test_a_drawing_is_this_text() -> None:
    net = nef.Network(label="all")
    u = net.node(np.sin, label="u")
    inner = net.subnetwork("part")
    a = inner.ensemble(10, 2, label="a")
    unnamed = net.subnetwork()
    d = unnamed.ensemble(1, 1, neuron_type=nef.Direct(), label="d")
    c = net.connect(u, a[0], synapse=None, learning_rule=None)
    learned = net.connect(a, d, function=lambda x: x[0], learning_rule=nef.PES(), delay=0.25)
    net.connect(u, learned.learning_rule, function=np.zeros_like, synapse=nef.Alpha(0.5))
    net.connect(d, learned.learning_rule.gate, synapse=0.5)
    values = np.ones((2, 1))
    net.connect(a, d, function=values, eval_points=np.ones((2, 2)), synapse=None)
    taught = net.connect(a, learned.learning_rule, function=lambda x: 1, learning_rule=nef.PES())
    net.connect(u, taught.learning_rule)  # an error of a connection to a rule has no arrow
    assert ends_of(c) == (u, a, False) and ends_of(net.connections[3]) == (d, d, True)
    assert ends_of(net.connections[-1]) is None
    assert net.to_dot().splitlines() == [
        'digraph "all" {',
        "  rankdir=LR;",
        '  n0 [label="u", shape=ellipse];',
        "  subgraph cluster1 {",
        '    label="part";',
        '    n1 [label="a\\n10 neurons, 2-D", shape=box];',
        "  }",
        "  subgraph cluster2 {",
        '    label="network 2";',
        '    n2 [label="d\\ndirect, 1-D", shape=box];',
        "  }",
        '  n0 -> n1 [label=""];',
        '  n1 -> n2 [label="<lambda>\\n0.005 s\\ndelay 0.25 s\\nPES"];',
        '  n0 -> n2 [label="zeros_like\\nAlpha(tau=0.5)", style=dashed];',
        '  n2 -> n2 [label="0.5 s", style=dashed];',
        '  n1 -> n2 [label="values"];',
        '  n1 -> n2 [label="<lambda>\\n0.005 s\\nPES", style=dashed];',
        "}",
    ]
    assert inner.to_dot().count("->") == 0


def test_copies_without_neurons_retain_those_that_are_used(net: nef.Network) -> None:
    net.source = net.node(1.0)
    inner = net.subnetwork("part")
    plain, probed, learned, valued, full, far = (inner.ensemble(5, 1) for _ in range(6))
    noisy = net.ensemble(5, 1, noise=nef.WhiteNoise(), initial_state={"voltage": 0.5})
    weights = nef.LstsqL2(weights=True)
    net.connect(net.source, plain)
    net.connect(learned, plain[0], learning_rule=nef.PES())
    net.connect(valued, net.node(size_in=1), function=np.ones(2), eval_points=np.ones((2, 1)))
    net.connect(full.neurons[:1], noisy)
    net.connect(full, far, solver=weights)
    net.probe(probed.neurons, "voltage")
    net.probe(noisy, "input")
    net.shown = net.probe(plain[0], label="y")
    twin = nef.direct_mode(net)
    direct = [isinstance(e.neuron_type, nef.Direct) for e in twin.all_ensembles]
    order = dict(zip([e.label for e in twin.all_ensembles], direct, strict=True))
    names = [e.label for e in (noisy, plain, probed, learned, valued, full, far)]
    # ``plain`` is the target of a rule's connection.
    assert [order[name] for name in names] == [True, False, False, False, False, False, False]
    copied = next(e for e in twin.all_ensembles if e.label == noisy.label)
    assert copied.noise is None and copied.initial_state == {}
    assert twin.source is twin.nodes[0] and twin.source is not net.source
    assert twin.shown is twin.probes[-1] and twin.shown.target.obj is twin.all_ensembles[1]
    assert twin.shown.target.indices == (0,) and twin.networks[0].parent is twin
    assert twin.connections[1].learning_rule.connection is twin.connections[1]
    assert all(c.network is twin for c in twin.connections)
    for attr, uses in (("decoded_output", False), ("input", False), ("scaled_encoders", True)):
        other = nef.Network()
        other.probe(other.ensemble(5, 1), attr)
        (e,) = nef.direct_mode(other).ensembles
        assert isinstance(e.neuron_type, nef.Direct) != uses
    for attr, uses in (("weights", True), ("output", False)):
        other = nef.Network()
        b = other.ensemble(5, 1)
        other.probe(other.connect(b, b), attr)
        (e,) = nef.direct_mode(other).ensembles
        assert isinstance(e.neuron_type, nef.Direct) != uses
