"""Currents of several inputs as products with one vector, on the compiled back end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

import nefsim as nef
from nefsim.backends.compiled import opcodes, plans
from nefsim.backends.compiled.currents import encoded
from nefsim.backends.compiled.emit import sums
from nefsim.backends.compiled.plans import MOST_NUMBERS
from nefsim.backends.compiled.table import Table
from nefsim.lowering import build
from nefsim.program import Neurons, Program, Sum


def inhibited(n_targets: int = 40, n: int = 50, neurons: Any = None) -> nef.Network:
    """Populations in one and two dimensions, inhibited by several others."""
    net = nef.Network(seed=3)
    stimulus = net.node(lambda t: np.sin(20 * t), label="stimulus")
    gates = [net.ensemble(30, 1, label=f"gate {k}") for k in range(3)]
    for gate in gates:
        net.connect(stimulus, gate)
    neurons = nef.LIF() if neurons is None else neurons
    for i in range(n_targets):
        target = net.ensemble(n, 1 + i % 2, label=f"target {i}", neuron_type=neurons)
        net.connect(stimulus, target[0])
        for k, gate in enumerate(gates[: i % 4]):
            net.connect(gate, target.neurons, transform=np.full((n, 1), -0.3 - k))
        net.connect(target[0], gates[i % 3], transform=0.02)
        if i < 4:
            net.probe(target.neurons, label=f"spikes {i}")
    net.probe(gates[0], synapse=0.01, label="gate")
    return net


def currents(program: Program) -> list[Sum]:
    """The sums that populations read."""
    ops = [op for op in program.ops if isinstance(op, Neurons)]
    found = [program.ops[program.writer[op.current]] for op in ops]
    return [op for op in found if isinstance(op, Sum)]


def run(backend: str, net: nef.Network, **options: Any) -> dict[str, Any]:
    with nef.Simulator(net, backend=backend, progress=False, **options) as sim:
        sim.run(0.2)
        return {probe.label: sim.data[probe] for probe in sim.probes if probe.label}


def test_multiples_of_a_column_are_one_column() -> None:
    program = build(inhibited(), 0.001, 1).program
    before, after = currents(program), currents(encoded(program))
    n_before = {len(op.terms) for op in before}
    assert n_before == {1, 2, 3, 4} and {len(op.terms) for op in after} == {1}
    dimensions = [1, 1, 1] + [1 + i % 2 for i in range(40)]
    for op, other, d, gates in zip(
        after, before, dimensions, [0, 0, 0, *(i % 4 for i in range(40))], strict=True
    ):
        (term,) = op.terms
        assert np.shape(term.matrix) == (program.width(other), d + (gates > 0))
        assert op.offset is other.offset


def test_the_vector_of_inputs_has_the_currents_of_all_terms() -> None:
    program = build(inhibited(), 0.001, 1).program
    new = encoded(program)
    assert new.signals[: len(program.signals)] == program.signals
    assert {i for group in new.groups for i in group.ops} == {*range(len(new.ops))}
    rng = np.random.default_rng(1)
    values = [rng.normal(size=signal.size) for signal in program.signals]

    def product(op: Sum, inputs: Any) -> Any:
        total = np.zeros(new.width(op))
        for term in op.terms:
            x = inputs[term.read.signal]
            x = x if term.read.columns is None else x[term.read.columns]
            y = x if term.matrix is None else term.matrix @ x if np.ndim(term.matrix) else 0
            y = term.matrix * x if term.matrix is not None and np.ndim(term.matrix) == 0 else y
            total[slice(None) if term.rows is None else term.rows] += y
        return total

    for before, after in zip(currents(program), currents(new), strict=True):
        x = after.terms[0].read.signal
        inputs = values if x < len(values) else {x: product(new.ops[new.writer[x]], values)}
        expected = product(before, values)
        np.testing.assert_allclose(product(after, inputs), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "neurons", [nef.LIF(), nef.LIF(amplitude=0.5), nef.SpikingRectifiedLinear(), nef.AdaptiveLIF()]
)
def test_spikes_are_those_of_numpy(neurons: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = inhibited(neurons=neurons)
    seen: list[bool] = []

    def counted(program: Program) -> Program:
        new = encoded(program)
        seen.append(new is not program)
        return new

    monkeypatch.setattr(plans, "encoded", counted)
    one, other = run("numba", net), run("numpy", net)
    # NumPy does not merge; neurons of type AdaptiveLIF do not compute their currents.
    assert seen == [type(neurons) is not nef.AdaptiveLIF]
    for label in other:
        if label.startswith("spikes"):
            np.testing.assert_array_equal(one[label] > 0, other[label] > 0)
            assert label == "spikes 0" or (one[label] > 0).any()
        np.testing.assert_allclose(one[label], other[label], rtol=1e-9, atol=1e-9)


def test_batches_and_float32_run_too() -> None:
    net = inhibited(n_targets=30)
    batch = run("numba", net, batch_size=2)
    np.testing.assert_array_equal(batch["gate"][0], run("numba", net)["gate"])
    single = run("numba", net, dtype="float32")
    assert np.abs(single["gate"] - batch["gate"][0]).max() < 0.2  # a spike may move by a step


def test_a_recorded_current_stays_a_sum() -> None:
    net = inhibited(n_targets=4)
    target = next(e for e in net.ensembles if e.label == "target 3")
    net.probe(target.neurons, "input", label="currents")
    program = build(net, 0.001, 1).program
    recorded = {record.read.signal for record in program.records}
    kept = [op for op in currents(encoded(program)) if op.output in recorded]
    assert len(kept) == 1 and len(kept[0].terms) == 4


def test_small_programs_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(program: Program) -> Program:
        raise AssertionError

    monkeypatch.setattr(plans, "encoded", refuse)
    net = inhibited(n_targets=2, n=20)
    assert sum(s.size for s in build(net, 0.001, 1).program.signals) < MOST_NUMBERS
    run("numba", net)


def test_few_numbers_from_several_places_are_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vector of inputs has the bits of a row for each term."""
    monkeypatch.setattr(plans, "MOST_NUMBERS", 0)
    net = inhibited(12)
    kinds = [kinds_of(net)]
    together = run("numba", net)
    monkeypatch.setattr(sums, "_is_few", lambda table, term: False)
    kinds.append(kinds_of(net))
    apart = run("numba", net)
    assert {label: values.tobytes() for label, values in together.items()} == {
        label: values.tobytes() for label, values in apart.items()
    }
    assert kinds[0].count(opcodes.COLLECT) > 5 and opcodes.COLLECT not in kinds[1]
    assert len(kinds[0]) < len(kinds[1])


def kinds_of(net: nef.Network) -> list[int]:
    """The opcodes of the rows of a network."""
    found: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        original = Table.arrays

        def arrays(table: Table, batch: int) -> Any:
            made = original(table, batch)
            found.extend(made[0][:, opcodes.KIND].tolist())
            return made

        patch.setattr(Table, "arrays", arrays)
        nef.Simulator(net, backend="numba", progress=False)
    return found
