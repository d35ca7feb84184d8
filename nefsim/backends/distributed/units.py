"""Operations that must stay on one process, and those that any process may repeat.

*Units* are operations with large or private memory: populations, learned weights and their rules,
Python functions.  *Passing* operations, sums and filters, carry values between units; they are
cheap, and several processes may compute the same one.  *Sources* depend on time alone; one process
computes them for a whole chunk and sends their values to all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim.network.functions import is_elementwise
from nefsim.program import Call, Evaluate, Filter, Learn, Op, Play, Program, Sum, Weigh


class Sets:
    """Disjoint sets of numbers that are joined one by one."""

    def __init__(self, n: int) -> None:
        self._above = list(range(n))

    def of(self, i: int) -> int:
        """The member that stands for the set of ``i``."""
        above = self._above
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make the sets of two members one."""
        i, j = self.of(i), self.of(j)
        self._above[max(i, j)] = min(i, j)


@dataclass(frozen=True)
class Units:
    """The operations of a program by their role.

    Attributes
    ----------
    atom : dict of int to int
        For each unit, by index, a number that is equal for all units that must stay together.
    sources : frozenset of int
        Operations whose values one process computes ahead and sends to all others.
    before : tuple of tuple of int
        For each operation those that write what it reads without delay.
    order : tuple of int
        All operations, each after those that it reads without delay.
    """

    atom: dict[int, int]
    sources: frozenset[int]
    before: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]


def is_passing(op: Op) -> bool:
    """Whether several processes may compute an operation, each for its readers.

    Filters with an initial value are not, as they cannot start a step late.
    """
    if isinstance(op, Filter):
        return not np.any(op.start)
    if isinstance(op, Evaluate):
        return op.input is None and op.after is None and is_elementwise(op.function)
    return isinstance(op, Sum)


def find_units(program: Program) -> Units:
    """The units of a program, and which of them must stay together.

    Units stay together if one reads the other without delay, also through passing operations.
    Learned weights stay with the neurons whose spikes they multiply, and with those that they
    reach.  Python functions that nodes share variables through are one unit.
    """
    ops, writer = program.ops, program.writer
    now = tuple(tuple(writer[r.signal] for r in op.reads if not r.delay) for op in ops)
    order = tuple(i for group in program.groups for i in group.ops)
    sources = _functions_of_time(ops, now)
    plays = [i for i, op in enumerate(ops) if isinstance(op, Play)]
    unit = {i for i, op in enumerate(ops) if not is_passing(op)} - sources - {*plays}
    readers = _readers(now)
    sets = _joined(program, unit, now, order)
    for i in plays:
        atoms = {sets.of(j) for j in _reached(i, readers, unit)}
        if len(atoms) > 1:
            sources |= {i}
        else:
            unit.add(i)
            for j in atoms:
                sets.join(i, j)
    return Units({i: sets.of(i) for i in unit}, frozenset(sources), now, order)


def _functions_of_time(ops: Iterable[Op], now: tuple[tuple[int, ...], ...]) -> frozenset[int]:
    """Python functions of time, if all functions that may share variables are such functions."""
    functions = {
        i
        for i, op in enumerate(ops)
        if (isinstance(op, Call) and op.shared)
        or (isinstance(op, Evaluate) and op.form != "x" and not is_elementwise(op.function))
    }
    return (
        frozenset(functions)
        if all(functions.issuperset(now[i]) for i in functions)
        else frozenset()
    )


def _readers(now: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    readers: list[list[int]] = [[] for _ in now]
    for i, before in enumerate(now):
        for j in before:
            readers[j].append(i)
    return readers


def _reached(start: int, readers: list[list[int]], unit: set[int]) -> set[int]:
    """Units that read an operation without delay, also through passing operations."""
    found, seen, waiting = set[int](), {start}, [start]
    while waiting:
        for i in readers[waiting.pop()]:
            if i in unit:
                found.add(i)
            elif i not in seen:
                seen.add(i)
                waiting.append(i)
    return found


def _joined(
    program: Program,
    unit: set[int],
    now: tuple[tuple[int, ...], ...],
    order: tuple[int, ...],
) -> Sets:
    """Sets of operations that must stay together."""
    ops, writer = program.ops, program.writer
    readers = _readers(now)
    reaches, follows = set[int](), set[int]()  # passing operations before and after units
    for i in reversed(order):
        if i not in unit and any(j in unit or j in reaches for j in readers[i]):
            reaches.add(i)
    sets = Sets(len(ops))
    for i in order:
        before = [j for j in now[i] if j in unit or j in follows]
        if i not in unit and before:
            follows.add(i)
        if i in unit or i in reaches:
            for j in before:
                sets.join(i, j)
    for i, op in enumerate(ops):
        if isinstance(op, Learn):
            weigh = writer[op.learned.output]
            sets.join(i, weigh)
            for j in _posts(program, weigh, readers, unit):
                sets.join(i, j)
        elif isinstance(op, Weigh) and op.rest is not None:
            sets.join(i, writer[op.rest])
    return sets


def _posts(program: Program, weigh: int, readers: list[list[int]], unit: set[int]) -> set[int]:
    """Units that learned weights reach, directly or through filters of their connection."""
    later: dict[int, list[int]] = {}
    for i, op in enumerate(program.ops):
        for read in op.reads:
            if read.delay:
                later.setdefault(program.writer[read.signal], []).append(i)
    found = _reached(weigh, readers, unit)
    passing, waiting = {weigh}, [weigh]
    while waiting:
        for i in readers[waiting.pop()]:
            if i not in unit and i not in passing:
                passing.add(i)
                waiting.append(i)
    for i in passing:
        for j in later.get(i, ()):
            found |= {j} if j in unit else _reached(j, readers, unit)
    return found


def atoms_of(program: Program, units: Units, process: Mapping[int, int]) -> dict[int, int]:
    """The process of each atom, from the processes that a user has chosen for signals.

    Raises
    ------
    ValueError
        If signals that must stay together have different processes.
    """
    found: dict[int, int] = {}
    names: dict[int, str] = {}
    for signal, k in process.items():
        atom = units.atom.get(program.writer[signal])
        if atom is None:
            continue
        name = program.signals[signal].name
        if found.setdefault(atom, k) != k:
            got = f"{names[atom]} on {found[atom]} and {name} on {k}"
            do = "put them on one process, or connect them through a synapse"
            must = "keep on one process what is connected without a synapse, or by learned weights"
            check.fail("Simulator", "partition", must, got, do)
        names.setdefault(atom, name)
    return found
