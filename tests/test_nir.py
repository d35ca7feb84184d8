"""NIR graphs: export, errors, and import with the same spikes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate2d

import nefsim as nef
from nefsim.convolution import conv2d_matrix, pool2d_matrix

nir = pytest.importorskip("nir")

from nefsim.nir import from_nir, to_nir  # noqa: E402

DT = 0.001


# -- an interpreter of NIR that knows nothing of nefsim ----------------------------------------


def interpreted(graph: Any, inputs: dict[str, np.ndarray], dt: float) -> dict[str, np.ndarray]:
    """Outputs of each node, (T, n): explicit Euler, spikes of 1.

    Nodes are done in the order of their edges; an edge that closes a cycle brings the value
    of the step before.
    """
    order = in_order(list(graph.nodes), graph.edges)
    place = {name: i for i, name in enumerate(order)}
    before = {name: [p for p, q in graph.edges if q == name] for name in order}
    size = {name: int(np.prod(graph.nodes[name].output_type["output"])) for name in order}
    n_steps = len(next(iter(inputs.values())))
    y = {name: np.zeros((n_steps, size[name])) for name in order}
    v = {name: np.zeros(size[name]) for name in order}
    for t in range(n_steps):
        for name in order:
            node = graph.nodes[name]
            x = sum(
                (
                    y[p][t] if place[p] < place[name] else y[p][t - 1] * (t > 0)
                    for p in before[name]
                ),
                np.zeros(()),
            )
            match node:
                case nir.Input():
                    y[name][t] = inputs[name][t]
                case nir.Affine():
                    y[name][t] = node.weight @ x + node.bias
                case nir.Linear():
                    y[name][t] = node.weight @ x
                case nir.Scale():
                    y[name][t] = node.scale * x
                case nir.LI():
                    v[name] += dt / node.tau * (node.v_leak - v[name] + node.r * x)
                    y[name][t] = v[name]
                case nir.LIF():
                    v[name] += dt / node.tau * (node.v_leak - v[name] + node.r * x)
                    fire(node, v[name], y[name][t])
                case nir.IF():
                    v[name] += dt * node.r * x
                    fire(node, v[name], y[name][t])
                case nir.Output():
                    y[name][t] = x
                case _:
                    raise AssertionError(node)
    return y


def fire(node: Any, v: np.ndarray, y: np.ndarray) -> None:
    y[...] = v > node.v_threshold
    v[y > 0] = node.v_reset[y > 0]


def in_order(names: list[str], edges: list[tuple[str, str]]) -> list[str]:
    """Depth first, so that only edges that close a cycle go backwards."""
    done: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for p, q in edges:
                if q == name:
                    visit(p)
            done.append(name)

    for name in names:
        visit(name)
    return done


# -- networks ----------------------------------------------------------------------------------


def wave(t: float) -> float:
    return float(np.sin(2 * np.pi * t))


def square() -> tuple[nef.Network, nef.Probe]:
    """x² between two populations of LIF neurons."""
    net = nef.Network(seed=2)
    u = net.node(wave, label="u")
    a = net.ensemble(200, 1, label="a")
    b = net.ensemble(200, 1, label="b")
    net.connect(u, a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.05)
    return net, net.probe(b, synapse=0.05, label="y")


def trained(reset: str = "zero", threshold_rule: str = ">") -> nef.Network:
    """Layers of discrete neurons with weights between the neurons themselves."""
    rng = np.random.default_rng(5)
    net = nef.Network(seed=0)
    u = net.node(nef.WhiteSignal(1.0, high=40.0, rms=0.7, seed=3), size_out=4, label="u")
    kinds: list[dict[str, Any]] = [
        {"decay": 1.0},
        {"decay": 0.8, "threshold": rng.uniform(0.3, 0.9, 30)},
        {"decay": rng.uniform(0.4, 0.9, 30), "scale": 0.5, "threshold": 0.25},
    ]
    before: Any = u
    for i, kind in enumerate(kinds):
        neuron = nef.DiscreteLIF(reset=reset, threshold_rule=threshold_rule, amplitude=DT, **kind)
        layer = net.ensemble(
            30, 1, neuron_type=neuron, gain=np.ones(30), bias=np.full(30, 0.01), label=f"layer {i}"
        )
        weights = rng.normal(size=(30, before.size_out)) / 2
        net.connect(before, layer.neurons, transform=weights, synapse=None)
        net.probe(layer.neurons, label=f"spikes {i}")
        before = layer.neurons
    return net


def everything() -> nef.Network:
    """All that NIR can express: slices, constants, relays, cycles, several filters."""
    discrete = nef.DiscreteLIF(decay=0.95, scale=0.05)
    net = nef.Network(seed=4)
    u = net.node(lambda t: [wave(t), 0.3], label="u/v")
    relay = net.node(size_in=3, label="relay")
    inner = net.subnetwork("inner")
    a = inner.ensemble(60, 2, neuron_type=discrete, radius=1.5, max_rates=(100, 200))
    b = net.ensemble(50, 1, neuron_type=discrete, max_rates=(100, 200))
    c = net.ensemble(40, 1, neuron_type=discrete, max_rates=(100, 200))
    net.connect(u, relay[[2, 0]], synapse=None)
    net.connect(net.node([0.5]), relay[1], synapse=0.01)
    net.connect(relay[[0, 2]], a, synapse=nef.Alpha(0.005), transform=[0.5, 1.0])
    net.connect(a, b, function=lambda x: x[0] * x[1], synapse=nef.DoubleExp(0.01, 0.002))
    net.connect(a[1], c, transform=-0.5, synapse=0.01)
    net.connect(b, b, transform=0.5, synapse=0.1)
    net.connect(b, c, solver=nef.LstsqL2(weights=True))
    net.connect(a.neurons[:30], c.neurons[5:35], transform=-0.0002, synapse=0.005)
    net.connect(u[0], c.neurons, transform=np.ones((40, 1)) * 0.2, synapse=None)
    for target in (a, b, c[0], relay[1:]):
        net.probe(target, synapse=0.02)
    net.probe(c.neurons, label="spikes")
    return net


def run(net: nef.Network, seconds: float = 0.5) -> list[np.ndarray]:
    with nef.Simulator(net, backend="numpy", progress=False) as sim:
        sim.run(seconds)
    return [sim.data[probe] for probe in net.probes]


def fed(net: nef.Network, inputs: dict[str, Any]) -> nef.Network:
    """A network from a graph, with sources for its inputs."""
    nodes = {node.label: node for node in net.nodes}
    for name, value in inputs.items():
        size = nodes[name].size_in if isinstance(value, nef.processes.Process) else None
        net.connect(net.node(value, size_out=size), nodes[name], synapse=None)
    return net


def through_a_file(graph: Any, folder: Path) -> Any:
    """The content of a graph that another program would read."""
    nir.write(folder / "net.nir", graph)
    return nir.read(folder / "net.nir")


# -- there -------------------------------------------------------------------------------------


def test_the_interpreter_decodes_the_exported_square_within_two_percent(tmp_path: Path) -> None:
    net, y = square()
    expected = run(net, 1.0)[0]
    graph = through_a_file(to_nir(net, allow_lossy=True), tmp_path)
    inputs = {"u": np.sin(2 * np.pi * DT * np.arange(1, 1001))[:, None]}
    decoded = interpreted(graph, inputs, DT)["y"]
    # The largest value is 1, so that this is 2 % of the range.
    assert np.sqrt(np.mean((decoded - expected) ** 2)) < 0.02
    ideal = y.synapse.filt(y.synapse.filt(inputs["u"] ** 2))
    assert np.sqrt(np.mean((decoded - ideal) ** 2)) < 0.02


def test_losses_in_a_subnetwork_change_no_other_object() -> None:
    def graph(inside: bool) -> Any:
        net = nef.Network(seed=2)
        u = net.node(wave, label="u")
        part = net.subnetwork("part").subnetwork("inner") if inside else net
        a = part.ensemble(50, 1, label="a", seed=5)  # LIF, with a refractory period
        net.connect(u, a, synapse=None)
        net.probe(a, synapse=0.05, label="y")
        return to_nir(net, allow_lossy=True)

    inputs = {"u": np.sin(2 * np.pi * DT * np.arange(1, 201))[:, None]}
    deep, flat = (interpreted(graph(inside), inputs, DT)["y"] for inside in (True, False))
    assert np.ptp(flat) > 0.5
    np.testing.assert_array_equal(deep, flat)


def test_objects_without_a_source_get_an_input() -> None:
    net = nef.Network(seed=2)
    relay = net.node(size_in=3, label="relay")
    net.probe(relay[:2], label="y")
    still = {"gain": 1.0, "bias": 0.0, "label": "a"}
    net.probe(net.ensemble(20, 1, neuron_type=nef.DiscreteLIF(), **still).neurons, label="z")
    graph = to_nir(net)
    fed = {target for _, target in graph.edges}
    inputs = {name for name, node in graph.nodes.items() if isinstance(node, nir.Input)}
    assert inputs == {"relay", "a.input"}
    assert fed | inputs == set(graph.nodes) and not fed & inputs
    assert ("a.input", "a") in graph.edges


def test_decoders_solved_for_other_neurons_would_be_off() -> None:
    """The refractory period matters: left out without solving again, x² is far too large."""
    net, _ = square()
    graph = to_nir(net, allow_lossy=True)
    with nef.Simulator(net) as sim:
        a, b = (sim.data[ensemble] for ensemble in net.ensembles)
        graph.nodes["a.encoders"] = nir.Affine(a.scaled_encoders, a.bias)
        graph.nodes["b.encoders"] = nir.Affine(b.scaled_encoders, b.bias)
        weights = sim.data[net.connections[1]].decoded_weights
        graph.nodes["connection 1"] = nir.Linear(weights / DT)
        graph.nodes["y.decoders"] = nir.Linear(sim.built.probe_data[net.probes[0]].decoders.T / DT)
    inputs = {"u": np.ones((500, 1))}
    wrong = interpreted(graph, inputs, DT)["y"][-100:].mean()
    right = interpreted(to_nir(net, allow_lossy=True), inputs, DT)["y"][-100:].mean()
    assert abs(right - 1.0) < 0.02 and abs(wrong - 1.0) > 0.1


def test_spikes_of_one_and_of_one_over_dt_differ_by_dt_in_the_decoders_alone() -> None:
    net, _ = square()
    unit = to_nir(net, spikes="unit", allow_lossy=True)
    delta = to_nir(net, spikes="delta", allow_lossy=True)
    assert (unit.metadata["spikes"], delta.metadata["spikes"]) == ("unit", "delta")
    for name, node in unit.nodes.items():
        if isinstance(node, nir.Linear):
            scale = 1 / DT
            np.testing.assert_allclose(node.weight, delta.nodes[name].weight * scale, rtol=1e-15)
    inputs = {"u": np.ones((300, 1))}
    trap = interpreted(delta, inputs, DT)["y"][-1]
    assert abs(trap) < 0.02  # decoders in value / Hz, read by a tool whose spikes are 1


@pytest.mark.parametrize("rule", [">", ">="])
def test_every_spike_of_trained_layers_is_the_interpreter_s(rule: str) -> None:
    net = trained(threshold_rule=rule)
    actual = interpreted(to_nir(net), {"u": shown_by(net.nodes[0])}, DT)
    for probe, expected in zip(net.probes, run(net), strict=True):
        assert expected.sum() > 500
        np.testing.assert_array_equal(actual[probe.label], expected)


def shown_by(node: nef.Node) -> np.ndarray:
    """Values of a node of time in half a second."""
    net = nef.Network(seed=0)
    net.probe(net.node(node.output, size_out=node.size_out))
    return run(net)[0]


# -- and back ----------------------------------------------------------------------------------


def test_a_file_holds_the_same_graph(tmp_path: Path) -> None:
    graph = to_nir(everything())
    back = through_a_file(graph, tmp_path)
    assert back.edges == graph.edges
    assert (back.metadata["dt"], back.metadata["spikes"]) == (DT, "unit")
    assert back.nodes.keys() == graph.nodes.keys()
    for name, node in graph.nodes.items():
        for field in ("weight", "bias", "scale", "tau", "r", "v_leak", "v_threshold", "v_reset"):
            if hasattr(node, field):
                np.testing.assert_array_equal(
                    getattr(back.nodes[name], field), getattr(node, field)
                )


@pytest.mark.parametrize("spikes", ["unit", "delta"])
def test_a_network_comes_back_with_the_same_spikes_and_values(spikes: str, tmp_path: Path) -> None:
    net = everything()
    back = from_nir(through_a_file(to_nir(net, spikes=spikes), tmp_path))
    fed(back, {"u|v": lambda t: [wave(t), 0.3]})
    heights = DT if spikes == "unit" else 1.0
    *values, spiked = run(net)
    *same_values, same = run(back)
    assert spiked.sum() * DT > 200
    np.testing.assert_array_equal(spiked * heights, same)
    for one, other in zip(values, same_values, strict=True):
        # Decoders are divided by dt and spikes are multiplied by it, sums are in another order.
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_neurons_without_input_come_back_with_their_bias() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, neuron_type=nef.DiscreteLIF(), gain=np.ones(20), bias=np.full(20, 0.3))
    net.probe(a.neurons, label="spikes")
    graph = to_nir(net, spikes="delta")
    (name,) = (name for name, node in graph.nodes.items() if hasattr(node, "bias"))
    assert [target for source, target in graph.edges if source == name] == ["ensemble 0"]
    (spikes,), (same,) = run(net), run(from_nir(graph))
    assert spikes.any()
    np.testing.assert_array_equal(spikes, same)


def test_trained_layers_come_back_with_every_spike(tmp_path: Path) -> None:
    net = trained()
    back = fed(from_nir(through_a_file(to_nir(net), tmp_path)), {"u": net.nodes[0].output})
    for expected, actual in zip(run(net), run(back), strict=True):
        np.testing.assert_array_equal(expected, actual)


def test_a_square_without_losses_comes_back_with_the_spikes_of_the_interpreter() -> None:
    net, _ = square()
    net.probe(net.ensembles[0].neurons, label="spikes")
    graph = to_nir(net, allow_lossy=True)
    inputs = {"u": np.sin(2 * np.pi * DT * np.arange(1, 501))[:, None]}
    actual = run(fed(from_nir(graph), {"u": wave}))[-1]
    np.testing.assert_array_equal(actual, interpreted(graph, inputs, DT)["spikes"])


def lif(n: int, **changed: Any) -> Any:
    one = np.ones(n)
    given = {"tau": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changed
    return nir.LIF(**{name: value * one for name, value in given.items()})


def test_leaks_resets_and_resistances_are_those_of_the_graph() -> None:
    node = lif(5, r=np.linspace(1, 3, 5), v_leak=0.3, v_threshold=0.9, v_reset=-0.2)
    graph = nir.NIRGraph.from_list(nir.Linear(np.ones((5, 1))), node)
    inputs = {"input": np.full((500, 1), 1.1)}
    expected = interpreted(graph, inputs, DT)["output"]
    actual = run(fed(from_nir(graph), {"input": 1.1}))[0]
    assert expected.sum() > 50
    np.testing.assert_array_equal(actual, expected)


def test_a_cycle_of_spikes_takes_one_step() -> None:
    graph = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([3])}),
            "lif": lif(3, tau=0.005),
            "w": nir.Linear(np.array([[0, 2.0, 0], [0, 0, 2.0], [-3.0, 0, 0]])),
            "output": nir.Output({"output": np.array([3])}),
        },
        [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")],
    )
    drive = np.array([1.5, 1.2, 1.4])
    expected = interpreted(graph, {"input": np.tile(drive, (500, 1))}, DT)["output"]
    actual = run(fed(from_nir(graph), {"input": drive}))[0]
    assert expected.sum(axis=0).min() > 0
    np.testing.assert_array_equal(actual, expected)


def test_a_subgraph_is_inlined() -> None:
    inner = nir.NIRGraph.from_list(nir.Affine(np.eye(2) * 2, np.ones(2)), lif(2))
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "block": inner,
        "output": nir.Output({"output": np.array([2])}),
    }
    graph = nir.NIRGraph(nodes, [("input", "block"), ("block", "output")], type_check=False)
    actual = run(fed(from_nir(graph), {"input": [0.3, 0.8]}))[0]
    flat = nir.NIRGraph.from_list(nir.Affine(np.eye(2) * 2, np.ones(2)), lif(2))
    inputs = {"input": np.tile([0.3, 0.8], (500, 1))}
    np.testing.assert_array_equal(actual, interpreted(flat, inputs, DT)["output"])


def test_synaptic_currents_are_filtered_with_unequal_time_constants() -> None:
    one = np.ones(2)
    cuba = nir.CubaLIF(np.array([0.005, 0.02]), 0.02 * one, one, 0 * one, one, 0 * one, 2 * one)
    net = from_nir(nir.NIRGraph.from_list(cuba))
    net.probe(next(node for node in net.nodes if node.label == "cubalif.synapse"), label="I")
    spikes, current = run(fed(net, {"input": [1.0, 1.0]}))
    t = DT * np.arange(500)
    np.testing.assert_allclose(current, 2 * (1 - np.exp(-t[:, None] / [0.005, 0.02])), atol=1e-9)
    assert spikes.sum() > 10


def test_convolutions_and_pooling_are_matrices() -> None:
    rng = np.random.default_rng(0)
    image, kernels = rng.normal(size=(2, 7, 6)), rng.normal(size=(3, 2, 3, 3))
    conv = nir.Conv2d((7, 6), kernels, 1, 0, 1, 1, np.array([0.1, 0.2, 0.3]))
    graph = nir.NIRGraph.from_list(
        nir.Input({"input": np.array([2, 7, 6])}), conv, nir.SumPool2d(np.array([2, 1]), 1, 0)
    )
    actual = run(fed(from_nir(graph), {"input": image.ravel()}), 0.001)[0]
    planes = np.stack(
        [sum(correlate2d(image[i], k[i], "valid") for i in range(2)) for k in kernels]
    ) + np.array([0.1, 0.2, 0.3]).reshape(3, 1, 1)
    pooled = planes[:, :-1] + planes[:, 1:]
    np.testing.assert_allclose(actual[0], pooled.ravel(), rtol=1e-12)


def test_strides_pads_dilation_and_groups() -> None:
    rng = np.random.default_rng(1)
    image, kernels = rng.normal(size=(4, 8, 9)), rng.normal(size=(2, 2, 3, 2))
    matrix, shape = conv2d_matrix(kernels, (4, 8, 9), (2, 3), ((1, 0), (2, 1)), (2, 1), 2)
    padded = np.pad(image, ((0, 0), (1, 0), (2, 1)))
    spread = np.zeros((2, 2, 5, 2))
    spread[:, :, ::2] = kernels
    expected = [
        sum(correlate2d(padded[2 * o + i], spread[o, i], "valid") for i in range(2))
        for o in range(2)
    ]
    expected = np.stack(expected)[:, ::2, ::3]
    assert shape == expected.shape
    np.testing.assert_allclose(matrix @ image.ravel(), expected.ravel(), rtol=1e-12)
    means, _ = pool2d_matrix((1, 3, 3), (2, 2), (2, 2), ((1, 1), (1, 1)))
    np.testing.assert_array_equal(means @ np.full(9, 3.0), np.full(4, 3.0))


def test_groups_of_a_graph_are_blocks_of_one_convolution() -> None:
    """Each output sees the channels of its group alone."""
    rng = np.random.default_rng(2)
    image, kernels = rng.normal(size=(4, 5, 6)), rng.normal(size=(2, 2, 3, 3))
    whole = np.zeros((2, 4, 3, 3))
    whole[0, :2], whole[1, 2:] = kernels
    actual = []
    for weight, groups in ((kernels, 2), (whole, 1)):
        conv = nir.Conv2d((5, 6), weight, 1, 0, 1, groups, np.zeros(2))
        graph = nir.NIRGraph(
            {
                "input": nir.Input({"input": np.array([4, 5, 6])}),
                "conv": conv,
                "output": nir.Output({"output": np.array([2, 3, 4])}),
            },
            [("input", "conv"), ("conv", "output")],
            type_check=False,  # which does not know of groups
        )
        actual.append(run(fed(from_nir(graph), {"input": image.ravel()}), 0.001)[0])
    assert actual[0].any()
    np.testing.assert_allclose(actual[0], actual[1], rtol=1e-12)


# -- refused -----------------------------------------------------------------------------------


def with_lif(**changed: Any) -> nef.Network:
    net = nef.Network(seed=0)
    given: dict[str, Any] = {"neuron_type": nef.LIF(tau_ref=0.0, min_voltage=-1e12)} | changed
    a = net.ensemble(10, 1, label="a", **given)
    net.connect(net.node(np.sin), a)
    net.probe(a)
    return net


def with_function() -> nef.Network:
    net = with_lif()
    double = net.node(lambda t, x: 2 * x, size_in=1, label="double")
    net.connect(net.ensembles[0], double)
    net.connect(net.nodes[0], net.ensembles[0], function=lambda x: x**2, label="squared")
    return net


def with_learning() -> nef.Network:
    net = with_lif()
    out = net.node(size_in=1)
    learned = net.connect(net.ensembles[0], out, learning_rule=nef.PES())
    net.connect(net.nodes[0], learned.learning_rule)
    return net


LOSSY = {
    "refractory period": lambda: with_lif(neuron_type=nef.LIF(min_voltage=-1e12)),
    "lowest voltage": lambda: with_lif(neuron_type=nef.LIF(tau_ref=0.0)),
    "noise": lambda: with_lif(noise=nef.WhiteNoise()),
    "several spikes": lambda: with_lif(neuron_type=nef.SpikingRectifiedLinear()),
    "reset by subtraction": lambda: trained(reset="subtract"),
    "function": with_function,
    "PES rule": with_learning,
}


@pytest.mark.parametrize("what", LOSSY)
def test_parts_that_nir_cannot_express_are_refused_by_name_unless_allowed(what: str) -> None:
    net = LOSSY[what]()
    with pytest.raises(ValueError, match=f"to_nir: net must .*, got {what}.* of <.*allow_lossy"):
        to_nir(net)
    graph = to_nir(net, allow_lossy=True)
    assert any(isinstance(node, (nir.LIF, nir.IF)) for node in graph.nodes.values())
    from_nir(graph)


def test_a_network_that_nir_can_express_keeps_its_decoders() -> None:
    net = with_lif()
    with nef.Simulator(net) as sim:
        decoders = sim.built.probe_data[net.probes[0]].decoders
    assert decoders is not None
    actual = to_nir(net).nodes["probe 0.decoders"].weight
    np.testing.assert_array_equal(actual, decoders.T * (1 / DT))


def test_functions_become_an_output_and_an_input() -> None:
    nodes = to_nir(with_function(), allow_lossy=True).nodes
    assert isinstance(nodes["double.input"], nir.Output) and isinstance(nodes["double"], nir.Input)
    assert isinstance(nodes["squared.input"], nir.Output)
    assert isinstance(nodes["squared"], nir.Input)


SIGMOID = nef.DiscreteLIF(output="sigmoid")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: with_lif(neuron_type=nef.AdaptiveLIF()), "AdaptiveLIF"),
        (lambda: with_lif(neuron_type=nef.DiscreteLIF(activation="relu")), "activation='relu'"),
        (lambda: with_lif(neuron_type=SIGMOID, gain=1.0, bias=0.0), "output='sigmoid'"),
        (lambda: with_synapse(nef.Triangle(0.01)), "Triangle"),
        (lambda: with_synapse(nef.Highpass(0.01)), "Highpass"),
        (lambda: with_synapse(nef.Lowpass(0.1) * nef.Delay(0.01)), "Series"),
        (lambda: with_probe("voltage"), "voltage"),
        (lambda: nef.Network(), "0 nodes"),
    ],
)
def test_parts_without_a_simplification_are_always_refused(make: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"to_nir: net must .*{named}"):
        to_nir(make(), allow_lossy=True)


def with_synapse(synapse: nef.synapses.Synapse) -> nef.Network:
    net = with_lif()
    net.connect(net.ensembles[0], net.ensembles[0], synapse=synapse)
    return net


def with_probe(attr: str) -> nef.Network:
    net = with_lif()
    net.probe(net.ensembles[0].neurons, attr)
    return net


def test_nodes_that_nefsim_does_not_know_are_refused_by_name() -> None:
    graph = nir.NIRGraph.from_list(nir.Linear(np.ones((2, 1))), nir.Threshold(np.ones(2)))
    with pytest.raises(ValueError, match=r"from_nir: graph must .* got Threshold 'threshold'"):
        from_nir(graph)
    slow = nir.NIRGraph.from_list(lif(2, tau=1e-4))
    with pytest.raises(ValueError, match="time constants of dt or more"):
        from_nir(slow)


def test_trained_networks_have_the_same_spikes_through_nir(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from nefsim.train import IF, LIF, SNU, Layers, to_network

    torch.manual_seed(0)
    last = SNU(25, 8, activation="identity")
    layers = (torch.nn.Linear(6, 30), IF(), torch.nn.Linear(30, 25), LIF(), last)
    for linear in (layers[0], layers[2]):
        torch.nn.init.normal_(linear.weight, std=0.5)
    exported = to_network(Layers(*layers), (6,))
    net = exported.network
    for i, layer in enumerate(exported.layers):
        net.probe(layer.neurons, label=f"spikes {i}")
    graph = through_a_file(to_nir(net), tmp_path)
    x = np.random.default_rng(0).uniform(0, 1, (200, 6))
    actual = interpreted(graph, {"input": x}, DT)
    presentation = nef.PresentInput(x, DT)
    back = run(fed(from_nir(graph), {"input": presentation}), 0.2)
    nefsim_values = run(fed(net, {"input": presentation}), 0.2)
    for i, (one, other) in enumerate(zip(nefsim_values, back, strict=True)):
        assert one.sum() > 20
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, actual[f"spikes {i}"])


def test_probes_of_learning_are_left_out() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(30, 1)
    net.connect(net.node([0.5]), a)
    c = net.connect(a, b, learning_rule=nef.PES(1e-4))
    error = net.connect(b, c.learning_rule)
    net.probe(b.neurons, label="spikes")
    nodes = set(to_nir(net, allow_lossy=True).nodes)
    for thing, attr in ((error, "output"), (c, "weights"), (c.learning_rule, "error")):
        net.probe(thing, attr)
    assert set(to_nir(net, allow_lossy=True).nodes) == nodes


def small_graph(bias: Any) -> Any:
    """Neurons after a linear map with a bias."""
    one, zero = np.ones(3), np.zeros(3)
    lif = nir.LIF(tau=0.02 * one, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    return nir.NIRGraph.from_list(nir.Affine(weight=np.ones((3, 1)), bias=bias), lif)


def test_a_graph_is_read_from_its_file(tmp_path: Any) -> None:
    graph = small_graph(np.full(3, 2.0))
    file = tmp_path / "graph.nir"
    nir.write(file, graph)
    actual = []
    for each in (graph, file, str(file)):
        sim = nef.Simulator(from_nir(each), backend="numpy")
        sim.run(0.1)
        actual.append(sim.data[sim.probes[0]])
    assert actual[0].any()
    np.testing.assert_array_equal(actual[0], actual[1])
    np.testing.assert_array_equal(actual[0], actual[2])


def test_broken_files_of_graphs_are_refused_in_one_sentence(tmp_path: Any) -> None:
    file = tmp_path / "graph.nir"
    nir.write(file, small_graph(np.ones(3)))
    good = file.read_bytes()
    for content in (b"", b"no graph", good[: len(good) // 2], good[:100] + bytes(400) + good[500:]):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"(?s)^from_nir: graph must .+, got .+; .+\.$"):
            from_nir(file)
    with pytest.raises(ValueError, match=r"^from_nir: graph must be a file, got .+; .+\.$"):
        from_nir(tmp_path / "missing.nir")


def test_texts_in_the_place_of_numbers_are_refused_by_name() -> None:
    for bias in (np.array(["text"] * 3), "text", b"text"):  # arrays, and texts of a file
        with pytest.raises(ValueError, match=r"^from_nir: graph must hold numbers, got bias of"):
            from_nir(small_graph(bias))
    graph = small_graph(np.ones(3))
    graph.metadata["dt"] = "text"
    with pytest.raises(TypeError, match=r"^from_nir: dt must be"):
        from_nir(graph)


@pytest.mark.parametrize("bias", [np.ones(2), np.ones(0), np.ones(4)])
def test_a_bias_that_does_not_fit_is_refused_by_name(bias: Any) -> None:
    with pytest.raises(ValueError, match=r"^from_nir: graph must have a bias .+, got .+; .+\.$"):
        from_nir(small_graph(bias))


def test_without_nir_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in [name for name in sys.modules if name.startswith("nefsim.nir")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(nef.BackendUnavailable, match=r'pip install nir h5py \(the extra "nir"\)'):
        importlib.import_module("nefsim.nir")


def test_nodes_of_one_label_are_numbered_from_the_second() -> None:
    net = nef.Network(seed=1)
    source = net.node(size_in=1, label="x")
    for _ in range(3):
        relay = net.node(size_in=1, label="relay")
        net.connect(source, relay, synapse=None)
        net.probe(relay)
    names = set(nef.nir.to_nir(net).nodes)
    assert {"relay", "relay (2)", "relay (3)"} <= names
    assert not any("(4)" in name for name in names)
