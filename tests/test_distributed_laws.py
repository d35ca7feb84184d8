"""Laws of the cost and the balance of processes, by hand from their formulas."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.backends.distributed import balance, cost
from nefsim.backends.distributed.cut import Partial, Port, Share, Whole
from nefsim.backends.distributed.units import Sets
from nefsim.lowering import build
from nefsim.program import Call, Evaluate, Neurons, Read, Signal, Sum, Term, Weigh

# -- work --------------------------------------------------------------------------------------


def program() -> Any:
    """Three neurons that spike (signals 0 and 1), and a sum of two values (signal 2)."""
    net = nef.Network(seed=1)
    net.probe(net.ensemble(3, 1).neurons)
    built = build(net, 0.001, 1).program.ops
    neurons = replace(next(op for op in built if isinstance(op, Neurons)), output=1)
    ops: list[Any] = [SimpleNamespace(neuron=nef.LIFRate()), neurons, Sum(2, ())]
    signals = [Signal("", 3), Signal("", 3), Signal("", 2)]
    writer = {0: 0, 1: 1, 2: 2}
    return SimpleNamespace(ops=ops, signals=signals, writer=writer), neurons


def test_work_is_counted_in_neurons_numbers_products_and_calls() -> None:
    made, neurons = program()
    assert balance.work(made, neurons) == pytest.approx(0.4 * 3)
    call = Call((2,), (), lambda trial: lambda t: 0.0, "f")
    assert balance.work(made, call) == 3000.0
    assert balance.work(made, Evaluate(2, lambda t: [t, t], "t", "f")) == 3000.0
    assert balance.work(made, Evaluate(2, np.sin, "x", "f", Read(2))) == pytest.approx(0.5 * 2)
    assert balance.work(made, Weigh(2, Read(0), np.ones((2, 3)))) == pytest.approx(0.1 * 6)
    empty = np.broadcast_to(0.0, (2, 3))
    assert balance.work(made, Weigh(2, Read(0), empty, is_rest=True)) == 0.0
    assert balance.work(made, Sum(2, (Term(Read(2)), Term(Read(2), np.ones(2))))) == 1.0
    dense, thin = np.ones((2, 3)), scipy.sparse.csr_array([[1.0, 0, 0], [0, 0, 2.0]])
    of_values = Sum(2, (Term(Read(2), np.ones((2, 2))),))
    assert balance.work(made, of_values) == pytest.approx(1.0 + 0.1 * 4)
    # One neuron in ten spikes, and a number of a sparse matrix has an index.
    of_spikes = Sum(2, (Term(Read(1), dense), Term(Read(1), thin)))
    assert balance.work(made, of_spikes) == pytest.approx(1.0 + 0.1 * 0.1 * (6 + 2 * 2))


# -- balance -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("costs", "n", "expected"),
    [
        ([1.0, 1.0, 1.0, 1.0], 2, [0, 0, 1, 1]),
        ([3.0, 1.0, 1.0, 1.0], 2, [0, 1, 1, 1]),
        ([1.0, 1.0, 1.0, 3.0], 2, [0, 0, 0, 1]),
        ([1.0, 1.0, 1.0], 3, [0, 1, 2]),
        ([1.0, 0.0], 2, [1, 1]),
        ([1.0, 1.0, 0.0], 2, [0, 1, 1]),
        ([0.0, 0.0], 2, [0, 0]),
        ([1.0, 1.0], 1, [0, 0]),
    ],
)
def test_the_order_is_cut_where_half_of_an_atom_is_beyond_a_share(
    costs: list[float], n: int, expected: list[int], monkeypatch: Any
) -> None:
    order = [7, 5, 3, 1][: len(costs)]  # atoms; operations 0 and 1 are of the first
    place = [order[0], *order, 99]
    monkeypatch.setattr(balance, "_order", lambda program, units: (place, order))
    monkeypatch.setattr(balance, "work", lambda program, op: op)
    first = costs[0] / 2
    ops: Any = SimpleNamespace(ops=[first, first, *costs[1:], 100.0])
    units: Any = None
    assert balance.assign(ops, units, n) == dict(zip(order, expected, strict=True))


def test_an_atom_that_is_not_chosen_follows_the_one_before(monkeypatch: Any) -> None:
    monkeypatch.setattr(balance, "_order", lambda program, units: ([], [4, 2, 9, 1]))
    empty: Any = SimpleNamespace(ops=[])
    units: Any = None
    assert balance.assign(empty, units, 3, {2: 2, 1: 1}) == {4: 0, 2: 2, 9: 2, 1: 1}
    assert balance.assign(empty, units, 3, {}) == {4: 0, 2: 0, 9: 0, 1: 0}


def test_components_are_parts_that_are_connected_in_any_direction() -> None:
    group = balance._weak_components({5: [], 1: [5], 2: [], 3: [2, 4], 4: [], 6: []})
    assert group[5] == group[1] and group[2] == group[3] == group[4]
    assert len({group[5], group[2], group[6]}) == 3
    # A component that comes first has the smaller number.
    assert group[5] < group[2] < group[6]


def test_nodes_of_a_ring_that_read_each_other_are_close() -> None:
    ring = [3, 7, 0, 5, 1, 6, 2, 4]
    before = {at: [ring[k - 1], 99] for k, at in enumerate(ring)}
    order = balance._banded(sorted(ring), before)
    assert sorted(order) == sorted(ring)
    distance = [abs(order.index(i) - order.index(before[i][0])) for i in ring]
    assert max(distance) == 2  # a ring can be no narrower
    assert balance._banded([4, 1], {4: [1], 1: [4]}) == [4, 1]


def test_sets_are_known_by_their_least_member() -> None:
    sets = Sets(6)
    assert [sets.of(i) for i in range(6)] == [*range(6)]
    sets.join(4, 5)
    sets.join(5, 2)
    sets.join(1, 3)
    assert [sets.of(i) for i in range(6)] == [0, 1, 2, 1, 2, 2]


# -- cost --------------------------------------------------------------------------------------


def test_a_step_takes_the_time_of_the_slowest_process() -> None:
    work, sent = [1.0, 2.0, 0.0], [[0, 8, 0], [0, 0, 4], [0, 0, 0]]
    # Process 1 receives 8 bytes and sends 4, in two messages.
    assert cost.step_seconds(work, sent, None, bandwidth=4.0) == 2.0 + 12 / 4
    assert cost.step_seconds(work, sent, None, latency=1e9, bandwidth=4.0) == 2.0 + 12 / 4
    slow = cost.step_seconds(work, sent, 2, latency=3.0, bandwidth=4.0)
    assert slow == pytest.approx(2.0 + 3.0 + (3.7e-6 + 2 * 3.0) / 2, rel=1e-15)
    idle = cost.step_seconds([5.0, 0.0], [[0, 1], [0, 0]], 1, latency=0.0, bandwidth=1.0)
    assert idle == pytest.approx(5.0 + 1.0 + 3.7e-6, rel=1e-15)
    # A message takes 0.9 us and a byte 0.06 ns.
    usual = cost.step_seconds([0.0, 0.0], [[0, 1000], [0, 0]], 1)
    assert usual == pytest.approx(3.7e-6 + 0.9e-6 + 1000 / 18e9, rel=1e-12)
    assert cost.step_seconds([], np.zeros((0, 0)), 1) == 0.0


def test_work_and_traffic_are_those_of_each_process(monkeypatch: Any) -> None:
    """Parts of sums are not counted, nor values of the process itself or of sources."""
    shares = {
        0: Share({Whole(0, 0), Whole(2, 1), Partial(1, 0)}, {Port(1, 3, 1), Port(-1, 4, 0)}),
        1: Share({Whole(1, 0)}, {Port(0, 2, 1), Port(0, 3, 1), Port(1, 3, 2)}),
    }
    cut: Any = SimpleNamespace(shares=shares, program=SimpleNamespace(ops=[10.0, 20.0, 40.0]))
    monkeypatch.setattr(cost, "work", lambda program, op: op)
    monkeypatch.setattr(cost, "size_of", lambda cut, value: value)
    np.testing.assert_allclose(cost.seconds_of_work(cut, 2), [50e-9, 20e-9], rtol=1e-15)
    np.testing.assert_array_equal(cost.traffic(cut, 2), [[0, 8 * (2 + 3)], [8 * 3, 0]])
