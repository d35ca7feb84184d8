"""Laws of layers of NIR graphs: matrices against sums that are written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef

nir = pytest.importorskip("nir")

from nefsim.nir import load, neurons, parts  # noqa: E402
from nefsim.nir.load import _convolution  # noqa: E402


@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"),
    [(1, (1, 1), (0, 0), (1, 1)), (2, (1, 2), (1, 0), (1, 1)), (2, (2, 1), (0, 1), (1, 2))],
)
def test_a_convolution_of_groups_is_a_sum_over_its_kernel(
    groups: int, stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    inside, outside, height, width = 4, 6, 6, 5
    weight = rng.normal(size=(outside, inside // groups, 3, 2))
    node = nir.Conv2d((height, width), weight, stride, padding, dilation, groups, np.zeros(outside))
    x = rng.normal(size=(inside, height, width))
    padded = np.pad(x, ((0, 0), *((p, p) for p in padding)))
    sizes = [
        (side + 2 * p - d * (k - 1) - 1) // s + 1
        for side, p, d, k, s in zip((height, width), padding, dilation, (3, 2), stride, strict=True)
    ]
    expected = np.zeros((outside, *sizes))
    for o, i, j in itertools.product(range(outside), *map(range, sizes)):
        group = o // (outside // groups)
        for c, a, b in itertools.product(range(inside // groups), range(3), range(2)):
            value = padded[
                group * (inside // groups) + c,
                i * stride[0] + a * dilation[0],
                j * stride[1] + b * dilation[1],
            ]
            expected[o, i, j] += weight[o, c, a, b] * value
    np.testing.assert_allclose(_convolution(node) @ x.ravel(), expected.ravel(), atol=1e-12)


def li(tau: Any, r: float = 1.0, leak: float = 0.0) -> Any:
    taus = np.atleast_1d(np.asarray(tau, dtype=float))
    one = np.ones(len(taus))
    return nir.LI(tau=taus, r=r * one, v_leak=leak * one)


# Parts of objects and synapses


def test_parts_of_objects_are_rows_of_the_identity() -> None:
    net = nef.Network()
    node = net.node(size_in=3)
    assert parts.selected(node) == 1.0
    assert parts.selected(node[[2, 0]]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert parts.as_matrix(2.0, 2).tolist() == [[2, 0], [0, 2]]
    assert parts.as_matrix(np.array([2.0, 3.0]), 2).tolist() == [[2, 0], [0, 3]]
    rows = [[1.0, 2.0], [0.0, 3.0], [4.0, 0.0]]
    for matrix in (np.array(rows), scipy.sparse.csr_array(rows)):
        assert parts.as_matrix(matrix, 9).tolist() == rows


def test_a_matrix_into_neurons_has_their_gains_at_their_places() -> None:
    net = nef.Network()
    neurons = net.ensemble(3, 1).neurons
    gain, matrix = np.array([2.0, 3.0, 5.0]), np.array([[1.0, 7.0], [10.0, 70.0]])
    assert parts.placed(0.5, neurons, None) == 0.5
    assert parts.placed(0.5, neurons, np.ones(3)) == 0.5
    assert parts.placed(0.5, neurons, gain).tolist() == np.diag([1.0, 1.5, 2.5]).tolist()
    assert parts.placed(matrix, neurons[[2, 0]], None).tolist() == [[10, 70], [0, 0], [1, 7]]
    assert parts.placed(matrix, neurons[[2, 0]], gain).tolist() == [[20, 140], [0, 0], [5, 35]]
    # Gains of other neurons do not count.
    assert parts.placed(2.0, neurons[[1]], np.array([4.0, 1.0, 4.0])).tolist() == [[0], [2], [0]]


def test_synapses_are_leaky_integrators_in_a_row() -> None:
    for synapse, taus in (
        (None, ()),
        (nef.Lowpass(0.0), ()),
        (nef.Lowpass(0.1), (0.1,)),
        (nef.Alpha(0.2), (0.2, 0.2)),
        (nef.DoubleExp(0.3, 0.4), (0.3, 0.4)),
    ):
        assert parts.time_constants("x", synapse) == taus
    with pytest.raises(ValueError, match="have synapses that NIR can express, got Triangle"):
        parts.time_constants("x", nef.Triangle(0.1))


# Neurons


def test_losses_are_those_of_each_neuron_type() -> None:
    noise = nef.WhiteNoise()
    for neuron, words in (
        (nef.LIF(), ["refractory period (tau_ref = 0.002 s)", "lowest voltage (min_voltage = 0)"]),
        (nef.LIF(tau_ref=0.0, min_voltage=-1e9), []),
        (nef.LIF(tau_ref=0.0, min_voltage=-0.9e9), ["lowest voltage (min_voltage = -9e+08)"]),
        (nef.SpikingRectifiedLinear(), ["several spikes in a step"]),
        (nef.DiscreteLIF(reset="subtract"), ["reset by subtraction"]),
        (nef.DiscreteLIF(reset="zero"), []),
    ):
        net = nef.Network()
        assert [*neurons.losses(net.ensemble(3, 1, neuron_type=neuron))] == words
        noisy = net.ensemble(3, 1, neuron_type=neuron, noise=noise)
        assert [*neurons.losses(noisy)] == ["noise", *words]


def test_simpler_neurons_take_the_same_steps_as_the_equations() -> None:
    lif = neurons.without_losses(nef.LIF(tau_rc=0.02, amplitude=0.5), 0.004)
    assert lif == nef.DiscreteLIF(decay=0.8, scale=0.2, step_time=0.004, amplitude=0.5)
    linear = neurons.without_losses(nef.SpikingRectifiedLinear(amplitude=0.5), 0.004)
    assert linear == nef.DiscreteLIF(decay=1.0, scale=0.004, step_time=0.004, amplitude=0.5)
    subtracting = nef.DiscreteLIF(0.75, 2.0, scale=0.5, reset="subtract")
    assert neurons.without_losses(subtracting, 0.004) == nef.DiscreteLIF(0.75, 2.0, scale=0.5)
    assert neurons.without_losses(nef.Sigmoid(), 0.004) == nef.Sigmoid()


def node_of(neuron: nef.NeuronType, dt: float) -> Any:
    return neurons.neuron_node(nef.Network().ensemble(2, 1, neuron_type=neuron), dt)


def test_nodes_of_neurons_have_the_constants_of_their_steps() -> None:
    node = node_of(nef.LIF(tau_rc=0.03), 0.004)
    assert isinstance(node, nir.LIF)
    found = [getattr(node, k).tolist() for k in ("tau", "r", "v_leak", "v_threshold", "v_reset")]
    assert found == [[0.03] * 2, [1.0] * 2, [0.0] * 2, [1.0] * 2, [0.0] * 2]
    # ``v += dt / tau (r I - v)`` is ``decay v + scale I``.
    node = node_of(nef.DiscreteLIF(0.75, 2.0, scale=0.5), 0.004)
    assert isinstance(node, nir.LIF)
    found = [getattr(node, k).tolist() for k in ("tau", "r", "v_leak", "v_threshold", "v_reset")]
    assert found == [[0.016] * 2, [2.0] * 2, [0.0] * 2, [2.0] * 2, [0.0] * 2]
    node = node_of(nef.DiscreteLIF(1.0, 2.0, scale=0.5, threshold_rule=">="), 0.004)
    assert isinstance(node, nir.IF) and not node.v_reset.any()
    assert node.r.tolist() == [125.0] * 2
    assert node.v_threshold.tolist() == [np.nextafter(2.0, 0.0)] * 2  # fires at 2, too
    for neuron in (
        nef.DiscreteLIF(np.array([1.0, 0.5])),
        nef.DiscreteLIF(activation="relu"),
        nef.DiscreteLIF(output="sigmoid"),
        nef.LIFRate(),
    ):
        with pytest.raises(ValueError, match="have neurons that NIR can express"):
            node_of(neuron, 0.004)


def test_neurons_of_a_graph_step_relative_to_their_reset() -> None:
    r, reset, threshold = np.array([2.0, 4.0]), np.array([0.5, 0.25]), np.array([1.5, 1.0])
    options = {"r": r, "v_reset": reset, "v_threshold": threshold}
    neuron, current, start = neurons.discrete("n", nir.IF(**options), 0.004, 0.5)
    thresholds = np.array([1.0, 0.75])
    expected = nef.DiscreteLIF(1.0, thresholds, scale=0.004 * r, step_time=0.004, amplitude=0.5)
    assert neuron == expected
    assert current.tolist() == [0.0, 0.0] and start.tolist() == [-0.5, -0.25]
    tau, leak = np.array([0.016, 0.008]), np.array([1.5, 0.25])
    cuba = {"tau_syn": tau, "w_in": r}
    for node in (
        nir.LIF(tau=tau, v_leak=leak, **options),
        nir.CubaLIF(tau_mem=tau, v_leak=leak, **options, **cuba),
    ):
        neuron, current, start = neurons.discrete("n", node, 0.004, 0.5)
        decay, scale = np.array([0.75, 0.5]), np.array([0.5, 2.0])
        expected = nef.DiscreteLIF(decay, thresholds, scale=scale, step_time=0.004, amplitude=0.5)
        assert neuron == expected
        # ``v_leak`` is a constant current of ``(v_leak - v_reset) / r``.
        assert current.tolist() == [0.5, 0.0] and start.tolist() == [-0.5, -0.25]
        neuron, *_ = neurons.discrete("n", node, 0.008, 0.5)
        assert np.array(neuron.decay).tolist() == [0.5, 0.0]
        with pytest.raises(ValueError, match=r"of dt or more, got 0\.008 s in node 'n' with dt = "):
            neurons.discrete("n", node, 0.0081, 0.5)
    options["r"] = np.array([1.0, 0.0])
    with pytest.raises(ValueError, match="have resistances other than 0, got 0 in node 'n'"):
        neurons.discrete("n", nir.IF(**options), 0.004, 0.5)


# Graphs


def test_only_a_plain_lowpass_has_a_time_constant() -> None:
    assert load._plain_tau(li([0.1, 0.1])) == 0.1
    for node in (li([0.1, 0.2]), li(0.1, r=2.0), li(0.1, leak=0.5), nir.Scale(np.ones(1))):
        assert load._plain_tau(node) is None


@pytest.mark.parametrize(
    ("taus", "edges", "merged", "left"),
    [
        ([0.1, 0.1], "xa ab by", {"b": nef.Alpha(0.1)}, "xb by"),
        ([0.1, 0.2], "xa ab by", {"b": nef.DoubleExp(0.1, 0.2)}, "xb by"),
        ([0.1, 0.1, 0.1], "xa ab bc cy", {"b": nef.Alpha(0.1)}, "xb bc cy"),
        ([0.1] * 4, "xa ab bc cd dy", dict.fromkeys("bd", nef.Alpha(0.1)), "xb bd dy"),
        ([0.1, 0.1], "xa ab ay by", {}, "xa ab ay by"),
        ([0.1, 0.1], "xa ab xb by", {}, "xa ab xb by"),
        ([0.1, 0.1], "xa wa ab by", {"b": nef.Alpha(0.1)}, "xb wb by"),
    ],
    ids=str,
)
def test_two_integrators_in_a_row_that_nothing_else_meets_are_one_synapse(
    taus: list[float], edges: str, merged: dict[str, Any], left: str
) -> None:
    nodes = {name: nir.Scale(np.ones(1)) for name in "xyw"}
    nodes |= {name: li(tau) for name, tau in zip("abcd", taus, strict=False)}
    before, pairs_of = {*nodes}, [(e[0], e[1]) for e in edges.split()]
    assert load._merge_pairs(nodes, pairs_of) == merged
    assert ["".join(e) for e in pairs_of] == left.split()
    assert len(before) - len(nodes) == len(merged)


def test_spikes_are_late_on_cycles_without_another_delay() -> None:
    one = np.ones(1)
    spiking = nir.IF(r=one, v_threshold=one, v_reset=0 * one)
    nodes = {"x": nir.Scale(one), "n": spiking, "m": spiking, "s": nir.Scale(one), "t": li(0.1)}
    assert load._late_edges(nodes, [("x", "n"), ("n", "m"), ("m", "s")]) == set()
    cycle = [("x", "n"), ("n", "s"), ("s", "n"), ("n", "m")]
    assert load._late_edges(nodes, cycle) == {("n", "s")}
    assert load._late_edges(nodes, [("n", "m"), ("m", "n")]) == {("n", "m"), ("m", "n")}
    assert load._late_edges(nodes, [("n", "t"), ("t", "n")]) == set()


def test_the_step_and_the_height_of_spikes_are_passed_or_those_of_the_graph() -> None:
    one, zero = np.ones(1), np.zeros(1)

    def made(metadata: Any, **options: Any) -> tuple[float, float]:
        lif = nir.LIF(tau=0.1 * one, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
        graph = nir.NIRGraph.from_list(nir.Linear(np.ones((1, 1))), lif)
        graph.metadata.update(metadata)
        (ensemble,) = load.from_nir(graph, **options).ensembles
        neuron: Any = ensemble.neuron_type
        return neuron.step_time, neuron.amplitude

    assert made({}) == (0.001, 0.001)
    assert made({"dt": np.array([0.002])}) == (0.002, 0.002)
    assert made({"dt": 0.002, "spikes": "delta"}) == (0.002, 1.0)
    assert made({"dt": 0.002}, dt=0.004) == (0.004, 0.004)
    assert made({"spikes": "delta"}, spikes="unit") == (0.001, 0.001)
    assert made({"spikes": "unit"}, spikes="delta") == (0.001, 1.0)
    with pytest.raises((TypeError, ValueError), match="from_nir: dt must be"):
        made({"dt": np.array([0.001, 0.002])})


def test_leaky_integrators_are_connections_for_each_time_constant() -> None:
    node = nir.LI(tau=np.array([0.2, 0.1, 0.2]), r=np.array([2.0, 3.0, 5.0]), v_leak=np.zeros(3))
    graph = nir.NIRGraph.from_list(nir.Scale(np.ones(3)), node)
    net = load.from_nir(graph)
    filters = [
        (c.pre.indices, c.post.indices, c.transform.tolist(), c.synapse)
        for c in net.connections
        if isinstance(c.synapse, nef.Lowpass) and c.synapse.tau
    ]
    assert filters == [
        ((1,), (1,), [3.0], nef.Lowpass(0.1)),
        ((0, 2), (0, 2), [2.0, 5.0], nef.Lowpass(0.2)),
    ]


def test_matrices_of_nodes_are_on_flattened_values() -> None:
    for node, expected in (
        (nir.Linear(np.array([[1, 2]])), [[1.0, 2.0]]),
        (nir.Affine(np.array([[1.0, 2.0]]), np.zeros(1)), [[1.0, 2.0]]),
        (nir.Scale(np.array([[1.0, 2.0], [3.0, 4.0]])), [1.0, 2.0, 3.0, 4.0]),
    ):
        found = load._matrix("n", node)
        assert found.tolist() == expected and found.dtype == np.float64
    for node, weight in (
        (nir.SumPool2d(kernel_size=(2, 4), stride=(2, 4), padding=(0, 0)), 1.0),
        (nir.AvgPool2d(kernel_size=(2, 4), stride=(2, 4), padding=(0, 0)), 0.125),
    ):
        node.input_type = {"input": np.array([2, 2, 8])}
        found = load._matrix("n", node).toarray()
        expected = np.zeros((2, 1, 2, 2, 2, 8))
        for channel, across in itertools.product(range(2), range(2)):
            expected[channel, 0, across, channel, :, 4 * across : 4 * across + 4] = weight
        assert np.array_equal(found, expected.reshape(4, 32))


@pytest.mark.parametrize(("n_in", "n_out"), [(2, 1), (1, 2), (0, 1), (1, 0), (2, 2)])
def test_a_graph_within_has_one_input_and_one_output(n_in: int, n_out: int) -> None:
    one = {"input": np.array([1])}, {"output": np.array([1])}
    inside: dict[str, Any] = {"s": nir.Scale(np.ones(1))}
    inside |= {f"in{i}": nir.Input(one[0]) for i in range(n_in)}
    inside |= {f"out{i}": nir.Output(one[1]) for i in range(n_out)}
    edges = [(f"in{i}", "s") for i in range(n_in)] + [("s", f"out{i}") for i in range(n_out)]
    block = nir.NIRGraph(inside, edges, type_check=False)
    nodes = {"input": nir.Input(one[0]), "block": block, "output": nir.Output(one[1])}
    graph = nir.NIRGraph(nodes, [("input", "block"), ("block", "output")], type_check=False)
    with pytest.raises(ValueError, match=f"one input and .* got {n_in} and {n_out} in 'block'"):
        load.from_nir(graph)


def test_a_population_of_a_graph_has_a_current_for_each_neuron() -> None:
    r, leak = np.array([1.0, 2.0]), np.array([0.5, 1.0])
    lif = nir.LIF(tau=0.1 * np.ones(2), r=r, v_leak=leak, v_threshold=r, v_reset=-r / 4)
    net = load.from_nir(nir.NIRGraph.from_list(nir.Linear(np.array([[3.0], [4.0]])), lif))
    (ensemble,) = net.ensembles
    assert (net.seed, net.label, ensemble.label) == (0, "nir", "lif")
    assert (ensemble.n_neurons, ensemble.dimensions, ensemble.radius) == (2, 1, 1.0)
    neuron, current, start = neurons.discrete("lif", lif, 0.001, 0.001)
    assert ensemble.neuron_type == neuron
    for found, expected in (
        (ensemble.encoders, [[1.0], [1.0]]),
        (ensemble.gain, [1.0, 1.0]),
        (ensemble.bias, current),
        (ensemble.eval_points, [[0.0]]),  # decoders are not solved for
        (ensemble.initial_state["voltage"], start),
    ):
        np.testing.assert_array_equal(found, expected)
    assert [c.post for c in net.connections][1:-1] == [ensemble.neurons]
    assert [c.synapse for c in net.connections] == [None] * len(net.connections)


@pytest.mark.parametrize(("bias", "repeated"), [([1.0, 2.0], [1, 1, 2, 2]), ([1, 2, 3, 4], None)])
def test_a_bias_is_that_of_each_output_or_channel(bias: Any, repeated: Any) -> None:
    conv = nir.Conv2d((2, 1), np.ones((2, 1, 1, 1)), 1, 0, 1, 1, np.asarray(bias, float))
    graph = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([1, 2, 1])}),
            "conv": conv,
            "output": nir.Output({"output": np.array([2, 2, 1])}),
        },
        [("input", "conv"), ("conv", "output")],
        type_check=False,
    )
    constant = next(n for n in load.from_nir(graph).nodes if n.label == "conv.bias")
    np.testing.assert_array_equal(constant.output, repeated or bias)
    for wrong in ([], [1.0, 2.0, 3.0]):
        conv.bias = np.array(wrong)
        with pytest.raises(ValueError, match=f"got {len(wrong)} for 4 of 'conv'"):
            load.from_nir(graph)
