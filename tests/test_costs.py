"""Memory and time of a network that is not built, counted by hand from the stated model."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.describe import Cost, cost, description
from nefsim.describe.description import Stretch
from nefsim.lowering import build, threads
from nefsim.program import Call, Neurons

DT = 0.001


@pytest.fixture(scope="module")
def net() -> nef.Network:
    """Nodes, spikes, rates, a rule with state and a filter of second order."""
    net = nef.Network(seed=1)
    source = net.node(lambda t: [t, 1 - t])
    a = net.ensemble(40, 2, n_eval_points=100)
    b = net.ensemble(30, 1, n_eval_points=90, neuron_type=nef.LIFRate())
    squared, out = net.node(lambda t, x: x * x, size_in=1), net.node(size_in=1)
    net.connect(source, a)
    net.connect(a, a, synapse=0.1)
    learned = net.connect(a, b, function=lambda x: x[0] * x[1], learning_rule=nef.RLS())
    net.connect(b, learned.learning_rule)
    net.connect(b, squared, function=np.square)
    net.connect(squared, out, synapse=nef.Alpha(0.1))
    net.probe(a)
    net.probe(a.neurons)
    return net


#: Encoders of both, decoders of a for itself and for its probe, of b for the rule and the node.
MATRICES = 40 * 2 + 30 + 2 * 2 * 40 + 2 * 30
OFFSETS = 40 + 30
#: Weights, the inverse of RLS, two variables of LIF, one of each lowpass and two of Alpha.
MEMORIES = 40 + 40**2 + 2 * 40 + (2 + 2 + 1 + 1 + 40 + 1) + 2


def test_memories_are_counted_number_by_number(net: nef.Network) -> None:
    program = build(net, DT, 1, outline=True).program
    assert cost.constants(program) == MATRICES + OFFSETS
    assert cost.memories(program) == MEMORIES
    assert sum(map(cost.products, program.ops)) == MATRICES + 40


def test_solving_takes_activities_and_gram_matrices(
    net: nef.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    actual = cost.systems(build(net, DT, 1, outline=True))
    of_a, of_b = 100 * 40 + 40**2, 90 * 30 + 30**2
    monkeypatch.setattr(threads, "cores", lambda: 2)
    assert cost.solving(actual) == 8 * (of_a + of_b)
    monkeypatch.setattr(threads, "cores", lambda: 1)
    assert cost.solving(actual) == 8 * of_a


def test_large_ensembles_are_solved_block_by_block_and_one_by_one() -> None:
    net = nef.Network(seed=1)
    for n in (3000, 2000):
        net.probe(net.ensemble(n, 1, n_eval_points=10_000))
    actual = cost.systems(build(net, DT, 1, outline=True))
    # A block of 2**22 activities, and the Gram matrix twice: its sum and the addend.
    assert cost.solving(actual) == 8 * max(2**22 + 2 * 3000**2, 2**22 + 2 * 2000**2)


def test_other_solvers_take_three_copies_of_the_activities() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1, n_eval_points=100)
    net.connect(a, a, solver=nef.LstsqL2nz())
    actual = cost.systems(build(net, DT, 1, outline=True))
    assert cost.solving(actual) == 8 * (100 * 40 + 40**2 + 3 * 100 * 40)


def test_building_takes_its_objects_draws_products_and_calls(net: nef.Network) -> None:
    seconds = 3e-4 * (2 + 6 + 2) + 3e-8 * (40 * 2 + 30 + 100 * 2 + 90)
    for n, p, d in ((40, 100, 2), (30, 90, 1)):
        seconds += 2.5e-8 * p * n + 4e-11 * (p * n * (n + d) + n**3 / 3)
    seconds += 3e-6 * 100  # the product, called at each point
    assert nef.describe(net).costs["numpy"].build_seconds == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("backend", "chunked", "looped", "neuron", "number", "product", "population"),
    [
        ("numpy", 5e-8, 5e-6, 8e-9, 4e-9, 2e-10, 1.2e-5),
        ("numba", 5e-9, 5e-9, 3e-10, 5e-10, 1e-10, 0.0),
    ],
)
def test_a_step_takes_its_operations_numbers_and_products(
    net: nef.Network,
    batch: int,
    backend: str,
    chunked: float,
    looped: float,
    neuron: float,
    number: float,
    product: float,
    population: float,
) -> None:
    program = build(net, DT, 1, outline=True).program
    # Operations of probes run in chunks: the sum and the filter of the last connection, the
    # node and the decoded probe.
    n_ops, in_chunks = len(program.ops), 4
    others = sum(cost.width(program, op) for op in program.ops) - (40 + 30)
    seconds = in_chunks * chunked + (n_ops - in_chunks) * looped
    seconds += batch * (product * (MATRICES + 40) + neuron * (40 + 30) + number * others)
    seconds += 2 * population + 3e-6 * (1 + batch)  # the source once, the other node in each trial
    assert cost.step_seconds(program, backend, batch) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(("chunked", "calls"), [(False, 3), (True, 0)])
def test_foreign_steps_are_called_in_each_trial_unless_a_chunk_at_a_time(
    chunked: bool, calls: int
) -> None:
    ops = [Call((0, 1), (), lambda trial: lambda t: None, "foreign", chunked)]
    program: Any = SimpleNamespace(
        ops=ops,
        groups=[SimpleNamespace(ops=(0,), loop=True)],
        signals=[SimpleNamespace(size=4), SimpleNamespace(size=5)],
    )
    seconds = 5e-6 + 3 * (4 + 5) * 4e-9 + calls * 3e-6
    assert cost.step_seconds(program, "numpy", 3) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"dtype": "float32"}], ids=str)
def test_memory_of_a_run_is_its_chunk_its_state_and_a_copy_to_go_back_to(
    net: nef.Network, options: dict[str, object]
) -> None:
    report = nef.describe(net, **options).costs["numpy"]  # type: ignore[arg-type]
    program = build(net, DT, 1, outline=True).program
    size = sum(signal.size for signal in program.signals)
    batch, item = options.get("batch_size", 1), 4 if "dtype" in options else 8
    assert isinstance(batch, int)
    state = (MEMORIES + size) * batch * item
    constants = (MATRICES + OFFSETS) * item
    rows = ((report.chunk + 1) * size + report.chunk * (40 + 30)) * batch * item
    assert report.prepare == report.build + state + constants
    assert report.run == report.prepare + MEMORIES * batch * item + rows


def test_spikes_are_recorded_as_events_of_a_quarter_of_the_maximum_rate() -> None:
    net = nef.Network(seed=1)
    for rates in ((200, 400), (100, 200), np.full(10, 80.0), nef.Gaussian(200.0, 1.0)):
        net.probe(net.ensemble(10, 1, max_rates=rates).neurons)
    # The step and the cell of an event take 12 bytes; distributions without ends count as 300 Hz.
    expected = 12 * 10 * 0.25 * (300 + 150 + 80 + 300)
    assert nef.describe(net).bytes_per_second == expected
    every = net.probe(net.ensembles[0].neurons, sample_every=0.01)
    assert every.sample_every == 0.01
    assert nef.describe(net).bytes_per_second == expected + round(12 * 10 * 0.25 * 300 / 10)


def test_peak_memory_is_the_most_at_any_time_and_records_come_on_top(net: nef.Network) -> None:
    report = dataclasses.replace(
        nef.describe(net),
        bytes_per_second=7,
        costs={
            "numpy": Cost(10, 1, 500, 400, 300, 0.0, 0.0),
            "numba": Cost(10, 1, 200, 400, 300, 0.0, 0.0),
        },
    )
    assert (report.peak(), report.peak("numba")) == (500, 400)
    assert report.peak("numpy", 100.0) == 300 + 700
    assert report.peak("numba", 20.4) == 300 + 143


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (7200.0, "7.2e+03 s"),
        (1.0, "1 s"),
        (0.999, "999 ms"),
        (1e-3, "1 ms"),
        (0.5e-3, "500 us"),
        (1e-6, "1 us"),
        (2.5e-8, "25 ns"),
    ],
)
def test_times_are_shown_in_a_suitable_unit(seconds: float, words: str) -> None:
    assert description._seconds(seconds) == words


def test_a_description_is_this_text(net: nef.Network) -> None:
    report = dataclasses.replace(
        nef.describe(net),
        label="small",
        batch_size=3,
        ensembles=1,
        neurons=70,
        schedule=(
            Stretch(True, 2, {"Sum": 4, "Neurons": 2}, 70, 12, "x"),
            *(Stretch(False, 1, {"Sum": 1}, 0, 0, "y") for _ in range(12)),
        ),
        bytes_per_second=2_500_000,
        costs={"numpy": Cost(100, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 0.5, 2e-6)},
    )
    lines = str(report).splitlines()
    assert lines[0].startswith("network small: 1 ensemble (70 neurons, 3 dimensions), 3 nodes")
    assert lines[1] == "steps of 0.001 s in float64, 3 trials"
    assert lines[2].endswith("2 Gram matrices to factor, the largest of 100 points and 40 neurons")
    after = lines.index(next(line for line in lines if line.startswith("schedule: ")))
    assert lines[after + 1].split("; ") == [
        "  step by step  2 loops of 4 Sum, 2 Neurons",
        "70 neurons, 12 multiply-adds",
        "from x on",
    ]
    assert lines[after + 2] == "  in chunks     1 Sum; from y on"
    assert lines[after + 13] == "  and 1 more"
    (memory,) = (line for line in lines if line.endswith("100 steps"))
    assert memory.split() == ["numpy", "1", "2", "3", "4", "100", "steps"]
    assert "  records 2.5 a second of model time" in lines
    assert lines[-1].split() == ["numpy", "500", "ms", "2", "us", "2", "ms"]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_memory_of_a_compiled_run_is_its_tables_its_plan_and_its_neurons(
    net: nef.Network, batch: int, dtype: str
) -> None:
    backends = pytest.importorskip("nefsim.backends")
    if "numba" not in backends.available():
        pytest.skip("needs numba")
    options: dict[str, Any] = {"batch_size": batch, "dtype": dtype}
    told, on_numpy = (nef.describe(net, **options).costs[name] for name in ("numba", "numpy"))
    program = build(net, DT, 1, outline=True).program
    spikes = {op.output for op in program.ops if isinstance(op, Neurons)}
    plan = backends.module("numba").plan_of(program, batch, spikes)
    sizes = [signal.size for signal in program.signals]
    item = 4 if dtype == "float32" else 8
    state = (MEMORIES + sum(sizes)) * batch * item
    rows = sum(sizes) + plan.length * sum(sizes[i] for i in plan.materialized)
    assert told.chunk == plan.length
    assert (told.arrays, told.build) == (on_numpy.arrays, on_numpy.build)
    assert told.prepare == told.build + state + (MATRICES + OFFSETS) * (8 + item)
    run = (MATRICES + OFFSETS) * item + rows * batch * item + (40 + 30) * batch * 8
    assert told.run == told.build + state + 2 * MEMORIES * batch * item + run
