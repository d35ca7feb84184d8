"""Laws of Nengo models in nefsim: which operators run Nengo's code, and processes of many steps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

from nengo.builder import Operator, Signal  # noqa: E402
from nengo.builder.operator import Copy  # noqa: E402

from nefsim.nengo import Simulator, supported  # noqa: E402
from nefsim.nengo.lower import lower  # noqa: E402
from nefsim.nengo.plan import Plan  # noqa: E402


def built(model: Any) -> Any:
    made = nengo.builder.Model(0.001)
    made.build(model)
    return made


class Custom(nengo.LIF):
    """A neuron type that nefsim does not have."""


def with_neurons(kind: Any) -> Any:
    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(10, 1, neuron_type=kind)
        nengo.Connection(nengo.Node(0.5), a)
        nengo.Probe(a.neurons)
    return model


def with_rule(rule: Any, probed: str = "", twice: bool = False) -> Any:
    with nengo.Network(seed=1) as model:
        a, b, error = nengo.Ensemble(10, 1), nengo.Ensemble(8, 1), nengo.Node(size_in=1)
        solver = nengo.solvers.LstsqL2(weights=isinstance(rule, (nengo.BCM, nengo.Oja)))
        kinds = [rule, type(rule)()] if twice else rule
        c = nengo.Connection(a, b, solver=solver, learning_rule_type=kinds)
        rules = c.learning_rule if twice else [c.learning_rule]
        if isinstance(rule, (nengo.PES, nengo.RLS)):
            for one in rules:
                nengo.Connection(error, one)
        if probed == "weights":
            nengo.Probe(c, "weights")
        elif probed:
            nengo.Probe(rules[0], probed)
    return model


def with_process(process: Any) -> Any:
    with nengo.Network(seed=1) as model:
        nengo.Probe(nengo.Node(process))
    return model


def with_synapse(synapse: Any, start: float = 0.0) -> Any:
    with nengo.Network(seed=1) as model:
        c = nengo.Connection(nengo.Node(0.5), nengo.Node(size_in=1), synapse=synapse)
        nengo.Probe(c.post)
    assert start == 0.0
    return model


#: Models, and the operators that run Nengo's code by their kinds.
NENGOS_CODE: dict[str, tuple[Any, dict[str, int]]] = {
    "LIF": (lambda: with_neurons(nengo.LIF()), {}),
    "LIFRate": (lambda: with_neurons(nengo.LIFRate()), {}),
    "AdaptiveLIF": (lambda: with_neurons(nengo.AdaptiveLIF()), {}),
    "AdaptiveLIFRate": (lambda: with_neurons(nengo.AdaptiveLIFRate()), {}),
    "Izhikevich": (lambda: with_neurons(nengo.Izhikevich()), {}),
    "Sigmoid": (lambda: with_neurons(nengo.Sigmoid()), {}),
    "Tanh": (lambda: with_neurons(nengo.Tanh()), {}),
    "RectifiedLinear": (lambda: with_neurons(nengo.RectifiedLinear()), {}),
    "SpikingRectifiedLinear": (lambda: with_neurons(nengo.SpikingRectifiedLinear()), {}),
    "RegularSpiking": (lambda: with_neurons(nengo.RegularSpiking(nengo.LIFRate())), {}),
    "regular spikes of Tanh": (
        lambda: with_neurons(nengo.RegularSpiking(nengo.Tanh())),
        {"SimNeurons": 1},
    ),
    "PoissonSpiking": (
        lambda: with_neurons(nengo.PoissonSpiking(nengo.LIFRate())),
        {"SimNeurons": 1},
    ),
    "a subclass of LIF": (lambda: with_neurons(Custom()), {"SimNeurons": 1}),
    "potentials above the threshold": (
        lambda: with_neurons(nengo.LIF(initial_state={"voltage": nengo.dists.Choice([1.5])})),
        {"SimNeurons": 1},
    ),
    "potentials at the threshold": (
        lambda: with_neurons(nengo.LIF(initial_state={"voltage": nengo.dists.Choice([1.0])})),
        {},
    ),
    "PES": (lambda: with_rule(nengo.PES()), {}),
    "PES with weights probed": (lambda: with_rule(nengo.PES(), "weights"), {}),
    "BCM": (lambda: with_rule(nengo.BCM()), {}),
    "Oja": (lambda: with_rule(nengo.Oja()), {}),
    "RLS": (lambda: with_rule(nengo.RLS()), {}),
    "two PES": (lambda: with_rule(nengo.PES(1e-5), twice=True), {}),
    "PES with changes probed": (
        lambda: with_rule(nengo.PES(), "delta"),
        {"Copy": 1, "DotInc": 1, "SimPES": 1},
    ),
    "a process of noise": (lambda: with_process(nengo.processes.WhiteNoise()), {}),
    "noise of whole numbers": (
        lambda: with_process(nengo.processes.WhiteNoise(nengo.dists.Uniform(0, 9, integer=True))),
        {"SimProcess": 1},
    ),
    "noise of another distribution": (
        lambda: with_process(nengo.processes.WhiteNoise(nengo.dists.Exponential(1.0))),
        {"SimProcess": 1},
    ),
    "a white signal": (lambda: with_process(nengo.processes.WhiteSignal(1.0, 5.0)), {}),
    "steps": (lambda: with_process(nengo.processes.Piecewise({0: 0.0, 0.1: 1.0})), {}),
    "steps of functions": (
        lambda: with_process(nengo.processes.Piecewise({0: np.sin, 0.1: 1.0})),
        {"SimProcess": 1},
    ),
    "pictures": (lambda: with_process(nengo.processes.PresentInput([[1.0], [2.0]], 0.1)), {}),
    "filtered noise": (
        lambda: with_process(nengo.processes.FilteredNoise()),
        {"SimProcess": 1},
    ),
    "a lowpass": (lambda: with_synapse(0.01), {}),
    "an alpha": (lambda: with_synapse(nengo.Alpha(0.01)), {}),
    "three poles": (lambda: with_synapse(nengo.LinearFilter([1.0], [1e-6, 3e-4, 0.03, 1.0])), {}),
    "a triangle": (lambda: with_synapse(nengo.Triangle(0.01)), {"SimProcess": 1}),
}


@pytest.mark.parametrize("name", NENGOS_CODE)
def test_operators_run_nengos_code_only_if_nefsim_has_no_equal(name: str) -> None:
    make, expected = NENGOS_CODE[name]
    plan = Plan(built(make()))
    assert dict(Counter(type(op).__name__ for op in plan.unsupported)) == expected
    is_rule = name in ("PES", "PES with weights probed", "BCM", "Oja", "RLS", "two PES")
    assert [len(learned.rules) for learned in plan.learned.values()] == (
        [2] if name == "two PES" else [1] if is_rule else []
    )


PROCESSES = {
    "noise": nengo.processes.WhiteNoise(nengo.dists.Gaussian(0.5, 2.0)),
    "noise of fixed size": nengo.processes.WhiteNoise(nengo.dists.Uniform(-1, 2), scale=False),
    "pictures": nengo.processes.PresentInput(np.arange(6.0).reshape(3, 2), 0.0035),
    "steps": nengo.processes.Piecewise({0.002: [1.0, 2.0], 0.0105: [3.0, 4.0]}),
    "a white signal": nengo.processes.WhiteSignal(0.02, 100.0),
    "a white signal of an odd length": nengo.processes.WhiteSignal(0.0215, 60.0, rms=0.3),
}


@pytest.mark.parametrize("dt", [0.001, 0.0005])
@pytest.mark.parametrize("name", PROCESSES)
def test_many_steps_of_a_process_are_those_of_nengo_one_by_one(name: str, dt: float) -> None:
    process = PROCESSES[name]
    assert supported.is_supported(process)
    n = 60
    step = process.make_step((0,), (2,), dt, np.random.RandomState(3), {})
    expected = np.array([np.ravel(step(k * dt)) for k in range(1, n + 1)])
    many = supported.many_steps(process, 2, dt, np.random.RandomState(3))
    assert many is not None
    times = np.arange(1, n + 1) * dt
    actual = np.concatenate([many(part) for part in np.split(times, [1, 2, 25])])
    np.testing.assert_array_equal(actual, expected)


def test_a_lowered_model_has_one_operation_for_each_part() -> None:
    """Decoding, transform and gain of a connection are multiplied; filters are shared by none."""
    with nengo.Network(seed=1) as model:
        u = nengo.Node(np.sin)
        a, b = nengo.Ensemble(10, 1), nengo.Ensemble(8, 2)
        nengo.Connection(u, a)
        nengo.Connection(a, b[0], function=np.square)
        nengo.Connection(b, b, synapse=0.1)
        nengo.Connection(b, nengo.Node(lambda t, x: x, size_in=2), synapse=None)
        nengo.Probe(b, synapse=0.01)
    program = lower(built(model)).program
    kinds = Counter(type(op).__name__ for op in program.ops)
    assert kinds["Neurons"] == 2 and kinds["Filter"] == 4 and kinds["Call"] == 2
    assert len(program.records) == 1


class SimClock(Operator):
    """Copies the step and the time, and adds to a sum."""

    def __init__(self, model: Any, out: Signal, total: Signal) -> None:
        super().__init__()
        self.sets, self.incs, self.reads, self.updates = (
            [out],
            [total],
            [model.step, model.time],
            [],
        )

    def make_step(self, signals: Any, dt: float, rng: Any) -> Any:
        out, total = signals[self.sets[0]], signals[self.incs[0]]
        step, time = (signals[signal] for signal in self.reads)

        def run() -> None:
            out[...] = [step, time]
            total[...] += 10 * step

        return run


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_custom_operators_read_the_step_and_the_time_and_add_to_sums(backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    with nengo.Network(seed=1) as net:
        shown, total = nengo.Node(size_in=2), nengo.Node(size_in=1)
        nengo.Connection(nengo.Node(0.5), total, synapse=None)
        probes = [nengo.Probe(shown), nengo.Probe(total)]
    records = []
    for make in (nengo.Simulator, Simulator):
        model = nengo.builder.Model(0.002)
        model.build(net)
        out = Signal(shape=(2,), name="clock")
        model.add_op(SimClock(model, out, model.sig[total]["in"]))
        model.add_op(Copy(out, model.sig[shown]["in"], inc=True))
        options = {"optimize": False} if make is nengo.Simulator else {"backend": backend}
        with make(None, 0.002, model=model, progress_bar=False, **options) as sim:
            sim.run_steps(4)
            sim.run_steps(3)
            records.append([sim.data[probe] for probe in probes])
    assert np.array_equal(records[0][1][:, 0], 10 * np.arange(1, 8) + 0.5)
    for one, two in zip(*records, strict=True):
        assert np.array_equal(one, two)


def test_the_clock_can_be_read_between_steps() -> None:
    with nengo.Network(seed=1) as model:
        nengo.Probe(nengo.Node(np.sin))
    with Simulator(model, 0.002, progress_bar=False, backend="numpy") as sim:
        sim.run_steps(7)
        sim.run_steps(2)
        step, time = (sim.signals[s] for s in (sim.model.step, sim.model.time))
        assert float(np.ravel(step)[0]) == 9 and float(np.ravel(time)[0]) == 9 * 0.002


#: Models whose random numbers depend on the order in which Nengo starts operators.
DRAWING = (
    "a process of noise",
    "noise of whole numbers",
    "noise of another distribution",
    "a white signal",
    "filtered noise",
    "PES with changes probed",
)


@pytest.mark.parametrize("name", NENGOS_CODE)
def test_the_order_of_starts_counts_if_operators_draw_random_numbers(name: str) -> None:
    assert Plan(built(NENGOS_CODE[name][0]())).draws() == (name in DRAWING)


def test_the_imaginary_part_of_a_function_is_left_out_with_numpys_warning() -> None:
    with nengo.Network(seed=0) as model:
        probe = nengo.Probe(nengo.Node(lambda t: np.array([t + 2j])))
    for kind in (nengo.Simulator, Simulator):
        with kind(model, progress_bar=False) as sim, pytest.warns(np.exceptions.ComplexWarning):
            sim.run_steps(3)
        np.testing.assert_allclose(sim.data[probe].ravel(), [0.001, 0.002, 0.003], rtol=1e-12)


def test_an_array_of_strings_is_refused_with_the_shape_that_is_needed() -> None:
    with nengo.Network(seed=0) as model:
        nengo.Probe(nengo.Node(lambda t: np.array(["0"]) if t > 0.002 else 0.0))
    must = r"must return an array of shape \(1,\), got array\(\['0'\]"
    refused = pytest.raises(nengo.exceptions.SimulationError, match=must)
    with Simulator(model, progress_bar=False) as sim, refused:
        sim.run_steps(3)
