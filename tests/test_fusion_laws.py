"""Laws of fused blocks: sets that are joined, orders of operations, levels and phases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import fusion
from nefsim.backends.compiled.fusion import DisjointSets, fused_blocks
from nefsim.lowering import build
from nefsim.program import Evaluate, Filter, Group, Neurons, Program, Read, Signal, Sum, Term

LOWPASS = np.array([0.1]), np.array([1.0, -0.9])


def population() -> Neurons:
    net = nef.Network(seed=1)
    net.ensemble(2, 1)
    ops = build(net, 0.001, 1).program.ops
    return next(op for op in ops if isinstance(op, Neurons))


def add(output: int, *reads: Read) -> Sum:
    return Sum(output, tuple(Term(read) for read in reads))


def program(*ops: Any, loops: Any = ()) -> Program:
    """Operations that write the signals of their numbers; ``loops`` are groups of them."""
    grouped = {i for loop in loops for i in loop}
    groups = [Group(tuple(loop), True) for loop in loops]
    groups += [Group((i,), False) for i in range(len(ops)) if i not in grouped]
    return Program(0.001, tuple(Signal("", 2) for _ in ops), ops, tuple(groups), ())


def blocks(*ops: Any, loops: Any = (), **options: Any) -> Any:
    found = fused_blocks(program(*ops, loops=loops), **options)
    return [(b.level, sorted(b.ops), {*b.sources}) for b in found]


def test_joined_sets_have_one_representative() -> None:
    sets = DisjointSets(5)
    assert [sets.of(i) for i in range(5)] == [*range(5)]
    sets.join(0, 1)
    sets.join(3, 4)
    sets.join(1, 4)
    assert len({sets.of(i) for i in (0, 1, 3, 4)}) == 1 and sets.of(2) == 2


def test_single_readers_are_fused_and_shared_sources_are_apart() -> None:
    chain = add(0), add(1, Read(0)), add(2, Read(1))
    assert blocks(*chain) == [(1, [0, 1, 2], set())]
    shared = add(0), add(1, Read(0)), add(2, Read(0))
    assert blocks(*shared) == [(1, [0], set()), (2, [1], {0}), (2, [2], {0})]
    # A delayed read joins nothing, but it comes from a lower level.
    delayed = add(0), add(1, Read(0, 1))
    assert blocks(*delayed) == [(1, [0], set()), (2, [1], {0})]
    loop = add(0, Read(1, 1)), add(1, Read(0))
    assert blocks(*loop, loops=[(0, 1)]) == [(1, [0, 1], set())]


def test_a_population_is_fused_with_all_that_it_reads_and_that_read_it() -> None:
    neurons = replace(population(), output=1, current=0)
    ops = add(0), neurons, add(2, Read(1)), add(3, Read(1)), Filter(4, 2, LOWPASS)
    assert blocks(*ops) == [(1, [0, 1, 2, 3, 4], set())]
    # Decoders of a part do not join it to the sum over all parts.
    parts = add(0), neurons, add(2, Read(1)), add(3, Read(2))
    assert blocks(*parts, partial={2}) == [(1, [0, 1, 2], set()), (2, [3], {0})]
    assert blocks(*parts, gathers={2}) == [(1, [0, 1], set()), (2, [2, 3], {0})]


def test_functions_are_blocks_of_their_own() -> None:
    call = Evaluate(1, lambda x: x, "x", "f", Read(0))
    ops = add(0), call, add(2, Read(1))
    found = blocks(*ops, in_python={1})
    assert found == [(1, [0], set()), (2, [1], {0}), (3, [2], {1})]


def test_blocks_of_lower_levels_come_first() -> None:
    ops = add(0, Read(3, 1)), add(1), add(2, Read(1)), add(3, Read(1)), add(4, Read(3), Read(0))
    found = blocks(*ops)
    assert [level for level, *_ in found] == sorted(level for level, *_ in found)
    place = {i: b for b, (_, members, _) in enumerate(found) for i in members}
    for i, op in enumerate(ops):
        for read in op.reads:
            source = place[read.signal]
            if source != place[i]:
                assert source in found[place[i]][2] and found[source][0] < found[place[i]][0]


def phases(*ops: Any, **options: Any) -> list[list[list[int]]]:
    """The units of each phase of a loop."""
    (block,) = fused_blocks(program(*ops, loops=[range(len(ops))]), **options)
    assert [i for phase in block.phases for unit in phase for i in unit] == [*block.ops]
    return [sorted(sorted(unit) for unit in phase) for phase in block.phases]


def test_units_of_a_loop_are_in_phases() -> None:
    # A sum that a single one reads is a unit with it, after those that it reads in this step.
    ops = add(0, Read(1, 1)), add(1, Read(0)), add(2, Read(0)), add(3, Read(1), Read(2))
    assert phases(*ops) == [[[0]], [[1]], [[2, 3]]]
    apart = add(0, Read(1, 1), Read(2, 1)), add(1, Read(0)), add(2, Read(0))
    assert phases(*apart) == [[[0]], [[1], [2]]]
    # An operation in Python is a phase.
    assert phases(*ops, in_python={2}) == [[[0]], [[1]], [[2]], [[3]]]


def test_units_that_python_would_need_before_and_after_are_taken_apart() -> None:
    # Spikes 1 are decoded by 2, which Python 3 reads, and by 4, which waits for Python.
    ops = (
        *(add(0, Read(5, 1)), Neurons(1, 0, nef.LIF(), {}, None), add(2, Read(1))),
        *(add(3, Read(2)), add(4, Read(1), Read(3)), add(5, Read(4))),
    )
    assert phases(*ops) == [[[0, 1, 2, 3, 4, 5]]]
    assert phases(*ops, in_python={3}) == [[[0, 1, 2]], [[3]], [[4, 5]]]


def test_an_order_keeps_python_and_compiled_operations_together() -> None:
    now: list[list[int]] = [[], [], [], [], [0, 1], [2, 3]]
    members = range(6)
    order = fusion._in_order(members, now, {1, 3, 5})
    assert order == [1, 3, 0, 2, 4, 5]
    plain = fusion._in_order(members, now, ())
    assert sorted(plain) == [*members]
    for i, before in enumerate(now):
        assert all(plain.index(j) < plain.index(i) for j in before)
    # Operations outside of the members do not count.
    assert fusion._in_order([4, 5], now, ()) in ([4, 5], [5, 4])


def test_an_operation_can_come_before_one_that_does_not_read_it() -> None:
    ops = add(0, Read(1, 1)), add(1, Read(0, 1))
    for first, second in ((0, 1), (1, 0)):
        (block,) = fused_blocks(program(*ops, loops=[(0, 1)]), first={second: [first]})
        assert [*block.ops] == [first, second] and block.phases == [[[first]], [[second]]]
