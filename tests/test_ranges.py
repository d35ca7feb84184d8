"""Sums of several populations in ranges, and sums that nobody reads, on the compiled back end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

import nefsim as nef
from nefsim import networks
from nefsim.backends.compiled import cores, plans, ranges
from nefsim.backends.compiled.plan import Plan, make_plan
from nefsim.lowering import build
from nefsim.program import Neurons, Program, Sum


def products(recurrent: bool = False, neurons: Any = None) -> nef.Network:
    """A convolution in many populations; nobody reads the values that its squares represent."""
    net = nef.Network(seed=2)
    both = networks.circular_convolution(net, 30, 6)
    for i, target in enumerate((both.a, both.b)):
        net.connect(net.node(lambda t, i=i: np.full(6, 0.3 + 0.1 * i)), target, synapse=None)
    if neurons is not None:
        array = networks.ensemble_array(net, 20, 5, neuron_type=neurons)
        net.connect(both.output, array.input, transform=np.eye(5, 6))
        net.probe(array.output, synapse=0.01, label="array")
    if recurrent:
        net.connect(both.output, both.a, transform=0.3, synapse=0.01)
    net.probe(both.output, synapse=0.01, label="product")
    return net


def plan_of(net: nef.Network, **options: Any) -> tuple[Program, Plan]:
    program = build(net, 0.001, 1).program
    spiking = {op.output for op in program.ops if isinstance(op, Neurons)}
    return program, make_plan(ranges.without_unread(program), 1, spiking, **options)


def run(net: nef.Network, backend: str = "numba", **options: Any) -> dict[str, Any]:
    with nef.Simulator(net, backend=backend, progress=False, **options) as sim:
        sim.run_steps(150)
        sim.run_steps(57)
        return {probe.label: sim.data[probe] for probe in sim.probes}


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("neurons", [nef.LIF(), nef.Sigmoid(), nef.SpikingRectifiedLinear()])
@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"batch_size": 2}])
def test_ranges_change_no_bit(
    recurrent: bool, neurons: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = products(recurrent, neurons)
    with monkeypatch.context() as patch:
        patch.setattr(plans, "MOST_NUMBERS", 0)
        patch.setattr(cores, "MIN_WORK_FOR_THREADS", 1)
        parted = run(net, **options)
    whole = run(net, **options)
    assert {label: values.tobytes() for label, values in parted.items()} == {
        label: values.tobytes() for label, values in whole.items()
    }


def test_populations_of_an_array_are_units_of_their_own() -> None:
    for recurrent in (False, True):
        program, parted = plan_of(products(recurrent), ranges=True)
        _, whole = plan_of(products(recurrent))

        def largest(plan: Plan) -> int:
            """Most populations that one core has to run."""
            units = [unit for block in plan.blocks for phase in block.phases for unit in phase]
            return max(sum(isinstance(plan.program.ops[i], Neurons) for i in u) for u in units)

        n = sum(isinstance(op, Neurons) for op in program.ops)
        assert largest(parted) == 1 and largest(whole) > n // 3


def test_ranges_have_each_element_once_and_the_terms_of_the_sum() -> None:
    program, plan = plan_of(products(), ranges=True)
    assert plan.parts.joined
    for i in plan.parts.joined:
        op, old = plan.program.ops[i], program.ops[i]
        assert isinstance(op, Sum) and isinstance(old, Sum) and op.output == old.output
        ends = [(term.rows.start, term.rows.stop) for term in op.terms]
        assert [start for start, _ in ends] == [0, *(stop for _, stop in ends[:-1])]
        assert ends[-1][1] == program.width(old)
        parts = [plan.program.ops[plan.program.writer[term.read.signal]] for term in op.terms]
        assert sum(len(part.terms) for part in parts) == len(old.terms)
        for (start, _), part in zip(ends, parts, strict=True):
            assert plan.parts.whole[part.output] == (op.output, start)


def test_sums_that_nobody_reads_are_empty_and_so_are_their_sources() -> None:
    program = build(products(), 0.001, 1).program
    left = ranges.without_unread(program)
    recorded = {record.read.signal for record in program.records}
    emptied = 0
    for op, old in zip(left.ops, program.ops, strict=True):
        if isinstance(old, Sum) and old.terms and not op.terms:
            emptied += 1
            assert old.output not in recorded and not left.n_readers[old.output]
        else:
            assert op is old
    assert emptied
    assert ranges.without_unread(left) is left


def test_a_sum_with_a_gap_or_across_populations_is_not_parted() -> None:
    net = nef.Network(seed=1)
    array = [net.ensemble(20, 1) for _ in range(3)]
    gap, all_of = net.node(size_in=4), net.node(size_in=1)
    for i, ensemble in enumerate(array):
        net.connect(ensemble, gap[i], synapse=None)
        net.connect(ensemble, all_of, synapse=None)
    for node in (gap, all_of):
        net.probe(node)
    _, plan = plan_of(net, ranges=True)
    assert not plan.parts.joined


@pytest.mark.parametrize("third", ["node", "filter", "population"])
def test_a_range_that_copies_a_value_is_computed(third: str) -> None:
    net = nef.Network(seed=1)
    a, b, c = net.ensemble(60, 1), net.ensemble(60, 1), net.ensemble(80, 3)
    out = net.node(size_in=3)
    net.connect(a, out[0], synapse=None)
    net.connect(b, out[1], synapse=None)
    wave = net.node(lambda t: 0.7 * np.cos(9 * t))
    if third == "population":
        net.connect(c[0], out[2], synapse=0.01)
    else:
        net.connect(wave, out[2], synapse=0.002 if third == "filter" else None)
    net.connect(out, c, synapse=0.005)
    net.connect(c[:2], a, transform=[[1.0, 0.3]], synapse=0.01)
    net.connect(c[2], b, synapse=0.01)
    learned = net.connect(c, net.ensemble(20, 3), learning_rule=nef.PES(1e-4))
    net.connect(c, learned.learning_rule)
    net.probe(c, synapse=0.01)
    assert nef.crosscheck(net, 0.05, backends=("numpy", "numba")).agrees
