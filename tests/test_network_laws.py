"""Laws of networks: arguments at their bounds, sizes and indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments, **options)
    return str(raised.value)


@pytest.fixture
def net() -> nef.Network:
    return nef.Network(seed=1)


# Ensembles and nodes


def test_ensembles_are_refused_beyond_their_bounds(net: nef.Network) -> None:
    make = net.ensemble
    for arguments, options, words in (
        ((0, 1), {}, "n_neurons must be at least 1"),
        ((10**8 + 1, 1), {}, "n_neurons must be at most 100000000"),
        ((1, 0), {}, "dimensions must be at least 1"),
        ((1, 10**6 + 1), {}, "dimensions must be at most 1000000"),
        ((2, 1), {"n_eval_points": 0}, "n_eval_points must be at least 1"),
        ((2, 1), {"n_eval_points": 10**8 + 1}, "n_eval_points must be at most 100000000"),
        ((2, 1), {"n_eval_points": 2, "eval_points": np.ones((3, 1))}, "be 3, as eval_points has"),
        ((2, 1), {"gain": [1.0, 1.0]}, "bias must be passed together with gain, got None"),
        ((2, 1), {"bias": [1.0, 1.0]}, "gain must be passed together with bias, got None"),
        ((2, 1), {"gain": [1.0, 0.0], "bias": [1.0, 1.0]}, "be above 0, got 0 (neuron 1)"),
        ((2, 1), {"neuron_type": 3}, "neuron_type must be a neuron type"),
        ((2, 1), {"noise": 3}, "noise must be a process or None"),
        ((2, 1), {"noise": nef.PresentInput(np.ones((2, 3)), 0.1)}, "have 2 dimensions, got 3"),
        ((2, 1), {"noise": nef.WhiteNoise(), "neuron_type": nef.Direct()}, "None in Direct mode"),
        ((3, 1), {"encoders": [[1.0], [0.0], [0.0]]}, "a zero row (neuron 1)"),
        ((2, 1), {"neuron_type": nef.LIF(tau_rc=np.ones(3))}, "2 neurons, got time constants of 3"),
        ((2, 1), {"max_rates": [0.0, 300.0]}, "got 0 Hz (neuron 0)"),
        ((2, 1), {"max_rates": [300.0, 500.0]}, "below 1/tau_ref = 500 Hz, got 500 Hz (neuron 1)"),
        ((2, 1), {"max_rates": nef.Uniform(300.0, 501.0)}, "below 1/tau_ref = 500 Hz, got 501 Hz"),
        ((2, 1), {"max_rates": nef.Choice([300.0, 500.0])}, "got 500 Hz"),
        ((2, 1), {"max_rates": 500.0}, "got 500 Hz"),
        ((2, 1), {"max_rates": nef.Uniform(500.0, 500.0)}, "got 500 Hz"),
        ((2, 1), {"intercepts": [0.0, 1.0]}, "intercepts must be below 1, got 1 (neuron 1)"),
        ((2, 1), {"initial_state": 3}, "initial_state must be a dict or None"),
        ((2, 1), {"initial_state": {"colour": 1.0}}, "initial_state must be"),
        (
            (2, 2),
            {"initial_state": nef.SteadyState([1.0, 2.0, 3.0])},
            "have 2 dimensions, got Stea",
        ),
        (
            (2, 1),
            {"initial_state": nef.SteadyState(0.0), "neuron_type": nef.Tanh()},
            "be a dict fo",
        ),
        ((2, 1), {"radius": 0.0}, "radius must be above 0"),
        ((2, 1), {"eval_points": np.ones((0, 1))}, "eval_points must have at least one row"),
        ((2, 1), {"intercepts": [0.1, 0.2, 0.3]}, "pass a distribution or an array of 2 numbers"),
        ((3, 1), {"intercepts": [0.1, 0.2]}, "write the tuple (0.1, 0.2) for a range"),
        ((3, 2), {"encoders": np.ones((3, 1))}, "an array of 3 x 2 numbers"),
        ((3, 2), {"eval_points": np.ones((3, 1))}, "an array of points x 2 numbers"),
    ):
        assert words in refused(make, *arguments, **options), words
    assert net.ensembles == []


def test_ensembles_are_made_up_to_their_bounds(net: nef.Network) -> None:
    for options in (
        {"max_rates": nef.Uniform(200.0, 500.0), "intercepts": nef.Uniform(-1.0, 1.0)},
        {"max_rates": nef.Uniform(0.0, 500.0)},
        {"n_eval_points": 3, "eval_points": np.ones((3, 1))},
        {"n_eval_points": 1},
        {"encoders": np.zeros((2, 1)), "normalize_encoders": False},
        {"gain": [1.0, 1e-9], "bias": [-9.0, 0.0]},
        {"noise": nef.PresentInput(np.ones((3, 2)), 0.1)},
        {"initial_state": nef.SteadyState([0.5])},
        {"initial_state": {"voltage": 0.5}},
        {"max_rates": [300.0, 400.0], "neuron_type": nef.LIF(tau_ref=np.array([0.003, 0.002]))},
        {"max_rates": nef.Gaussian(900.0, 1.0)},
    ):
        net.ensemble(2, 1, **options)  # type: ignore[arg-type]
    net.ensemble(2, 3, initial_state=nef.SteadyState([0.1, 0.2, 0.3]))
    net.ensemble(2, 1, neuron_type=nef.Direct(), max_rates=900.0)  # has no curve
    different = nef.LIF(tau_ref=np.array([0.003, 0.002]))
    with pytest.raises(ValueError, match=r"got 400 Hz \(neuron 0\)"):
        net.ensemble(2, 1, max_rates=[400.0, 300.0], neuron_type=different)
    with pytest.raises(ValueError, match="got 400 Hz"):  # the other neuron may draw it
        net.ensemble(2, 1, max_rates=nef.Choice([300.0, 400.0]), neuron_type=different)
    values = nef.Samples([[1.0], [2.0]])
    encoders: Any = net.ensemble(2, 1, encoders=values).encoders
    assert encoders.tolist() == [[1.0], [2.0]] and not encoders.flags.writeable


def test_nodes_have_the_sizes_of_their_outputs(net: nef.Network) -> None:
    def two(t: float, x: Any = 0) -> list[float]:
        return [t, t]

    for output, size_in, size_out, sizes in (
        (None, 3, None, (3, 3)),
        (None, 3, 3, (3, 3)),
        (0.5, 0, None, (0, 1)),
        ([1.0, 2.0], 0, 2, (0, 2)),
        (two, 0, None, (0, 2)),
        (two, 3, None, (3, 2)),
        (two, 0, 7, (0, 7)),
        (np.sin, 0, None, (0, 1)),
        (lambda t: None, 0, None, (0, 0)),
        (nef.WhiteNoise(), 0, None, (0, 1)),
        (nef.WhiteNoise(), 0, 4, (0, 4)),
        (nef.PresentInput(np.ones((2, 3)), 0.1), 0, None, (0, 3)),
        (lambda t, x: x, 5, None, (5, 5)),
    ):
        node = net.node(output, size_in, size_out)  # type: ignore[arg-type]
        assert (node.size_in, node.size_out) == sizes
        assert node.label == f"node {len(net.nodes) - 1}"
    for arguments, words in (
        ((None,), "size_in must be at least 1 without an output, got 0"),
        ((None, -1), "size_in must be at least 0"),
        ((None, 10**6 + 1), "size_in must be at most 1000000"),
        ((0.5, 0, 10**6 + 1), "size_out must be at most 1000000"),
        ((0.5, 0, -1), "size_out must be at least 0"),
        ((0.5, 1), "size_in must be 0 for a constant, got 1"),
        ((nef.WhiteNoise(), 1), "size_in must be 0 for a process, got 1"),
        (([1.0, 2.0], 0, 3), "size_out must be 2, as output is, got 3"),
        ((np.ones((1, 1)),), "be a number or a list of numbers, got shape (1, 1)"),
        (([],), "be a number or a list of numbers, got shape (0,)"),
        ((np.sin, 2), "output must accept (t, x)"),
        ((two, 0, 3, "x"), "seed must"),
        ((lambda t: t, 2, 1), "accept (t, x of shape (2,))"),
        ((lambda: 1, 0, 1), "accept (t)"),
        ((lambda t, x: 1,), "pass size_in, the dimensions of x"),
        ((lambda a, b, c: 1,), "write lambda t: ..."),
        ((lambda a, b, c: 1, 2), "write lambda t, x: ..., or leave out size_in"),
    ):
        assert words in refused(net.node, *arguments), words


# Connections


def test_connections_are_refused_where_their_ends_do_not_fit(net: nef.Network) -> None:
    a, b = net.ensemble(5, 2), net.ensemble(4, 3)
    direct = net.ensemble(1, 2, neuron_type=nef.Direct())
    source, silent, sink = net.node([1.0, 2.0]), net.node(lambda t: None), net.node(size_in=2)
    other = nef.Network().node(1.0)
    points = np.ones((6, 2))
    full = nef.LstsqL2(weights=True)
    made = net.connect(a, sink, learning_rule=nef.PES())
    plain = net.connect(a, sink)
    for pre, post, options, words in (
        (a, source, {}, "post must take input, got <node 'node 0'> with size_in = 0"),
        (silent, sink, {}, "pre must give output, got <node 'node 1'> with size_out = 0"),
        (a, sink[[0, 0]], {}, "name no dimension twice"),
        (a, other, {}, "post must belong to this network, got <node 'node 0'> of another"),
        (made, sink, {}, "or one of its learning rules, such as <connection 'connection 0'>.lear"),
        (plain, sink, {}, "pass one of its ends, or one of its learning rules."),
        (1.0, sink, {}, "make a node of it"),
        (abs, sink, {}, "make a node of it"),
        (nef.WhiteNoise(), sink, {}, "make a node of it"),
        (nef.Network, sink, {}, "pass a node or ensemble of the network"),
        (a, sink, {"solver": full}, "go between ensembles to form full weights"),
        (source, a, {"solver": full}, "go between ensembles to form full weights"),
        (a, direct, {"solver": full}, "go between ensembles to form full weights"),
        (a, sink, {"solver": 3}, "solver must be a solver"),
        (a, sink, {"eval_points": np.ones((4, 3))}, "eval_points must"),
        (a.neurons[:2], sink, {"function": np.sin}, "function must be None from neurons"),
        (a, sink, {"function": lambda x: None}, "return at least one number, got none"),
        (a, sink, {"function": points}, "be a function (or values, with eval_points)"),
        (a, sink, {"function": points[:5], "eval_points": points}, "have 6 rows of values, got sh"),
        (a, sink, {"function": np.ones((6, 2, 1)), "eval_points": points}, "have 6 rows of value"),
        (a, b, {}, "be a (3, 2) matrix where sizes differ, got 2 dimensions into 3"),
        (a, b, {"transform": np.ones(2)}, "be a (3, 2) matrix where sizes differ"),
        (a, b, {"transform": np.ones((2, 3))}, "have shape (3, 2), got shape (2, 3)"),
        (a, b, {"transform": np.ones((3, 2, 1))}, "have shape (3, 2), got shape (3, 2, 1)"),
        (a, sink, {"transform": np.ones(3)}, "have shape (2, 2), got shape (3,)"),
        (a, b, {"transform": scipy.sparse.csr_array(np.ones((2, 3)))}, "have shape (3, 2), got sh"),
        (a, b, {"transform": scipy.sparse.csr_array(np.full((3, 2), np.nan))}, "transform must"),
        (a, sink, {"synapse": [0.1]}, "synapse must be of 2 elements, got 1"),
        (a, b, {"solver": full, "transform": np.ones((3, 2)), "synapse": [0.1] * 3}, "be of 4 ele"),
        (a, sink, {"delay": -0.1}, "delay must"),
        (a, sink, {"scale_eval_points": 1}, "scale_eval_points must"),
        (a, sink, {"learning_rule": []}, "have at least one rule, got none"),
        (a, sink, {"learning_rule": {1: nef.PES()}}, "be named by strings"),
        (a, sink, {"learning_rule": 3}, "be a learning rule"),
        (a, sink, {"learning_rule": nef.Voja()}, "have encoders to change"),
        (a, direct, {"learning_rule": nef.Voja()}, "have encoders to change"),
        (a.neurons[:2], b.neurons[:2], {"learning_rule": nef.Voja()}, "have encoders to change"),
        (source, sink, {"learning_rule": nef.PES()}, "have activities to learn from"),
        (direct, sink, {"learning_rule": nef.PES()}, "have activities to learn from"),
        (a, sink, {"learning_rule": nef.Oja()}, "have weights onto neurons to change"),
        (a, sink, {"learning_rule": nef.PES(), "transform": scipy.sparse.eye_array(2).tocsr()},
         "have a dense transform"),
    ):  # fmt: skip
        assert words in refused(net.connect, pre, post, **options), words
    assert len(net.connections) == 2
    full_weights = net.connect(
        a, b, solver=full, transform=np.ones((3, 2)), synapse=[0.1] * 4, learning_rule=nef.Oja()
    )
    assert len(full_weights.synapse.synapses) == 4  # type: ignore[union-attr]
    neurons = net.connect(a.neurons, b.neurons, transform=np.ones((4, 5)), learning_rule=nef.Oja())
    assert neurons.learning_rule.size_in == 0
    values = net.connect(a, sink[0], function=np.arange(6.0), eval_points=points)
    assert values.function.shape == (6, 1) and values.size_mid == 1  # type: ignore[union-attr]
    number: Any = net.connect(a, sink, transform=np.array(2.0)).transform
    assert type(number) is float and number == 2.0
    diagonal: Any = net.connect(a, sink, transform=[2.0, 3.0]).transform
    assert diagonal.tolist() == [2.0, 3.0] and not diagonal.flags.writeable
    assert net.connect(a, sink).transform == 1.0


def test_rules_are_found_by_their_keys(net: nef.Network) -> None:
    a, sink = net.ensemble(5, 2), net.node(size_in=2)
    assert net.connect(a, sink).learning_rule is None
    one = net.connect(a, sink, learning_rule=nef.PES()).learning_rule
    assert (one.place, one.size_in, one.size_out, one[1].size_in) == (0, 2, 0, 1)
    assert (one.gate.size_in, one.gate.size_out, one.gate.network) == (1, 0, net)
    several = net.connect(a, sink, learning_rule=[nef.PES(), nef.PES()]).learning_rule
    assert [rule.place for rule in several] == [0, 1]
    named = net.connect(a, sink, learning_rule={"x": nef.PES(), "y": nef.PES()}).learning_rule
    assert {name: rule.place for name, rule in named.items()} == {"x": 0, "y": 1}


# Indices


def test_views_name_dimensions_in_order(net: nef.Network) -> None:
    node = net.node(size_in=4)
    for key, indices in (
        (2, (2,)), (-1, (3,)), (slice(1, 3), (1, 2)), ([3, 0], (3, 0)), ((1, 1), (1, 1)),
        (np.array([2, 1]), (2, 1)), (np.int64(1), (1,)), (slice(None, None, -2), (3, 1)),
    ):  # fmt: skip
        view = node[key]  # type: ignore[index]
        assert view.indices == indices and {*map(type, view.indices)} == {int}
        assert view.size_in == view.size_out == len(indices)
    for wrong, words in (
        (True, "be an int, a slice or a list"),
        ("a", "be an int, a slice or a list"),
        (1.0, "be an int, a slice or a list"),
        (4, "be within 4 dimensions"),
        (-5, "be within 4 dimensions"),
        (2**63, "be within 4 dimensions"),
        ([0, 4], "be within 4 dimensions"),
        ([0.5], "be within 4 dimensions"),
        ([], "name at least one dimension"),
        (slice(2, 2), "name at least one dimension"),
        (np.zeros((1, 1), int), "name at least one dimension"),
    ):
        assert words in refused(node.__getitem__, wrong), wrong
    assert repr(node[[0, 1, 2, 3]]) == "<node 'node 0'>[0, 1, 2, 3]"
    assert repr(net.node(size_in=5)[:]) == "<node 'node 1'>[0, 1, 2, 3, ...]"
    assert net.node(lambda t, x: 1.0, size_in=3)[0].indices == (0,)  # of its output
