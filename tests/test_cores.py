"""Cores in the compiled back end: parts of populations, pipelines and steps that threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import analysis, cores, make_plan, opcodes, split, stages
from nefsim.program import Neurons

#: More than two tiles of steps, and a part of one.
N_STEPS = 150


@pytest.fixture
def any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share any work, in short segments."""
    monkeypatch.setattr(cores, "MIN_WORK_FOR_THREADS", 1)
    monkeypatch.setattr(cores, "TASK", 1)


def population(net: nef.Network, n: int, dimensions: int = 1, **options: Any) -> nef.Ensemble:
    """An ensemble with its arrays, so that nothing is solved."""
    rng = np.random.default_rng(n)
    encoders = nef.UniformHypersphere(surface=True).sample(n, dimensions, rng=rng)
    gain, bias = rng.uniform(1.0, 4.0, n), rng.uniform(-1.0, 3.0, n)
    options = {"gain": gain, "bias": bias, "n_eval_points": 50, **options}
    return net.ensemble(n, dimensions, encoders=encoders, **options)


def decoded(net: nef.Network, pre: nef.Ensemble, post: Any, **options: Any) -> None:
    """A connection with random decoders, some 1 in all."""
    size = options.pop("size", 1)
    rng = np.random.default_rng(pre.n_neurons)
    decoders = rng.normal(0.0, 1.0, (pre.n_neurons, size)) * 2e-3 / np.sqrt(pre.n_neurons)
    net.connect(pre, post, solver=nef.NoSolver(decoders), **options)


def recurrent(n: int = 4500, dimensions: int = 1) -> nef.Network:
    """A population that reads its output, with probes of spikes, voltages and filtered spikes."""
    net = nef.Network(seed=1)
    x = population(net, n, dimensions)
    net.connect(net.node(np.sin), x[0], synapse=0.01)
    decoded(net, x, x, size=dimensions, synapse=0.1)
    out = net.node(size_in=dimensions)
    decoded(net, x, out, size=dimensions, synapse=0.02)
    net.probe(out)
    return net


def watched() -> nef.Network:
    """The same, with probes of spikes, voltages and filtered spikes."""
    net = recurrent()
    (x,) = net.ensembles
    net.probe(x.neurons)
    net.probe(x.neurons, "voltage")
    net.probe(x.neurons, synapse=0.01)
    net.probe(x.neurons, "voltage", synapse=0.01)
    return net


def other_types(kind: type[nef.NeuronType]) -> nef.Network:
    """A recurrent population of another type, with probes of its output and its states."""
    net = nef.Network(seed=1)
    x = population(net, 4500, neuron_type=kind())
    net.connect(net.node(np.sin), x, synapse=0.01)
    decoded(net, x, x, synapse=0.1)
    out = net.node(size_in=1)
    decoded(net, x, out, synapse=0.02)
    net.probe(out)
    net.probe(x.neurons)
    for name in x.neuron_type.initial_state:
        net.probe(x.neurons, name)
    net.probe(x.neurons, synapse=0.01)
    return net


def chain(*sizes: int) -> nef.Network:
    """Populations one after the other."""
    net = nef.Network(seed=1)
    each = [population(net, n) for n in sizes]
    net.connect(net.node(np.sin), each[0], synapse=None)
    for a, b in pairwise(each):
        decoded(net, a, b, synapse=0.005)
    out = net.node(size_in=1)
    decoded(net, each[-1], out, synapse=0.005)
    net.probe(out)
    net.probe(each[-1].neurons)
    return net


def streams() -> nef.Network:
    """More levels than a pipeline of few cores has, in three streams of which two meet."""
    net = nef.Network(seed=1)
    out = net.node(size_in=1)
    for stream in range(3):
        each = [population(net, 20 + stream) for _ in range(40)]
        net.connect(net.node(np.sin), each[0], synapse=None)
        for a, b in pairwise(each):
            decoded(net, a, b, synapse=0.005)
        if stream:
            decoded(net, each[-1], out, synapse=0.005)
        net.probe(each[-1].neurons)
    net.probe(out)
    return net


def ring() -> nef.Network:
    """Twelve populations in a circle, each in one part, with a rule that learns in between."""
    net = nef.Network(seed=1)
    each = [population(net, 450 + i, 2) for i in range(12)]
    net.connect(net.node(np.sin), each[0][0], synapse=None)
    for a, b in zip(each, [*each[1:], each[0]], strict=True):
        decoded(net, a, b, size=2, synapse=0.005)
    error = net.node(size_in=2)
    learned = net.connect(each[0], error, function=np.zeros_like, learning_rule=nef.PES())
    net.connect(each[5], error, solver=nef.NoSolver(np.full((455, 2), 1e-5)))
    net.connect(error, learned.learning_rule)
    net.probe(error)
    net.probe(each[3].neurons)
    return net


NETWORKS = {
    "recurrent": watched,
    "recurrent, 9 dimensions": lambda: recurrent(dimensions=9),
    "chain": lambda: chain(5000, 60, 4200),
    "chain of small ones": lambda: chain(80, 70, 60, 50),
    "streams": streams,
    "ring": ring,
    **{kind.__name__: partial(other_types, kind) for kind in split.TYPES},
}


def records(net: nef.Network, *pieces: int, **options: Any) -> list[np.ndarray]:
    """The records of all probes after runs of these numbers of steps."""
    with nef.Simulator(net, backend="numba", **options) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
        return [sim.data[probe] for probe in sim.probes]


def on_cores(n: int, *arguments: Any, **options: Any) -> list[np.ndarray]:
    """The same, with this number of threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "cores", lambda: n)
        return records(*arguments, **options)


@pytest.mark.usefixtures("any_work")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
def test_records_do_not_depend_on_the_number_of_threads(name: str, options: Any) -> None:
    net = NETWORKS[name]()
    alone = on_cores(1, net, N_STEPS, 70, **options)
    assert all(one.any() for one in alone)
    for n in (2, 64):
        for one, other in zip(alone, on_cores(n, net, N_STEPS, 70, **options), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_parts_in_tiles_equal_parts_in_single_steps(name: str) -> None:
    net = NETWORKS[name]()
    at_once, one_by_one = records(net, N_STEPS), records(net, *[1] * N_STEPS)
    for one, other in zip(at_once, one_by_one, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_parts_have_the_spikes_of_the_reference(name: str) -> None:
    """Sums over parts differ in their last digits."""
    report = nef.crosscheck(NETWORKS[name](), 0.2, backends=("numpy", "numba"))
    assert report.spikes_differ == 0
    assert report.agrees, str(report)


def test_a_probe_changes_no_bit_of_a_population_in_parts() -> None:
    (plain,), (one, *more) = records(recurrent(), N_STEPS), records(watched(), N_STEPS)
    np.testing.assert_array_equal(plain, one)
    assert all(values.any() for values in more)


def test_probes_of_parts_record_all_neurons() -> None:
    """Also of neurons at both ends of parts, and beside values that are filtered."""
    net = watched()
    sim = nef.Simulator(net, backend="numba")
    reference = nef.Simulator(net, backend="numpy")
    for each in (sim, reference):
        each.run_steps(N_STEPS)
    _, spikes, voltages, filtered, smooth = sim.probes
    assert sim.data[spikes].shape == (N_STEPS, 4500)
    np.testing.assert_array_equal(sim.data[spikes], reference.data[spikes])
    for probe in (voltages, filtered, smooth):
        np.testing.assert_allclose(sim.data[probe], reference.data[probe], rtol=0, atol=1e-9)


def plan_of(net: nef.Network) -> Any:
    sim = nef.Simulator(net, backend="numba")
    program = sim.built.program
    return make_plan(program, 1, analysis.analytic_lif_outputs(program, sim.state))


@pytest.mark.parametrize("n", [64, 1000, 4096, 4500, 10_000, 100_000, 819_200])
def test_parts_are_words_of_bits_and_cover_all_neurons(n: int) -> None:
    found = split.parts(n)
    assert [start for start, _ in found] == [0, *(stop for _, stop in found[:-1])]
    assert found[-1][1] == n and all(start % 64 == 0 for start, _ in found)
    assert len(found) <= split.MOST_PARTS
    longest = max(split.PART, n / split.MOST_PARTS) + split.UNIT
    assert max(stop - start for start, stop in found) <= longest


def test_large_populations_are_split_and_small_ones_are_not() -> None:
    assert len(plan_of(chain(5000, 60, 4200)).parts.origin) == len(split.parts(5000)) + len(
        split.parts(4200)
    )
    assert not plan_of(chain(60, 4000)).parts.origin


@pytest.mark.parametrize("kind", split.TYPES)
def test_other_types_are_split_where_their_neurons_have_the_same_parameters(
    kind: type[nef.NeuronType],
) -> None:
    assert len(plan_of(other_types(kind)).parts.origin) == len(split.parts(4500))
    net = nef.Network(seed=1)
    tau_rc = np.linspace(0.01, 0.05, 4500)
    x = population(net, 4500, neuron_type=nef.RegularSpiking(nef.LIFRate(tau_rc=tau_rc)))
    net.probe(x, solver=nef.NoSolver(np.full((4500, 1), 1e-6)))
    assert not plan_of(net).parts.origin


def test_a_population_whose_spikes_are_read_one_by_one_is_not_split() -> None:
    net = recurrent()
    (x,) = net.ensembles
    net.connect(x.neurons[:5], net.node(size_in=5))
    assert not plan_of(net).parts.origin


def test_several_decoded_sums_and_sliced_targets_of_parts() -> None:
    def network() -> nef.Network:
        net = nef.Network(seed=1)
        a, b = population(net, 4500), population(net, 4400, 2)
        net.connect(net.node(np.sin), a)
        decoded(net, a, b[1], synapse=0.01)
        decoded(net, a, b[0], synapse=None)
        weights = np.random.default_rng(0).normal(0.0, 1e-4, (4400, 3))
        net.connect(net.node([0.1, 0.2, 0.3]), b.neurons, transform=weights, synapse=None)
        net.probe(b.neurons)
        net.probe(b, solver=nef.NoSolver(np.full((4400, 2), 1e-6)))
        return net

    report = nef.crosscheck(network(), 0.2, backends=("numpy", "numba"))
    assert report.spikes_differ == 0 and report.agrees, str(report)
    assert plan_of(network()).parts.origin


# -- stages ------------------------------------------------------------------------------


def loops_of(net: nef.Network, monkeypatch: pytest.MonkeyPatch) -> list[stages.Loop]:
    """The loops whose steps would be shared by two cores."""
    found: list[stages.Loop] = []

    def noted(arrays: Any, loop: stages.Loop) -> Any:
        found.append(loop)
        return cores.one_call(arrays, [loop.span]).rows

    from nefsim.backends.compiled import runner

    monkeypatch.setattr(runner, "in_steps", noted)
    nef.Simulator(net, backend="numba")
    return found


def test_work_is_that_of_numbers_of_cells_and_of_products() -> None:
    rows = [  # kind, outputs, inputs, encoded dimensions, work
        (opcodes.LOWPASS, 7, 1, 0, 7),
        (opcodes.LIF, 100, 999, 4, 100 + 50),
        (opcodes.WIDE_LIF, 100, 999, 16, 100 + 200),
        (opcodes.DRIVEN_LIF, 100, 999, 16, 100),
        (opcodes.FIRST_CELL, 100, 999, 16, 300),
        (opcodes.FIRST_CELL + 1, 100, 999, 16, 300),
        (opcodes.ROWS, 10, 40, 0, 10 + 50),
        (opcodes.ROWS_OF_TILE, 10, 640, 0, 10 + 100),
        (opcodes.DECODE_BITS, 10, 640, 0, 10),
    ]
    table = np.zeros((len(rows), opcodes.N_COLUMNS), np.int64)
    columns = [opcodes.KIND, opcodes.N, opcodes.M, opcodes.ENCODERS]
    table[:, columns] = [row[:4] for row in rows]
    each = [row[4] for row in rows]
    assert [stages.cost(table, (i, i + 1)) for i in range(len(rows))] == each
    assert stages.cost(table, (1, 3)) == sum(each[1:3])


def test_a_large_loop_is_shared_and_a_small_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    (loop,) = loops_of(recurrent(), monkeypatch)
    assert len(loop.phases) == 1 and len(loop.phases[0].units) == len(split.parts(4500))
    (loop,) = loops_of(ring(), monkeypatch)
    assert len(loop.phases[0].units) >= 11  # populations with a delay of a step in between
    net = nef.Network(seed=1)
    x = population(net, 2000)
    decoded(net, x, x, synapse=0.1)
    assert not loops_of(net, monkeypatch)


def test_small_networks_use_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the build nor in the run."""
    monkeypatch.setattr(cores, "cores", lambda: 4)
    monkeypatch.setattr("nefsim.lowering.threads.cores", lambda: 4)

    def start(thread: threading.Thread) -> None:
        raise AssertionError(f"{thread.name} was started")

    monkeypatch.setattr(threading.Thread, "start", start)
    net = nef.Network(seed=1)
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    net.connect(net.node(np.sin), a)
    net.connect(a, b, function=np.square)
    net.connect(b, b)
    y = net.probe(b, synapse=0.1)
    sim = nef.Simulator(net, backend="numba", progress=False)
    sim.run(0.1)
    assert sim.data[y].shape == (100, 1)


@pytest.mark.usefixtures("any_work")
@pytest.mark.parametrize("name", ["recurrent", "chain of small ones", "ring"])
def test_cores_share_the_trials_of_a_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In groups of trials, also for populations that are too small to be split."""
    groups: list[int] = []
    run = cores.Tasks.run

    def counted(tasks: cores.Tasks, call: Any) -> None:
        groups.append(len(tasks._sources))
        run(tasks, call)

    net = NETWORKS[name]()
    alone = on_cores(1, net, N_STEPS, batch_size=5)
    monkeypatch.setattr(cores.Tasks, "run", counted)
    for n, expected in ((2, 5), (5, 5)):
        shared = on_cores(n, net, N_STEPS, batch_size=5)
        assert expected in groups
        groups.clear()
        for one, other in zip(alone, shared, strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_error_in_one_thread_ends_the_others() -> None:
    tasks = cores.Tasks([set(), {0}, {0}], 5)

    def call(piece: int, segment: int) -> None:
        if (piece, segment) == (1, 2):
            raise OSError("a task failed")

    with pytest.raises(OSError, match="a task failed"):
        cores.with_helpers(3, lambda thread: tasks.run(call))


@pytest.mark.parametrize("n_threads", [1, 2, 8])
@pytest.mark.parametrize("seed", range(5))
def test_tasks_run_once_after_all_that_they_read(n_threads: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources = [{j for j in range(i) if rng.random() < 0.3} for i in range(12)]
    done: list[tuple[int, int]] = []

    def call(piece: int, segment: int) -> None:
        before = set(done)
        assert {(source, segment) for source in sources[piece]} <= before
        assert segment == 0 or (piece, segment - 1) in before
        done.append((piece, segment))

    tasks = cores.Tasks(sources, 7)
    cores.with_helpers(n_threads, lambda thread: tasks.run(call))
    assert len(done) == len(set(done)) == 12 * 7


def test_work_is_shared_in_order_in_shares_of_about_the_same_size() -> None:
    rng = np.random.default_rng(0)
    for size, n in ((8, 2), (9, 4), (3, 5), (50, 3)):
        cost = rng.integers(0, 10, size).tolist()
        found = cores.shares(cost, n)
        assert found == sorted(found) and min(found) >= 0 and max(found) < n
        work = [sum(c for c, at in zip(cost, found, strict=True) if at == i) for i in range(n)]
        # A share is left as soon as it is full, so that its last part may be too much.
        assert max(work) < sum(cost) / n + max(cost)


@pytest.mark.parametrize("n_cores", [2, 3])
def test_pieces_read_only_pieces_before_them(n_cores: int) -> None:
    """Also where more levels than the pipeline has are merged."""
    rng = np.random.default_rng(0)
    levels = np.repeat(np.arange(1, 91), rng.integers(1, 9, 90)).tolist()
    sources = [
        {j for j in range(i) if levels[j] < at and rng.random() < 0.05}
        for i, at in enumerate(levels)
    ]
    spans = [(i, i + 1) for i in range(len(levels))]
    stage = stages.Pieces(spans, levels, sources, rng.integers(1, 9, len(levels)).tolist())
    pieces, reads = cores._pieces(stage, n_cores)
    assert sorted(row for piece in pieces for row, _ in piece) == [*range(len(levels))]
    piece_of = {row: p for p, piece in enumerate(pieces) for row, _ in piece}
    assert len(pieces) <= 16 * n_cores * 4 * n_cores
    for i, those in enumerate(sources):
        for j in those:
            assert piece_of[j] == piece_of[i] or piece_of[j] in reads[piece_of[i]]
        order = [row for row, _ in pieces[piece_of[i]]]
        assert order == sorted(order)
    assert all(max(those, default=-1) < piece for piece, those in enumerate(reads))


# -- the step ----------------------------------------------------------------------------


def states(net: nef.Network, backend: str, voltage: Any, *pieces: int, **options: Any) -> Any:
    """The state of the population after runs from these voltages."""
    with nef.Simulator(net, backend=backend, **options) as sim:
        ops = zip(sim.built.program.ops, sim.state.ops, strict=True)
        (memory,) = (memory for op, memory in ops if isinstance(op, Neurons))
        memory["voltage"][...] = voltage
        for n_steps in pieces:
            sim.run_steps(n_steps)
        return {name: value.copy() for name, value in memory.items()}


def lif_types() -> Iterator[Any]:
    for tau_ref in (0.0, 0.0005, 0.001, 0.0015, 0.0019999, 0.002, 0.0021, 0.003, 0.0075):
        for tau_rc in (0.02, 0.0008):
            yield pytest.param(nef.LIF(tau_rc, tau_ref, min_voltage=-0.5), id=f"{tau_rc} {tau_ref}")
    for tau_rc in (0.01, 0.013, 0.023, 0.03, 0.05, 0.1):  # the end of two steps is rounded
        yield pytest.param(nef.LIF(tau_rc, 0.002), id=f"{tau_rc} 0.002")
    rng = np.random.default_rng(1)
    each = nef.LIF(rng.uniform(0.01, 0.03, 150), rng.uniform(0.0, 0.004, 150))
    yield pytest.param(each, id="a constant per neuron")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", [*lif_types()])
def test_delayed_divisions_change_no_bit(kind: nef.LIF, dtype: str) -> None:
    """Against single steps, and in float64 against the reference, from any voltage up to 1.

    Currents up to 1000 let a neuron fire whenever it is not refractory, at all times in a step.
    """
    net = nef.Network(seed=1)
    rng = np.random.default_rng(0)
    voltage = np.where(rng.random(150) < 0.3, 1.0, rng.uniform(-0.5, 1.0, 150))
    gain, bias = rng.uniform(0.1, 4.0, 150), rng.choice([0.9, 1.0 + 1e-9, 1.5, 30.0, 1000.0], 150)
    x = population(net, 150, neuron_type=kind, gain=gain, bias=bias)
    net.connect(net.node(nef.WhiteSignal(1.0, high=50.0, rms=0.5, seed=1)), x, synapse=None)
    out = net.node(size_in=1)
    decoded(net, x, out, synapse=None)
    at_once = states(net, "numba", voltage, N_STEPS, 33, dtype=dtype)
    one_by_one = states(net, "numba", voltage, *[1] * (N_STEPS + 33), dtype=dtype)
    reference = states(net, "numpy", voltage, N_STEPS, 33, dtype=dtype)
    for name, value in at_once.items():
        np.testing.assert_array_equal(value, one_by_one[name])
        if dtype == "float64":
            np.testing.assert_array_equal(value, reference[name])
    assert len(np.unique(at_once["voltage"])) > 20
