"""Similar operations run as one in NumPy, with the spikes that each has alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from models import MODELS, NEURON_TYPES

import nefsim as nef
from nefsim.backends.vectorised import batching
from nefsim.backends.vectorised.batching import Stage, stages
from nefsim.lowering import build
from nefsim.program import Neurons, Program, initial_state, outputs

KINDS = (nef.LIF(), nef.LIF(tau_ref=0.004), nef.AdaptiveLIF(), nef.RegularSpiking())


def chain(net: nef.Network, i: int) -> list[nef.Probe]:
    """A population and a recurrent one that it drives; their sizes differ for each ``i``."""
    kind = KINDS[i % len(KINDS)]
    d = 1 + i % 2
    a = net.ensemble(20 + 5 * i, d, seed=i, neuron_type=kind, max_rates=(150.0, 240.0))
    b = net.ensemble(30, d, seed=100 + i, neuron_type=kind, max_rates=(150.0, 240.0))
    stimulus = net.node(np.sin)
    net.connect(stimulus, a[0], synapse=None if i % 3 else 0.01)
    net.connect(a, b, function=np.square, synapse=0.005)
    net.connect(b, b, synapse=0.1)
    return [net.probe(a.neurons), net.probe(b.neurons), net.probe(b.neurons, "voltage")]


def assert_same(one: Sequence[Any], other: Sequence[Any]) -> None:
    """Equal spikes; voltages up to rounding, as products of one row or many may differ."""
    for i, (a, b) in enumerate(zip(one, other, strict=True)):
        assert a.any()
        if i % 3 < 2:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def plan(net: nef.Network) -> tuple[Program, list[Stage]]:
    program = build(net, 0.001, 1).program
    return program, stages(program, initial_state(program).ops)


def sizes(program: Program, order: Sequence[Stage]) -> list[tuple[int, bool]]:
    """The number of populations in each batch, and whether it is in a loop."""
    return [
        (len(batch), stage.loop)
        for stage in order
        for batch in stage.batches
        if isinstance(program.ops[batch[0]], Neurons)
    ]


@pytest.mark.parametrize("batch_size", [None, 2])
def test_each_of_many_populations_spikes_as_it_does_alone(batch_size: int | None) -> None:
    options: dict[str, Any] = {"backend": "numpy", "batch_size": batch_size}
    crowd = nef.Network(seed=1)
    probes = [chain(crowd, i) for i in range(8)]
    together = nef.Simulator(crowd, **options)
    together.run(0.3)
    assert max(count for count, _ in sizes(*plan(crowd))) >= 2
    for i, watched in enumerate(probes):
        net = nef.Network(seed=1)
        single = chain(net, i)
        alone = nef.Simulator(net, **options)
        alone.run(0.3)
        assert_same(
            [together.data[probe] for probe in watched], [alone.data[probe] for probe in single]
        )


@pytest.mark.parametrize("name", MODELS)
def test_every_operation_occurs_once_and_after_its_inputs(name: str) -> None:
    program, order = plan(MODELS[name](1))
    batches = [batch for stage in order for batch in stage.batches]
    assert sorted(i for batch in batches for i in batch) == list(range(len(program.ops)))
    turn = {i: b for b, batch in enumerate(batches) for i in batch}
    stage_of = {i: s for s, stage in enumerate(order) for batch in stage.batches for i in batch}
    writer = {signal: i for i, op in enumerate(program.ops) for signal in outputs(op)}
    for i, op in enumerate(program.ops):
        for read in op.reads:
            j = writer[read.signal]
            if read.delay == 0:
                assert turn[j] < turn[i]
            assert stage_of[j] < stage_of[i] or (
                stage_of[j] == stage_of[i] and order[stage_of[i]].loop
            )


def long_chain(n: int) -> nef.Network:
    net = nef.Network(seed=1)
    last: Any = net.node(np.sin)
    for _ in range(n):
        after = net.ensemble(30, 1)
        net.connect(last, after, synapse=0.005)
        last = after
    net.probe(last, synapse=0.01)
    return net


def test_a_short_chain_runs_by_chunks_and_a_long_one_by_steps() -> None:
    assert sizes(*plan(long_chain(2))) == [(1, False), (1, False)]
    assert sizes(*plan(long_chain(30))) == [(30, True)]


@pytest.mark.parametrize("n", [2, 30])
def test_both_orders_have_the_spikes_of_the_compiled_back_end(n: int) -> None:
    pytest.importorskip("numba")
    report = nef.crosscheck(long_chain(n), 0.5, backends=("numpy", "numba"))
    assert report.n_spikes > 1000 and report.spikes_differ == 0 and report.agrees


def test_batches_of_any_size_have_equal_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    records = []
    for most in (10**6, 100, 1):
        monkeypatch.setattr(batching, "MOST_NEURONS", most)
        net = nef.Network(seed=1)
        probes = [probe for i in range(8) for probe in chain(net, i)]
        sim = nef.Simulator(net, backend="numpy")
        sim.run(0.2)
        records.append([sim.data[probe] for probe in probes])
    for record in records[1:]:
        assert_same(records[0], record)


def test_a_custom_neuron_type_can_use_its_whole_population() -> None:
    class LoudestOnly(nef.LIFRate):
        def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
            out[...] = np.where(np.max(J) == J, 1.0, 0.0)

    net = nef.Network(seed=1)
    probes = [net.probe(net.ensemble(20, 1, neuron_type=LoudestOnly()).neurons) for _ in range(3)]
    sim = nef.Simulator(net, backend="numpy")
    sim.run(0.01)
    for probe in probes:
        np.testing.assert_array_equal(sim.data[probe].sum(axis=1), 1.0)


@pytest.mark.parametrize("kind", [k for k in NEURON_TYPES if k not in KINDS], ids=repr)
def test_only_populations_without_random_numbers_are_batched(kind: Any) -> None:
    net = nef.Network(seed=1)
    rates = (60.0, 120.0) if isinstance(kind, nef.Izhikevich) else (260.0, 400.0)
    for _ in range(3):
        net.ensemble(10, 1, neuron_type=kind, max_rates=rates)
    draws = isinstance(kind, (nef.PoissonSpiking, nef.StochasticSpiking))
    assert sizes(*plan(net)) == ([(1, False)] * 3 if draws else [(3, False)])


def test_two_terms_with_one_sparse_matrix_are_both_added() -> None:
    import scipy.sparse

    net = nef.Network(seed=1)
    stimulus, out = net.node([1.0, 2.0]), net.node(size_in=2)
    swap = scipy.sparse.csr_array([[0.0, 1.0], [1.0, 0.0]])
    for _ in range(2):
        net.connect(stimulus, out, transform=swap, synapse=None)
    y = net.probe(out)
    sim = nef.Simulator(net, backend="numpy")
    sim.step()
    assert sim.data[y].tolist() == [[4.0, 2.0]]
