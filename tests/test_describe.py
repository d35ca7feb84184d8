"""A description predicts the build and the run of a network without either."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from typing import Any

import models
import numpy as np
import pytest

import nefsim as nef
from nefsim.backends import available
from nefsim.describe import Cost
from nefsim.lowering import build
from nefsim.lowering.outline import abstract_array
from nefsim.program import Program, Sum
from nefsim.sampling import Distribution


def shapes(program: Program) -> list[Any]:
    """The structure of a program, without its numbers."""
    report: list[Any] = [program.signals, [(g.ops, g.loop) for g in program.groups]]
    for op in program.ops:
        report.append(type(op).__name__)
        if isinstance(op, Sum):
            terms = [(np.shape(t.matrix), hasattr(t.matrix, "tocsr")) for t in op.terms]
            report.append((terms, None if op.offset is None else op.offset.shape))
    return report


def weights() -> nef.Network:
    """Connections with full weights, of solvers that see the transform or do not."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 2), net.ensemble(20, 1)
    for solver in (nef.LstsqL2(weights=True), nef.Nnls(weights=True), nef.Nnls(), nef.LstsqL2nz()):
        net.connect(a, b, transform=np.ones((1, 2)), solver=solver)
    net.connect(a[1], b, eval_points=nef.Uniform(-1, 1), function=np.square)
    net.connect(a, b, eval_points=np.ones((9, 2)), function=np.ones((9, 1)))
    net.probe(a[0])
    return net


MODELS = models.MODELS | {"weights": weights}


@pytest.mark.parametrize("model", MODELS)
def test_an_outline_is_the_program_without_its_numbers(model: str) -> None:
    net = MODELS[model]()
    assert shapes(build(net, 0.001, 1, outline=True).program) == shapes(
        build(net, 0.001, 1).program
    )


@pytest.mark.parametrize("model", MODELS)
def test_a_description_has_the_schedule_of_the_program(model: str) -> None:
    net = MODELS[model]()
    described, program = nef.describe(net), build(net, 0.001, 1).program
    assert sum(s.groups for s in described.schedule) == len(program.groups)
    assert described.operations == len(program.ops)
    assert sum(sum(s.operations.values()) for s in described.schedule) == len(program.ops)
    assert any(s.loop for s in described.schedule) == any(g.loop for g in program.groups)
    assert sum(s.neurons for s in described.schedule) == described.neurons == net.n_neurons


def test_nothing_is_drawn_solved_or_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any, **named: Any) -> None:
        raise AssertionError

    class Drawn(Distribution):
        sample = never  # type: ignore[assignment]

    net = nef.Network(seed=1)
    calls = []
    node = net.node(lambda t: calls.append(t) or 0.0)
    noise = nef.WhiteNoise()
    drawn = {"encoders": Drawn(), "max_rates": Drawn(), "intercepts": Drawn(), "noise": noise}
    a = net.ensemble(50, 1, eval_points=Drawn(), **drawn)
    net.connect(node, a)
    net.connect(a, a, function=lambda x: calls.append(x) or 0.0)
    n_calls = len(calls)
    monkeypatch.setattr(nef.LstsqL2, "factor", never)
    monkeypatch.setattr(nef.LIF, "rates", never)
    monkeypatch.setattr(nef.WhiteNoise, "start", never)
    assert nef.describe(net).factorisations == 1
    assert len(calls) == n_calls


def test_a_description_takes_no_memory_for_numbers() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(20_000, 16), net.ensemble(10_000, 16)
    net.connect(a, b, solver=nef.LstsqL2(weights=True))
    nef.describe(net)
    tracemalloc.start()
    described = nef.describe(net)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert described.costs["numpy"].arrays > 8 * 20_000 * 10_000
    assert peak < 1e6


def test_equations_are_factored_once_for_all_functions_of_the_same_points() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    for function in (None, np.square, np.sin):
        net.connect(a, b, function=function)
    net.probe(a)
    assert nef.describe(net).factorisations == 1
    net.connect(a, b, solver=nef.LstsqL2(reg=0.2))
    net.probe(b)
    described = nef.describe(net)
    assert described.factorisations == 3
    assert described.largest == (750, 50)
    net.connect(b, a, solver=nef.NoSolver(np.zeros((40, 1))))
    assert nef.describe(net).factorisations == 3


def test_the_arrays_of_a_network_are_counted_to_the_byte() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(50, 3, n_eval_points=100)
    net.probe(a)
    with_operations = nef.describe(net).costs["numpy"].arrays
    # Encoders and the same scaled; gain, bias, rates, intercepts; points; decoders.
    numbers = 2 * 50 * 3 + 4 * 50 + 100 * 3 + 50 * 3
    assert with_operations - 3000 * nef.describe(net).operations == 8 * numbers


@pytest.mark.parametrize("options", [{}, {"batch_size": 4}, {"dtype": "float32"}], ids=str)
def test_records_of_values_are_counted_to_the_byte(options: dict[str, Any]) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(10, 3)
    for sample_every in (None, 0.01):
        net.probe(a, sample_every=sample_every)
    sim = nef.Simulator(net, **options)
    sim.run(1.0)
    kept = sum(sim.data[p].nbytes for p in sim.probes)
    assert nef.describe(net, **options).bytes_per_second == kept


def test_records_of_spikes_are_near_their_estimate() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(500, 1)
    probe = net.probe(a.neurons)
    net.connect(net.node(lambda t: np.sin(6 * t)), a)
    sim = nef.Simulator(net)
    sim.run(1.0)
    report = nef.describe(net).bytes_per_second / 12
    # The input fills [-1, 1] twice, but not evenly.
    assert 0.6 < len(sim.data.events(probe)) / report < 1.6


def test_more_of_everything_costs_more() -> None:
    def costs(n: int, **options: Any) -> list[Cost]:
        net = nef.Network(seed=1)
        for _ in range(n):
            net.connect(net.node(np.sin), net.ensemble(100, 1))
        return [*nef.describe(net, **options).costs.values()]

    for small, large, batch in zip(costs(10), costs(100), costs(10, batch_size=50), strict=True):
        assert large.arrays > 9 * small.arrays
        assert large.step_seconds > 5 * small.step_seconds
        assert large.build_seconds > 9 * small.build_seconds
        assert batch.step_seconds > 3 * small.step_seconds
        assert batch.build == small.build


def test_the_cost_of_each_installed_back_end_is_estimated() -> None:
    described = nef.describe(models.square())
    assert [*described.costs] == [name for name in ("numpy", "numba") if name in available()]
    for name, cost in described.costs.items():
        peak = described.peak(name)
        assert peak == max(cost.build, cost.prepare, cost.run)
        assert described.peak(name, 1000.0) >= cost.run + 1000 * described.bytes_per_second


def test_a_description_is_a_table_and_plain_numbers() -> None:
    described = nef.describe(MODELS["oscillator"]())
    table = str(described)
    for words in ("step by step", "in chunks", "Gram matri", "memory [MB]", "numpy", "a step"):
        assert words in table
    assert max(map(len, table.splitlines())) < 140
    report = json.loads(json.dumps(described.to_dict()))
    assert report["neurons"] == described.neurons
    assert report["costs"]["numpy"]["chunk"] == described.costs["numpy"].chunk


def test_loops_of_other_sizes_are_apart_and_groups_in_chunks_together() -> None:
    net = nef.Network(seed=1)
    for n in (20, 20, 30):
        a = net.ensemble(n, 1)
        net.connect(a, a, synapse=0.1)
    for n in (10, 15):
        net.connect(net.node(1.0), net.ensemble(n, 1))
    schedule = nef.describe(net).schedule
    assert [(s.groups, s.neurons) for s in schedule if s.loop] == [(2, 40), (1, 30)]
    kinds = [s.loop for s in schedule]
    assert all(loop or again for loop, again in pairwise(kinds))


def test_many_equal_loops_are_one_line() -> None:
    net = nef.Network(seed=1)
    for _ in range(30):
        a = net.ensemble(20, 1)
        net.connect(a, a)
    loops = [s for s in nef.describe(net).schedule if s.loop]
    assert [s.groups for s in loops] == [30]
    assert loops[0].neurons == 600
    assert "30 loops of" in str(nef.describe(net))


def test_an_empty_network_is_described() -> None:
    described = nef.describe(nef.Network())
    assert (described.neurons, described.operations, described.factorisations) == (0, 0, 0)
    assert str(described)


def inhibited(n: int) -> nef.Network:
    """Populations with two inputs each, one of which inhibits all neurons."""
    net = nef.Network(seed=1)
    u, off = net.node(np.sin), net.node(np.square)
    for _ in range(n):
        a = net.ensemble(50, 1, n_eval_points=50)
        net.connect(u, a)
        net.connect(off, a.neurons, transform=-np.ones((50, 1)), synapse=None)
        net.probe(a, synapse=0.01)
    return net


def probed(n: int) -> nef.Network:
    """A population that all cores share, whose spikes and value are recorded."""
    net = nef.Network(seed=1)
    a = net.ensemble(n, 1, n_eval_points=50)
    net.connect(net.node(np.sin), a)
    net.probe(a.neurons)
    net.probe(a, synapse=0.01)
    return net


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_chunk_is_the_one_that_runs(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend not in available():
        pytest.skip("not installed")
    from nefsim.backends.engine import Engine

    lengths = []
    run = Engine.run

    def watched(self: Engine, *given: Any) -> None:
        lengths.append(self.longest)
        run(self, *given)

    monkeypatch.setattr(Engine, "run", watched)
    cases: list[tuple[nef.Network, dict[str, Any]]] = [
        *((models.square(), options) for options in ({}, {"batch_size": 300})),
        *((net, {}) for net in (inhibited(100), probed(5000))),
    ]
    for net, options in cases:
        with nef.Simulator(net, backend=backend, **options) as sim:
            sim.run_steps(2)
        assert nef.describe(net, **options).costs[backend].chunk == lengths[-1]


def test_abstract_arrays_have_the_shapes_of_arrays() -> None:
    a, b = abstract_array(4, 3), np.ones((3, 5))
    assert (a @ b).shape == (a @ abstract_array(3, 5)).shape == (4, 5)
    assert (b.T @ a.T).shape == (5, 4)
    assert (2.0 * a + abstract_array(3)).shape == (a * abstract_array(4)[:, None]).shape == (4, 3)
    assert (a @ b).strides == (0, 0)
    with pytest.raises(TypeError):
        a.sum()


def test_a_part_of_a_network_is_not_described_alone() -> None:
    with pytest.raises(ValueError, match="describe the outermost one"):
        nef.describe(nef.Network().subnetwork())


def test_the_peak_of_another_back_end_is_refused() -> None:
    net = nef.Network(seed=1)
    net.ensemble(10, 1)
    match = r"Description.peak: backend must be .*, got 'nengo'; "
    with pytest.raises(ValueError, match=match):
        nef.describe(net).peak("nengo")
