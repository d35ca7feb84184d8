"""Laws of nefsim.testing about back ends and rules: what they examine, and their limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.network.objects import Learning
from nefsim.testing import backends, learning
from nefsim.testing.laws import Broken


def broken(law: Any, *arguments: Any) -> str:
    """The numbers that contradict a law; empty if it holds."""
    try:
        law(*arguments)
    except Broken as error:
        return str(error)
    return ""


# Back ends


def test_networks_of_the_laws_are_run_in_the_stated_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    class Watched(backends.Case):
        def run(self, net: nef.Network, *pieces: int, batch_size: int | None = None) -> Any:
            calls.append((pieces, batch_size))
            return super().run(net, *pieces, batch_size=batch_size)

    def prepare(built: Any, state: Any) -> Any:
        def run(n_steps: int, recorder: Any) -> None:
            lead = state.signals[0].shape[:-1]
            recorder.add(0, np.zeros((*lead, n_steps, 1)))
            state.step += n_steps
            recorder.settle(state.step)

        return run

    def one() -> nef.Network:
        net = nef.Network(seed=1)
        net.probe(net.node(1.0))
        return net

    monkeypatch.setattr(backends, "NETWORKS", {"a": one})
    monkeypatch.setattr(backends, "_reference", lambda net, n=None: calls.append(n) or [])
    monkeypatch.setattr(backends, "_compare", lambda found, expected, label: None)
    case = Watched(prepare, True)
    backends.records_are_those_of_the_numpy_back_end(case)
    backends.a_run_in_pieces_is_a_run_in_one(case)
    backends.trials_of_a_batch_are_those_of_the_numpy_back_end(case)
    assert calls == [((250,), None), None, ((1, 2, 47, 200), None), ((250,), None), ((250,), 3), 3]
    assert (backends.N_STEPS, backends.DT) == (250, 0.001)
    assert broken(backends.a_run_has_a_row_for_each_step, case) == ""


def test_the_limits_of_the_law_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (0.5, 1000.0):
        expected = [np.full((3, 2), size), np.zeros(2)]
        for probe in (0, 1):

            def compare(s: float, size: float = size, probe: int = probe, e: Any = expected) -> Any:
                found = [each.copy() for each in e]
                found[probe][-1] += s * 1e-9 * (max(1.0, size) if probe == 0 else 1.0)
                return found

            for share in (0.9, 1.1):
                text = broken(backends._compare, compare(share), expected, "a")
                assert text.startswith(f"Probe {probe} of a:") == (share > 1)
    assert broken(backends._compare, expected[:1], expected, "a") == "1 of 2 probes of a"


def test_networks_of_the_laws_spike_and_learn_from_the_start() -> None:
    """Each network has the parts that its law is about, and they matter within its steps."""
    for name, make in backends.NETWORKS.items():
        net = make()
        rows = backends._reference(net)
        assert len(rows) == len(net.probes)
        for probe, found in zip(net.probes, rows, strict=True):
            assert np.ptp(found, axis=0).any(), (name, probe)


def test_a_recording_has_the_rows_of_each_probe_in_order() -> None:
    recording = backends.Recording()
    rows = np.ones((2, 1))
    recording.add(1, rows)
    rows[:] = 7.0  # a chunk that is used again
    recording.add(0, np.zeros((1, 1)))
    recording.add(1, rows)
    recording.settle(3)
    first, second = recording.arrays()
    assert first.tolist() == [[0.0]] and second.tolist() == [[1.0], [1.0], [7.0], [7.0]]
    assert recording.n_steps == 3


def parts(net: nef.Network) -> dict[str, Any]:
    """The sizes, filters and rules of a network."""

    def short(transform: Any) -> Any:
        return transform if np.ndim(transform) == 0 else (np.shape(transform), np.ptp(transform))

    things: list[Any] = [*net.ensembles, *net.nodes]

    def end(part: Any) -> str:
        """E0 for the first population, N0 for the first node, R1 for the rule of connection 1."""
        if isinstance(part, Learning):
            return f"R{net.connections.index(part.connection)}"
        owner = getattr(part, "ensemble", part)
        k = things.index(owner)
        n = len(net.ensembles)
        return (f"E{k}" if k < n else f"N{k - n}") + ".neurons" * (owner is not part)

    return {
        "seed": net.seed,
        "ends": " ".join(f"{end(c.pre)}>{end(c.post)}" for c in net.connections),
        "probed": " ".join(
            f"C{net.connections.index(p.target)}" if p.target in net.connections else end(p.target)
            for p in net.probes
        ),
        "ensembles": [(e.n_neurons, e.dimensions, e.neuron_type) for e in net.ensembles],
        "nodes": [(n.size_in, n.size_out) for n in net.nodes],
        "connections": [
            (c.synapse, short(c.transform), c.solver.weights, [rule for _, rule in c.rules])
            for c in net.connections
        ],
        "probes": [(p.attr, p.synapse, p.sample_every) for p in net.probes],
    }


def test_networks_of_the_laws_are_these() -> None:
    default, lif, hz = nef.Lowpass(0.005), nef.LIF(), nef.Lowpass
    assert parts(backends.channel()) == {
        "seed": 1,
        "ends": "N0>E0 E0>E1",
        "probed": "E0.neurons E1.neurons E1 E1 E0.neurons",
        "ensembles": [(50, 1, lif), (40, 1, lif)],
        "nodes": [(0, 1)],
        "connections": [(None, 1.0, False, []), (hz(0.1), 1.0, False, [])],
        "probes": [
            ("output", None, None), ("output", None, None), ("decoded_output", None, None),
            ("decoded_output", hz(0.03), 0.004), ("voltage", None, None),
        ],
    }  # fmt: skip
    assert parts(backends.integrator()) == {
        "seed": 2,
        "ends": "N0>E0 E0>E0 E0.neurons>E0.neurons",
        "probed": "E0.neurons E0",
        "ensembles": [(60, 2, lif)],
        "nodes": [(0, 2)],
        "connections": [
            (hz(0.1), 0.1, False, []),
            (hz(0.1), 1.0, False, []),
            (hz(0.01), ((60, 60), 0.0), False, []),
        ],
        "probes": [("output", None, None), ("decoded_output", None, None)],
    }
    net = backends.integrator()
    assert net.nodes[0].output == nef.WhiteSignal(1.0, high=10.0)
    assert np.all(net.connections[2].transform == -1e-5)
    kinds = [nef.LIFRate(), nef.AdaptiveLIF(), nef.PoissonSpiking()]
    filters = [nef.Alpha(0.02), nef.Triangle(0.02), default]
    assert parts(backends.mixture()) == {
        "seed": 3,
        "ends": "N0>E0 E0>N1 N0>E1 E1>N1 N0>E2 E2>N1",
        "probed": "E0.neurons E1.neurons E2.neurons N1",
        "ensembles": [(30, 1, kind) for kind in kinds],
        "nodes": [(0, 1), (1, 1)],
        "connections": [
            (each, 1.0, False, []) for synapse in filters for each in (synapse, default)
        ],
        "probes": [("output", None, None)] * 4,
    }
    stimulus, node = (node.output for node in backends.mixture().nodes)
    assert stimulus(0.3) == np.sin(1.5) and node(0.5, 3.0) == 9.5  # type: ignore[operator, misc]
    assert parts(backends.lesson()) == {
        "seed": 4,
        "ends": "N0>E0 E0>E1 E0>E1 E1>N1 N0>N1 N1>R1",
        "probed": "E1.neurons C1 C2",
        "ensembles": [(40, 1, lif), (30, 1, lif)],
        "nodes": [(0, 1), (1, 1)],
        "connections": [
            (default, 1.0, False, []),
            (default, 1.0, False, [nef.PES(1e-3)]),
            (default, 1.0, True, [nef.Oja(1e-6)]),
            (default, 1.0, False, []),
            (default, -1.0, False, []),
            (default, 1.0, False, []),
        ],
        "probes": [("output", None, None), ("weights", None, None), ("weights", None, 0.01)],
    }
    functions = [[c.function for c in make().connections] for make in backends.NETWORKS.values()]
    named = [[f for f in found if f is not None] for found in functions]
    assert named == [[np.square], [], [], [np.zeros_like]]
    assert [*backends.NETWORKS] == [
        "a channel", "an integrator", "several neuron types", "learning rules",
    ]  # fmt: skip


# Learning rules


@pytest.mark.parametrize(
    ("rule", "shape", "size"),
    [
        (nef.PES(), (3, 7), 3),
        (nef.BCM(), (5, 7), 0),
        (nef.Voja(), (5, 3), 1),
        (nef.HPES(), (5, 7), 5),
        (nef.RLS(), (3, 7), 3),
    ],
    ids=repr,
)
def test_arguments_of_a_step_have_the_shapes_of_the_weights(
    rule: Any, shape: tuple[int, int], size: int
) -> None:
    case = learning.Case(rule, ())
    assert (learning.N, learning.M, learning.D, learning.DT) == (7, 5, 3, 0.001)
    rows, columns = case.shape
    assert case.shape == shape
    one, other = case.arguments(), case.arguments()
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value is None or np.array_equal(value, other[name])
        assert value is None or isinstance(value, float) or value is not other[name]
    rng = np.random.default_rng(1)
    pre = rng.normal(size=columns)
    traces = {
        name: rng.uniform(1.0, 100.0, columns if trace.of == "pre" else rows)
        for name, trace in rule.traces().items()
    }
    assert np.array_equal(one["pre"], traces.get("pre", pre))
    for name, trace in traces.items():
        assert np.array_equal(one[name], trace) and trace.min() > 1.0
    error = rng.normal(size=size) if size else None
    assert np.array_equal(one["error"], error) if size else one["error"] is None
    assert np.array_equal(one["weights"], rng.normal(size=shape))
    gain, rates = rng.uniform(1, 9, rows), rng.uniform(200, 400, rows)
    known = {"gain": gain, "scale": gain, "max_rates": rates, "dt": 0.001}
    for name in rule.constants:
        assert np.array_equal(one[name], known[name])
    for name, value in rule.start(columns, rows, 0.001).items():
        assert np.array_equal(one[name], value)


@pytest.mark.parametrize("rule", [nef.PES(), nef.BCM(), nef.Voja(), nef.HPES()], ids=repr)
def test_a_small_network_has_what_the_rule_needs(rule: Any) -> None:
    net, probes = learning.Case(rule, ()).network()
    default = nef.Lowpass(0.005)
    found = parts(net)
    assert found["seed"] == 1
    assert found["ensembles"] == [(30, 2, nef.LIF()), (20, 2, nef.LIF())]
    full = rule.modifies == "weights"
    rows = [(default, 1.0, False, []), (default, 0.5, full, [rule])]
    if rule.error == "post":
        more = [(default, 1.0, False, []), (nef.Lowpass(0.01), -1.0, False, []), rows[0]]
        assert found["connections"] == [*rows, *more]
    else:
        assert found["connections"] == rows + rows[:1] * (rule.error == "scalar")
    stimulus: Any = net.nodes[0].output
    np.testing.assert_allclose(stimulus(0.3), [np.sin(1.8), np.cos(1.5)])
    if rule.error == "scalar":
        assert net.nodes[1].output.tolist() == [0.5]  # type: ignore[union-attr]
    attr = "scaled_encoders" if rule.modifies == "encoders" else "weights"
    assert [p.attr for p in probes] == [attr, "output"] and probes == net.probes


def test_the_limits_of_the_laws_of_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = np.array([[3.0, -4.0]])
    for share in (0.9, 1.1):
        found = expected + share * 4e-9
        assert bool(broken(learning._compare, found, expected, "x")) == (share > 1)

    law = learning.step_is_the_outer_product_of_the_factors
    assert broken(law, learning.Case(nef.Oja(), ())) == ""
    runs: list[Any] = []

    class Sim:
        """A simulator that notes its steps, and has equal records of any run."""

        def __init__(self, net: Any, dt: float, backend: str, **options: Any) -> None:
            self.options = (dt, backend, options.get("batch_size"))
            self.steps: list[int] = []
            runs.append(self)
            lead = () if self.options[2] is None else (2,)
            self.data = {probe: np.ones((*lead, 3)) for probe in net.probes}

        def run_steps(self, n: int) -> None:
            self.steps.append(n)

    monkeypatch.setattr(learning, "Simulator", Sim)
    case = learning.Case(nef.Oja(), ("a", "b"))
    learning.a_run_in_pieces_is_a_run_in_one(case)
    learning.trials_of_a_batch_are_separate(case)
    learning.each_back_end_gives_the_same_weights(case)
    assert [(run.options, run.steps) for run in runs] == [
        ((0.001, "numpy", None), [150]),
        ((0.001, "numpy", None), [1, 2, 47, 100]),
        ((0.001, "numpy", None), [100]),
        ((0.001, "numpy", 2), [100]),
        ((0.001, "numpy", None), [300]),
        ((0.001, "a", None), [300]),
        ((0.001, "b", None), [300]),
    ]
