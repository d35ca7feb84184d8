"""Steps that cores share between functions in Python, on the compiled back end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

import nefsim as nef
from nefsim.backends.compiled import cores, fusion, opcodes, runner, stages, turns
from nefsim.backends.compiled.plan import make_plan
from nefsim.lowering import build
from nefsim.program import Neurons

Node = Callable[[float, Any], Any]

#: Functions in a step of :func:`circle`.
N_NODES = 3


def circle(calls: list[Any] | None = None, fails: float = np.inf, n: int = 400) -> nef.Network:
    """Populations in a ring with functions in Python between, of which some wait for others."""
    net = nef.Network(seed=4)
    groups = [[net.ensemble(n, 1, n_eval_points=50) for _ in range(3)] for _ in range(N_NODES)]
    nodes = [net.node(noted(i, calls, fails), size_in=3, size_out=3) for i in range(N_NODES)]
    for group, node in zip(groups, nodes, strict=True):
        for i, ensemble in enumerate(group):
            net.connect(ensemble, node[i], synapse=None)
    for node, group in zip(nodes, [*groups[1:], groups[0]], strict=True):
        for i, ensemble in enumerate(group):
            # The functions of one step follow each other, but for the last.
            synapse = 0.01 if group is groups[0] else None
            net.connect(node[i], ensemble, synapse=synapse)
            net.probe(ensemble.neurons)
        net.probe(node)
    return net


def noted(i: int, calls: list[Any] | None, fails: float) -> Node:
    """A function that remembers its last input, as those of users may."""
    last = np.zeros(3)

    def output(t: float, x: Any) -> Any:
        if calls is not None:
            calls.append((i, round(t, 6)))
        if i == 1 and t > fails:
            raise OSError("no device")
        mean = 0.5 * (last + x)
        last[:] = x
        return np.sin(3.0 * mean) + 0.3

    return output


def run(net: nef.Network, steps: int = 120, **options: Any) -> list[bytes]:
    with nef.Simulator(net, backend="numba", progress=False, **options) as sim:
        sim.run_steps(steps)
        sim.run_steps(33)
        return [sim.data[probe].tobytes() for probe in sim.probes]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[stages.Loop]:
    """Let four threads share all steps; a list of the loops that they run."""
    loops: list[stages.Loop] = []
    original = turns.in_turns

    def counted(engine: Any, arrays: Any, loop: stages.Loop, *others: Any) -> Any:
        loops.append(loop)
        return original(engine, arrays, loop, *others)

    monkeypatch.setattr(runner, "in_turns", counted)
    for module in (turns, cores):
        monkeypatch.setattr(module, "cores", lambda: 4)
        monkeypatch.setattr(module, "MIN_WORK_FOR_THREADS", 1)
    for name, value in (("MIN_PHASE", 1), ("MIN_STEP", 1)):
        monkeypatch.setattr(stages, name, value)
    return loops


@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"batch_size": 2}])
def test_no_bit_and_no_call_depends_on_the_threads(
    options: dict[str, Any], shared: list[stages.Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    together = run(circle(calls), **options)
    assert shared and sum(bool(phase.calls) for phase in shared[0].phases) == N_NODES
    assert all(len(phase.units) >= 3 for phase in shared[0].phases if not phase.calls)
    monkeypatch.setattr(turns, "MIN_WORK_FOR_THREADS", 1 << 62)
    by_one: list[Any] = []
    assert run(circle(by_one), **options) == together
    assert calls == by_one and len(calls) >= 153 * N_NODES


def test_an_error_in_a_function_ends_the_run_at_its_step(shared: list[stages.Loop]) -> None:
    expected = run(circle())
    calls: list[Any] = []
    net = circle(calls, fails=0.0205)
    with nef.Simulator(net, backend="numba", progress=False) as sim:
        with pytest.raises(Exception, match="no device"):
            sim.run_steps(50)
        assert sim.n_steps == 20 and len(calls) == len({*calls})
        for probe, whole in zip(sim.probes, expected, strict=True):
            values = sim.data[probe]
            assert values.tobytes() == whole[: len(values.tobytes())] and len(values) == 20
    assert shared


def crossed(size: int = 10, neurons: Any = None) -> nef.Network:
    """Sums of two populations before and after a function, which read the same spikes."""
    net = nef.Network(seed=5)
    kind = neurons or nef.LIF()
    a, b = (net.ensemble(200, 1, n_eval_points=40, neuron_type=kind) for _ in range(2))
    function = net.node(lambda t, x: 0.5 * np.sin(x) + 0.2, size_in=3, size_out=3)
    inputs = net.node(size_in=size)
    net.connect(inputs[:3], function, synapse=None)
    rng = np.random.default_rng(1)
    targets = [inputs, *(net.node(size_in=size) for _ in range(3))]
    for target in targets:
        for x in (a, b):
            solver = nef.NoSolver(rng.normal(0.0, 1e-4, (200, size)))
            net.connect(x, target, function=lambda x: np.zeros(size), solver=solver, synapse=None)
        if target is not inputs:
            net.connect(function, target[:3], synapse=None)
            net.connect(target[0], a, synapse=0.01)
            net.connect(target[4], b, synapse=0.01)
        net.probe(target)
    net.probe(a.neurons)
    return net


def test_spikes_are_listed_before_several_units_read_the_list(shared: list[stages.Loop]) -> None:
    expected = run(crossed())
    assert shared and [len(phase.units) for phase in shared[0].phases if not phase.calls][-1] >= 2
    report = nef.crosscheck(crossed(), 0.1, backends=("numpy", "numba"))
    assert report.agrees, str(report)
    assert all(run(crossed()) == expected for _ in range(3))
    program = build(crossed(), 0.001, 1).program
    spiking = {op.output for op in program.ops if isinstance(op, Neurons)}
    assert make_plan(program, 1, spiking).listed == spiking


@pytest.mark.parametrize(
    "neurons", [nef.LIF(method="euler"), nef.RegularSpiking(nef.AdaptiveLIFRate())], ids=repr
)
def test_spikes_without_bits_are_listed_for_few_outputs(
    neurons: Any, shared: list[stages.Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: list[Any] = []
    original = runner.in_turns

    def noted(engine: Any, arrays: Any, *others: Any) -> Any:
        tables.append(arrays[0])
        return original(engine, arrays, *others)

    monkeypatch.setattr(runner, "in_turns", noted)
    report = nef.crosscheck(crossed(5, neurons), 0.1, backends=("numpy", "numba"))
    assert shared and report.agrees, str(report)
    program = build(crossed(5, neurons), 0.001, 1).program
    spiking = {op.output for op in program.ops if isinstance(op, Neurons)}
    assert make_plan(program, 1, set()).listed_without_bits == spiking
    # The list is made in the unit of the population, not by the first of its readers.
    kinds = tables[0][:, opcodes.KIND]
    units = [span for phase in shared[0].phases for span in phase.units]
    for row in np.flatnonzero(kinds == opcodes.LIST_NONZERO):
        (unit,) = (kinds[first:end] for first, end in units if first <= row < end)
        assert opcodes.SCALED_SPIKE_ROWS not in unit
    assert np.count_nonzero(kinds == opcodes.LIST_NONZERO) == 2


def test_threads_that_would_wait_for_functions_are_not_used_after_some_steps(
    shared: list[stages.Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    original = turns.with_helpers

    def counted(n: int, *work: Any) -> None:
        runs.append(n)
        original(n, *work)

    monkeypatch.setattr(turns, "with_helpers", counted)
    monkeypatch.setattr(turns, "MOST_IN_PYTHON", np.inf)
    together, many = run(circle()), len(runs)
    runs.clear()
    monkeypatch.setattr(turns, "MOST_IN_PYTHON", -1.0)
    assert run(circle()) == together and shared
    assert 0 < len(runs) < many


def test_functions_that_follow_at_once_are_one_phase() -> None:
    """Phases of a step: calls in groups, compiled units as early as possible."""
    reads: list[set[int]] = [set(), {0}, {1}, {2}, {0}, {3, 4}, {5}]
    places = fusion._places(reads, {1, 2, 5})
    assert [place[:2] for place in places] == [
        *((0, 0), (0, 1), (0, 1)),  # a unit, two functions
        *((1, 0), (0, 0), (1, 1), (2, 0)),
    ]
    for u, needs in enumerate(reads):
        assert all(places[other] < places[u] for other in needs)
    order = sorted(range(len(reads)), key=places.__getitem__)
    assert [u for u in order if u in {1, 2, 5}] == [1, 2, 5]


def test_the_phases_of_a_block_are_its_operations_in_order(shared: list[stages.Loop]) -> None:
    run(circle(), steps=2)
    (loop,) = shared
    rows = [loop.lead, *(span for p in loop.phases for span in [*p.units, *p.tail])]
    rows = [span for span in rows if span[0] < span[1]]
    assert rows[0][0] == loop.span[0] and rows[-1][1] == loop.span[1]
    assert all(end == start for (_, end), (start, _) in pairwise(rows))
