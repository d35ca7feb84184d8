"""The order of operators in Nengo's step, of all of them or of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nengo.builder import Model
from nengo.builder.operator import Operator
from nengo.builder.probe import SimProbe
from nengo.builder.signal import Signal
from nengo.utils.graphs import toposort
from nengo.utils.simulator import operator_dependency_graph

from nefsim.nengo.signals import Memory


def step_order(model: Model) -> list[Operator]:
    """All operators in the order of Nengo's step, without its optimizer."""
    order = toposort(operator_dependency_graph(model.operators))
    return [op for op in order if not isinstance(op, SimProbe)]


def order_of(model: Model, members: set[Operator]) -> list[Operator]:
    """Some operators in the order of Nengo's step.

    Nengo's order is first in, first out: an operator is next in line when the last operator has
    run that it depends on.  So operators on which no member depends, directly or not, change
    nothing in the order of the members.  The order also depends on which signals are used
    first, so the first users of their signals are sorted with them.
    """
    memory = Memory(model.operators)
    needed = _needed(memory, members)
    known = needed | _first_users(model.operators, needed)
    graph = operator_dependency_graph([op for op in model.operators if op in known])
    return [op for op in toposort(graph) if op in members]


def _needed(memory: Memory, members: Iterable[Operator]) -> set[Operator]:
    """Operators that may have to run before the members in a step, and the members."""
    needed, todo = set(members), list(members)
    while todo:
        for op in _before(memory, todo.pop()):
            if op not in needed:
                needed.add(op)
                todo.append(op)
    return needed


def _before(memory: Memory, op: Operator) -> Iterator[Operator]:
    """The operators that use the blocks of an operator before it does, and perhaps others."""
    for signal in op.incs:
        yield from (other for other, _ in memory.sets.get(signal.base, ()))
    for signal in (*op.reads, *op.updates):
        for uses in (memory.sets, memory.incs):
            yield from (other for other, _ in uses.get(signal.base, ()))
    for signal in op.updates:
        yield from (other for other, _ in memory.reads.get(signal.base, ()))


def _first_users(operators: Iterable[Operator], some: Iterable[Operator]) -> set[Operator]:
    """The first of all operators that adds to or reads each signal of some operators.

    A signal is updated by one operator at most.
    """
    wanted: set[tuple[str, Signal]] = {use for op in some for use in _uses(op)}
    first: set[Operator] = set()
    for op in operators:
        found = [use for use in _uses(op) if use in wanted]
        if found:
            first.add(op)
            wanted.difference_update(found)
    return first


def _uses(op: Operator) -> Iterator[tuple[str, Signal]]:
    for role in ("incs", "reads"):
        for signal in getattr(op, role):
            yield role, signal
