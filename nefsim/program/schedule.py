"""Order the operations of a step, and find those that can run many steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import pairwise
from typing import cast

from nefsim import _checks as check
from nefsim._graphs import strong_components
from nefsim.network.functions import is_elementwise
from nefsim.program.operations import (
    Call,
    Evaluate,
    Group,
    Learn,
    Op,
    Read,
    Signal,
    outputs,
    writers,
)


def in_turn(ops: Sequence[Op]) -> tuple[Op, ...]:
    """The operations, with a fixed order for calls of Python functions of nodes.

    Functions are called in the order of ``ops``, except that a function is called after those
    whose output it reads in the same step.
    """
    opaque = {i for i, op in enumerate(ops) if isinstance(op, Evaluate) and _is_opaque(op)}
    if len(opaque) < 2:
        return tuple(ops)
    writer = writers(ops)
    now = {i: [writer[r.signal] for r in op.reads if not r.delay] for i, op in enumerate(ops)}
    sorter, turn, waiting = TopologicalSorter(now), list[int](), list[int]()
    try:
        sorter.prepare()
    except CycleError:  # schedule() raises an error with the names
        return tuple(ops)
    while sorter.is_active():
        ready = sorter.get_ready()
        for i in opaque.intersection(ready):
            heappush(waiting, i)
        sorter.done(*(i for i in ready if i not in opaque))
        if not ready:
            turn.append(heappop(waiting))
            sorter.done(turn[-1])
    changed = list(ops)
    for before, i in pairwise(turn):
        op = cast(Evaluate, ops[i])
        changed[i] = replace(op, after=Read(outputs(ops[before])[0]))
    return tuple(changed)


def schedule(ops: Sequence[Op], signals: Sequence[Signal]) -> tuple[Group, ...]:
    """Groups of operations in the order of a step: one for each loop, and one for each other.

    Python functions of nodes may share variables.  Two or more of them are therefore one group,
    in which each is called once before the next step.

    Raises
    ------
    ValueError
        If operations form a loop within one step.
    """
    writer = writers(ops)
    now: dict[int, list[int]] = {i: [] for i in range(len(ops))}
    ever: dict[int, list[int]] = {i: [] for i in range(len(ops))}
    for i, op in enumerate(ops):
        for read in op.reads:
            ever[i].append(writer[read.signal])
            if read.delay == 0:
                now[i].append(writer[read.signal])
        if isinstance(op, Learn):  # the changed weights are used in the next step
            ever[writer[op.learned.output]].append(i)
    opaque = [i for i, op in enumerate(ops) if _is_opaque(op)]
    if len(opaque) > 1:
        for i, j in zip(opaque, opaque[1:] + opaque[:1], strict=True):
            ever[i].append(j)
    members = strong_components(ever)
    return tuple(_group(group, ever, now, ops, signals) for group in members)


def _is_opaque(op: Op) -> bool:
    """Whether an operation calls a Python function of a node, which may have any effect."""
    if isinstance(op, Call):
        return op.shared
    return isinstance(op, Evaluate) and op.form != "x" and not is_elementwise(op.function)


def _group(
    members: list[int],
    ever: dict[int, list[int]],
    now: dict[int, list[int]],
    ops: Sequence[Op],
    signals: Sequence[Signal],
) -> Group:
    if len(members) == 1 and members[0] not in now[members[0]]:
        return Group((members[0],), loop=members[0] in ever[members[0]])
    group = set(members)
    sorter = TopologicalSorter({i: [j for j in now[i] if j in group] for i in members})
    try:
        order = tuple(sorter.static_order())
    except CycleError as error:
        cycle = cast(list[int], error.args[1])
        names = " <- ".join(signals[outputs(ops[i])[0]].name for i in cycle)
        do = "give one of these connections a synapse"
        check.fail("Simulator", "network", "have a synapse in each loop", names, do)
    return Group(order, loop=True)
