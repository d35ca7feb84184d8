"""Filters of one number in place of its multiples."""

from __future__ import annotations

from typing import Any

import models
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nefsim as nef
from nefsim.lowering import build
from nefsim.lowering.taps import Taps
from nefsim.program import Filter, ProgramBuilder, Read, Term, builder
from nefsim.program.rank_one import FEWEST_ROWS, Factored, factors

BACKENDS = ["numpy", "numba"]


def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave programs as they are."""
    monkeypatch.setattr(builder, "in_rank_one", lambda s, ops, *_: Factored([*s], [*ops], {}))


def inhibited(n_targets: int = 3, n: int = 40) -> nef.Network:
    """Populations that inhibit all neurons of others, and one number that many elements receive."""
    net = nef.Network(seed=3)
    stimulus = net.node(lambda t: np.sin(20 * t), label="stimulus")
    stop = net.ensemble(30, 1, label="stop")
    net.connect(stimulus, stop)
    for i in range(n_targets):
        target = net.ensemble(n, 1, label=f"target {i}")
        net.connect(stimulus, target)
        net.connect(stop, target.neurons, transform=np.full((n, 1), -2.0), synapse=0.008)
        net.connect(stop, target.neurons, transform=-0.1 * np.ones((n, 1)), synapse=0.02)
        net.connect(target, stop, transform=0.2, synapse=0.1)
        net.probe(target.neurons, label=f"spikes {i}")
    array = nef.networks.ensemble_array(net, 20, 12)
    net.connect(stimulus, array.input, transform=np.linspace(0.2, 1.0, 12)[:, None])
    net.probe(array.output, synapse=0.01, label="many")
    return net


def run(net: nef.Network, backend: str, seconds: float = 0.2, **options: Any) -> dict[str, Any]:
    with nef.Simulator(net, backend=backend, progress=False, **options) as sim:
        sim.run(seconds)
        return {probe.label or str(i): sim.data[probe] for i, probe in enumerate(sim.probes)}


def test_equal_rows_are_decoded_and_filtered_once_for_all_targets() -> None:
    program = build(inhibited(), 0.001, 1).program
    filters = [op for op in program.ops if isinstance(op, Filter)]
    assert max(program.width(op) for op in filters) == 12  # the output of the array
    sources: Any = [program.ops[program.writer[op.input]] for op in filters]
    # Of each of two connections one row is decoded; all other targets copy the number.
    inhibiting = [op for op in sources if np.shape(op.terms[0].matrix) == (1, 30)]
    assert len(inhibiting) == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_spikes_are_those_of_all_rows(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = run(inhibited(), backend)
    as_before(monkeypatch)
    all_rows = run(inhibited(), backend)
    for name, values in all_rows.items():
        if name.startswith("spikes"):
            assert values.any() and np.array_equal(few[name], values), name
        else:  # sums of a few products of numbers up to 1, in another order
            assert np.allclose(few[name], values, rtol=0, atol=1e-12), name


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_probe_of_the_filter_sees_all_elements_and_changes_no_bit(backend: str) -> None:
    plain, probed = inhibited(1), inhibited(1)
    connection = next(
        c for c in probed.all_connections if np.shape(c.transform) == (40, 1) and c.size_mid == 1
    )
    probed.probe(connection, label="seen", synapse=None)
    one, other = run(plain, backend), run(probed, backend)
    seen = other.pop("seen")
    assert seen.shape[1] == 40 and seen.any()
    assert (seen == seen[:, :1]).all()
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_float32_and_batches_run_too() -> None:
    for backend in BACKENDS:
        values = run(inhibited(), backend, 0.05, dtype="float32", batch_size=2)
        assert all(np.isfinite(v).all() and v.any() for v in values.values())


@pytest.mark.parametrize("name", sorted(models.MODELS))
def test_models_have_the_same_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = run(models.MODELS[name](), "numpy", 0.1)
    as_before(monkeypatch)
    for label, values in run(models.MODELS[name](), "numpy", 0.1).items():
        assert np.allclose(few[label], values, rtol=1e-12, atol=1e-12), label


def total(matrix: Any, seed: int, is_recorded: bool, columns: Any = None) -> tuple[Any, Any]:
    """A program that filters ``matrix @ u``, and sums of all kinds that read the filter."""
    rng = np.random.default_rng(seed)
    n, m = np.shape(matrix)
    make = ProgramBuilder(0.001)
    u = make.input("u", rng.normal(size=m))
    sent = make.sum("sent", n)
    make.add_term(sent, Term(Read(u), matrix))
    for synapse in (nef.Lowpass(0.01), nef.Lowpass(0.01), nef.Alpha(0.005)):
        late = make.filtered("late", Read(sent), synapse)
        for delay in (0, 1):
            whole, part = Read(late.signal, delay), Read(late.signal, delay, columns)
            size = make.size(part)
            chosen = rng.permutation(9)[:size] if size <= 9 else None
            cases: Any = (
                (whole, [None, 2.0, rng.normal(size=n), rng.normal(size=(5, n))]),
                (part, [None, -1.5, rng.normal(size=size), rng.normal(size=(4, size))]),
            )
            for read, terms in cases:
                for term in terms:
                    rows = np.shape(term)[0] if np.ndim(term) == 2 else make.size(read)
                    y = make.sum("y", rows, rng.normal(size=rows))
                    make.add_term(y, Term(read, term))
                    make.record(Read(y), 1)
            if chosen is not None:
                y = make.sum("scattered", 9)
                make.add_term(y, Term(part, None, chosen))
                make.record(Read(y), 1)
        if is_recorded:
            make.record(late, 1)
    return make.finish(), rng


def rows_of(program: Any, backend: str) -> list[Any]:
    """The records of 20 steps."""
    from types import SimpleNamespace

    from nefsim import backends
    from nefsim.program import initial_state
    from nefsim.records import Records

    state = initial_state(program)
    records = Records(program, None, "float64", 0)
    backends.module(backend, "float64").prepare(SimpleNamespace(program=program), state)(
        20, records
    )
    return [records.of(i) for i in range(len(program.records))]


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(FEWEST_ROWS - 1, 30),
    m=st.integers(1, 5),
    kind=st.sampled_from(["equal", "rank one", "full", "one changed", "zero rows"]),
    seed=st.integers(0, 2**16),
    is_recorded=st.booleans(),
    columns=st.sampled_from([None, slice(2, 6), np.array([5, 0, 5, 3])]),
)
def test_sums_of_a_filter_have_the_values_of_the_whole_product(
    n: int, m: int, kind: str, seed: int, is_recorded: bool, columns: Any
) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.tile(rng.normal(size=m), (n, 1))
    if kind in ("rank one", "zero rows"):
        matrix = rng.normal(size=n)[:, None] * matrix
    if kind == "zero rows":
        matrix[3] = 0.0
    if kind == "full":
        matrix = rng.normal(size=(n, m))
    if kind == "one changed":
        matrix[-1, -1] = np.nextafter(matrix[-1, -1] * (1 + 1e-14), np.inf)
    program, _ = total(matrix, seed, is_recorded, columns)
    with pytest.MonkeyPatch.context() as patch:
        as_before(patch)
        before, _ = total(matrix, seed, is_recorded, columns)
    sizes, old = ([signal.size for signal in p.signals] for p in (program, before))
    rank_one = m == 1 or kind in ("equal", "rank one", "zero rows")
    assert (sizes != old) == (n >= FEWEST_ROWS and rank_one)
    assert is_recorded or sum(sizes) <= sum(old)
    for one, other in zip(rows_of(program, "numpy"), rows_of(before, "numpy"), strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-13 * n)


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((20, 3)),
        np.full((20, 3), np.nan),
        np.ones((20, 0)),
        np.ones((FEWEST_ROWS - 1, 3)),
        np.eye(20),
        np.ones(20),
        None,
        2.0,
    ],
)
def test_other_matrices_have_no_factors(matrix: Any) -> None:
    assert factors(matrix) is None


def test_factors_of_equal_rows_are_ones_and_that_row() -> None:
    row = np.array([0.1, -0.3, 1e-9])
    found = factors(np.tile(row, (9, 1)))
    assert found is not None
    assert np.array_equal(found[0], np.ones(9)) and np.array_equal(found[1], row)


def test_filters_with_a_start_and_inputs_with_an_offset_stay() -> None:
    for start, offset in ((0.5, None), (0.0, np.ones(10)), (np.zeros(10), None)):
        make = ProgramBuilder(0.001)
        u = make.input("u", np.ones(1))
        sent = make.sum("sent", 10, offset)
        make.add_term(sent, Term(Read(u), np.ones((10, 1))))
        late = make.filtered("late", Read(sent), nef.Lowpass(0.01), start)
        make.add_term(make.sum("y", 10), Term(late))
        assert [make.finish().signals[s].size for s in (sent, late.signal)] == [10, 10]


def test_nodes_and_direct_populations_have_all_elements_for_later_probes() -> None:
    net = nef.Network(seed=1)
    u = net.node(np.sin)
    relay = net.node(size_in=10)
    direct = net.ensemble(1, 10, neuron_type=nef.Direct())
    end = net.node(size_in=10)
    for each in (relay, direct):
        net.connect(u, each, transform=np.ones((10, 1)), synapse=None)
        net.connect(each, end, synapse=0.01)
    net.probe(end)
    built = build(net, 0.001, 1)
    for each in (relay, direct):
        assert built.program.signals[built.signals[each]].size == 10
    later = net.probe(relay, attach=False)
    tapped = Taps(built).with_probes([later]).built.program
    assert tapped.size(tapped.records[0].read) == 10


def test_signals_that_may_be_read_later_have_all_elements() -> None:
    for whole, sizes in (((), [1, 1]), ("sent", [10, 1]), ("late", [1, 10])):
        make = ProgramBuilder(0.001)
        u = make.input("u", np.ones(1))
        sent = make.sum("sent", 10)
        make.add_term(sent, Term(Read(u), np.ones((10, 1))))
        late = make.filtered("late", Read(sent), nef.Lowpass(0.01)).signal
        make.add_term(make.sum("y", 10), Term(Read(late, 1)))
        keep = {"sent": [sent], "late": [late]}.get(str(whole), [])
        program = make.finish(keep)
        assert [program.signals[s].size for s in (sent, late)] == sizes
        assert sum(program.width(op) == 1 for op in program.ops if isinstance(op, Filter)) == 1


def test_a_description_counts_the_numbers_of_the_build() -> None:
    whole, outline = (build(inhibited(1), 0.001, 1, outline=o).program for o in (False, True))
    assert [s.size for s in whole.signals] == [s.size for s in outline.signals]
    assert [type(op) for op in whole.ops] == [type(op) for op in outline.ops]


def test_a_saved_state_goes_on(tmp_path: Any) -> None:
    for backend in BACKENDS:
        whole = run(inhibited(), backend)
        with nef.Simulator(inhibited(), backend=backend, progress=False) as sim:
            sim.run(0.1)
            path = sim.save(tmp_path / f"{backend}.npz")
        with nef.Simulator.load(path, inhibited(), progress=False) as sim:
            sim.run(0.1)
            assert np.array_equal(sim.data["spikes 1"], whole["spikes 1"])


def random_network(seed: int) -> nef.Network:
    """Populations with connections of one row to neurons, dimensions and nodes, in loops."""
    rng, net = np.random.default_rng(seed), nef.Network(seed=seed)
    stimulus = net.node(lambda t: [np.sin(15 * t), np.cos(9 * t)])
    kinds = [nef.LIF(), nef.LIF(), nef.LIFRate(), nef.AdaptiveLIF(), nef.SpikingRectifiedLinear()]
    populations = [
        net.ensemble(int(rng.integers(8, 40)), int(rng.integers(1, 3)), neuron_type=kind)
        for kind in rng.choice(np.array(kinds, object), 4)
    ]
    wide = net.node(size_in=10)
    net.connect(wide, populations[0], transform=0.02 * np.ones((populations[0].dimensions, 10)))
    for population in populations:
        net.connect(stimulus[0], population[0])
        net.probe(population.neurons)
    connections = [random_connection(rng, net, populations, wide, stimulus) for _ in range(8)]
    net.probe(connections[rng.integers(len(connections))], synapse=None)
    net.probe(wide, synapse=0.01)
    return net


def random_connection(
    rng: np.random.Generator, net: nef.Network, populations: Any, wide: Any, stimulus: Any
) -> nef.Connection:
    """A connection whose weights are mostly of rank one."""
    pre, post = rng.choice(np.array(populations, object), 2)
    synapses = [nef.Lowpass(0.005), nef.Lowpass(0.02), nef.Alpha(0.01), nef.Box(0.004)]
    synapse, n = synapses[rng.integers(len(synapses))], post.n_neurons
    column = rng.choice([-1.0, 0.5, rng.normal()]) * np.ones((n, 1))
    if rng.random() < 0.3:
        column *= rng.normal(size=column.shape)
    match rng.integers(7):
        case 0:
            return net.connect(pre[0], post.neurons, transform=column, synapse=synapse)
        case 1:
            transform = np.full((10, 1), 0.3)
            return net.connect(pre[0], wide, transform=transform, synapse=synapse)
        case 2:
            return net.connect(stimulus[1], post.neurons, transform=column, synapse=synapse)
        case 3:
            weights = column * rng.normal(0, 1e-4, pre.n_neurons)
            return net.connect(pre.neurons, post.neurons, transform=weights)
        case 4:
            return net.connect(pre[0], post[0], solver=nef.LstsqL2(weights=True))
        case 5:
            half = n // 2
            return net.connect(pre[0], post.neurons[:half], transform=column[:half])
    return net.connect(pre[0], post.neurons, transform=column, delay=0.004)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("backend", BACKENDS)
def test_random_networks_have_the_same_spikes(
    seed: int, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = run(random_network(seed), backend, 0.1)
    size = sum(s.size for s in build(random_network(seed), 0.001, 1).program.signals)
    as_before(monkeypatch)
    whole = run(random_network(seed), backend, 0.1)
    assert size < sum(s.size for s in build(random_network(seed), 0.001, 1).program.signals)
    for name, values in whole.items():
        # Values of rates, and sums in another order; spikes are 0 or whole pulses.
        assert np.allclose(few[name], values, rtol=1e-9, atol=1e-9), name
