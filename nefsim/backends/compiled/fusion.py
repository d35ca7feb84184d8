"""Fused blocks: groups of operations that the interpreter runs together.

A block contains a population, the sum of its currents, the decoding of its spikes and the filters
of the decoded values.  Signals with a number for each neuron are used within the block only and
stay in the processor's cache.  Other blocks read the decoded values, which are stored for each
step of a chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from graphlib import TopologicalSorter
from types import MappingProxyType

from nefsim._graphs import strong_components
from nefsim.program import Call, Evaluate, Neurons, Play, Program


@dataclass(frozen=True, eq=False)
class Block:
    """Operations that the interpreter runs together.

    Attributes
    ----------
    level : int
        Blocks of one level are independent of each other, and read lower levels only.
    ops : sequence of int
        The operations in the order of a step.
    sources : frozenset of int
        Indices of the blocks that this one reads.
    phases : sequence of (sequence of (sequence of int))
        The same operations in the same order, as units; the units of a phase are independent of
        each other within a step.  Operations in Python are phases of one unit.
    """

    level: int
    ops: Sequence[int]
    sources: frozenset[int]
    phases: Sequence[Sequence[Sequence[int]]]


def fused_blocks(
    program: Program,
    in_python: Set[int] = frozenset(),
    partial: Set[int] = frozenset(),
    gathers: Set[int] = frozenset(),
    first: Mapping[int, Sequence[int]] = MappingProxyType({}),
    joined: Set[int] = frozenset(),
) -> list[Block]:
    """Group the operations of a program in fused blocks.

    Parameters
    ----------
    program : Program
        The program to run.
    in_python : set of int
        Indices of operations that run in Python.  They become neighbours where the order
        allows it, so that few calls run the compiled operations between them.
    partial, gathers : set of int
        Operations that decode the spikes of a part of a population, and those that read all parts
        (:mod:`.split`).  They do not join the parts to one unit, nor to one block
        where there is no loop.
    first : mapping of int to sequence of int
        For some operations, others of their block that come before them in a step.
    joined : set of int
        Operations that only gather what is in place, so that they have no work.

    Returns
    -------
    list of Block
        Lower levels come first.
    """
    graph = _Graph(program, in_python, partial, gathers, first, joined)
    sets = graph.units()
    for group in program.groups:
        for i in group.ops[1:]:
            sets.join(group.ops[0], i)
    merged, reads = _merged(sets, range(len(program.ops)), graph.before)
    units = graph.units()
    level: list[int] = []
    for needs in reads:  # in topological order
        level.append(1 + max((level[other] for other in needs), default=0))
    order = sorted(range(len(merged)), key=level.__getitem__)
    place = {c: p for p, c in enumerate(order)}
    blocks = []
    for c in order:
        phases = graph.phases(units, merged[c])
        ops = [i for phase in phases for unit in phase for i in unit]
        blocks.append(Block(level[c], ops, frozenset(place[r] for r in reads[c]), phases))
    return blocks


class _Graph:
    """The operations that each operation reads, and those that belong together."""

    def __init__(
        self,
        program: Program,
        in_python: Set[int],
        partial: Set[int],
        gathers: Set[int],
        first: Mapping[int, Sequence[int]],
        joined: Set[int],
    ) -> None:
        self._ops, self._in_python = program.ops, in_python
        self._partial, self._gathers, self._joined = partial, gathers, joined
        writer = program.writer
        self.before = [[writer[read.signal] for read in op.reads] for op in self._ops]
        self._now = [
            [writer[read.signal] for read in op.reads if read.delay == 0] for op in self._ops
        ]
        #: Those that come before each operation in a step.
        self._after = [[*now, *first.get(i, ())] for i, now in enumerate(self._now)]
        self._early = {j for some in first.values() for j in some}
        self._readers = [0] * len(self._ops)
        for sources in self.before:
            for j in sources:
                self._readers[j] += 1

    def units(self) -> DisjointSets:
        """Operations that belong together: a population and its neighbours, and single readers."""
        sets, ops = DisjointSets(len(self._ops)), self._ops
        calls = {i for i, op in enumerate(ops) if isinstance(op, (Evaluate, Call))}
        calls |= {i for i in self._in_python if isinstance(ops[i], Play)}
        for i, op in enumerate(ops):
            if i in calls or i in self._gathers:
                continue
            for j in self._now[i]:
                if j in self._partial:
                    continue
                whole = isinstance(ops[j], Neurons) or isinstance(op, Neurons)
                alone = self._readers[j] == 1 and j not in calls
                if whole or alone:
                    sets.join(i, j)
        return sets

    def phases(self, sets: DisjointSets, members: Sequence[int]) -> list[list[list[int]]]:
        """The units of a block by phases; an operation that runs in Python is a phase of its own.

        Units that Python would need both before and after it are taken apart.
        """
        units, reads = _merged(sets, members, self._after)
        python = self._python(units)
        if apart := [i for u in python if len(units[u]) > 1 for i in units[u]]:
            sets = DisjointSets(len(self._ops))
            for unit in units:
                for i in unit[1:] if self._in_python.isdisjoint(unit) else ():
                    sets.join(unit[0], i)
            self._join_in_trees(sets, apart)
            units, reads = _merged(sets, members, self._after)
            python = self._python(units)
        free = {u for u, unit in enumerate(units) if self._joined >= {*unit}}
        phases: dict[tuple[int, int, int], list[list[int]]] = {}
        for unit, place in zip(units, _places(reads, python, free), strict=True):
            phases.setdefault(place, []).append(_in_order(unit, self._after, ()))
        return [phases[place] for place in sorted(phases)]

    def _python(self, units: Sequence[Sequence[int]]) -> set[int]:
        """The units with operations that run in Python."""
        return {u for u, unit in enumerate(units) if not self._in_python.isdisjoint(unit)}

    def _join_in_trees(self, sets: DisjointSets, members: Collection[int]) -> None:
        """Join operations in so far as no way from one unit leads back to it within a step.

        Such a way would be one through a function in Python, whose output would come too late.
        Sums of one population join it; each other operation joins its only reader.
        """
        free = [i for i in members if i not in self._in_python]
        of_one = {
            i: self._after[i][0]
            for i in free
            if len({*self._after[i]}) == 1 and isinstance(self._ops[self._after[i][0]], Neurons)
            if self._after[i][0] not in self._in_python
        }
        others = self._in_python | of_one.keys() | self._early
        for i in free:
            if i in of_one:
                sets.join(i, of_one[i])
                continue
            for j in self._now[i]:
                if self._readers[j] == 1 and j not in others:
                    sets.join(i, j)


def _places(
    reads: Sequence[Collection[int]], python: Set[int], free: Set[int] = frozenset()
) -> list[tuple[int, int, int]]:
    """The phase of each unit: after how many groups of calls, 1 for a call, and its level.

    Units that run in Python are called one by one, in groups that have compiled units between
    them.  Others run after as few calls as possible, and between two of them as late as possible,
    so that most are in one phase.  Those that are ``free`` have no work.
    """
    order = _in_order(range(len(reads)), reads, python) if python else range(len(reads))
    places: dict[int, tuple[int, int, int]] = {}
    last: dict[int, int] = {}  # level of each stage
    n_groups, called = 0, False
    for position, u in enumerate(order):
        before = [places[other] for other in reads[u]]
        if u in python:
            places[u] = n_groups, 1, position
        else:
            n_groups += called
            stage = max((group + is_call for group, is_call, _ in before), default=0)
            levels = [level for group, is_call, level in before if (group, is_call) == (stage, 0)]
            level = max(levels) + (u not in free) if levels else 0
            places[u] = stage, 0, level
            last[stage] = max(last.get(stage, 0), level)
        called = u in python
    latest = {u: last[stage] for u, (stage, is_call, _) in places.items() if not is_call}
    for u in reversed(order):
        if u in python:
            continue
        places[u] = places[u][0], 0, latest[u]
        for other in reads[u]:
            if places[other][:2] == places[u][:2]:
                latest[other] = min(latest[other], latest[u] - (u not in free))
    return [places[u] for u in range(len(reads))]


def _merged(
    sets: DisjointSets, members: Sequence[int], before: Sequence[Sequence[int]]
) -> tuple[list[list[int]], list[set[int]]]:
    """Sets of operations, in topological order; those that depend on each other become one.

    Also, for each, the others that it reads.
    """
    inside: dict[int, list[int]] = {}
    for i in members:
        inside.setdefault(sets.of(i), []).append(i)
    reads = {
        name: sorted({sets.of(j) for i in some for j in before[i] if sets.of(j) in inside} - {name})
        for name, some in sorted(inside.items())
    }
    merged = strong_components(reads)
    component_of = {name: c for c, names in enumerate(merged) for name in names}
    needs = [
        {component_of[j] for name in names for j in reads[name]} - {c}
        for c, names in enumerate(merged)
    ]
    return [[i for name in names for i in inside[name]] for names in merged], needs


class DisjointSets:
    """Disjoint sets of numbers (union-find)."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def of(self, i: int) -> int:
        """The representative of the set of ``i``."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Merge the sets of two numbers."""
        self._parent[self.of(i)] = self.of(j)


def _in_order(
    members: Sequence[int],
    now: Sequence[Collection[int]] | Mapping[int, Collection[int]],
    in_python: Collection[int],
) -> list[int]:
    inside = set(members)
    sorter = TopologicalSorter({i: [j for j in now[i] if j in inside] for i in members})
    if inside.isdisjoint(in_python):
        return list(sorter.static_order())
    # All ready operations of one kind, compiled or Python, come before those of the other.
    sorter.prepare()
    order: list[int] = []
    waiting: tuple[list[int], list[int]] = [], []
    python = True
    while sorter.is_active():
        for i in sorter.get_ready():
            waiting[i in in_python].append(i)
        python = python if waiting[python] else not python
        sorter.done(*waiting[python])
        order += waiting[python]
        waiting[python].clear()
    return order
