"""Fused blocks: groups of operations that the interpreter runs together.

A block contains a population, the sum of its currents, the decoding of its spikes and the filters
of the decoded values.  Signals with a number for each neuron are used within the block only and
stay in the processor's cache.  Other blocks read the decoded values, which are stored for each
step of a chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from graphlib import TopologicalSorter
from types import MappingProxyType

from nefsim._graphs import strong_components
from nefsim.program import Call, Evaluate, Neurons, Play, Program


def fused_blocks(
    program: Program,
    in_python: Collection[int] = (),
    first: Mapping[int, Sequence[int]] = MappingProxyType({}),
) -> list[tuple[int, list[int]]]:
    """The fused blocks of a program.

    Parameters
    ----------
    program : Program
        The program to run.
    in_python : collection of int
        Operations that run in Python.  They are made adjacent where the order allows it, so
        that the compiled operations between them need few calls.
    first : mapping of int to sequence of int
        For some operations, others of their block that come before them in a step.

    Returns
    -------
    list of (int, list of int)
        The level of each block, and its operations in the order of a step.  Lower levels come
        first; blocks of one level are independent of each other.
    """
    ops = program.ops
    writer = program.writer
    before = [[writer[read.signal] for read in op.reads] for op in ops]
    now = [[writer[read.signal] for read in op.reads if read.delay == 0] for op in ops]
    sets = _DisjointSets(len(ops))
    for group in program.groups:
        for i in group.ops[1:]:
            sets.join(group.ops[0], i)
    readers = [0] * len(ops)
    for sources in before:
        for j in sources:
            readers[j] += 1
    calls = {i for i, op in enumerate(ops) if isinstance(op, (Evaluate, Call))}
    calls |= {i for i, op in enumerate(ops) if isinstance(op, Play) and i in in_python}
    for i, op in enumerate(ops):
        if i in calls:
            continue
        for j in now[i]:
            whole = isinstance(ops[j], Neurons) or isinstance(op, Neurons)
            alone = readers[j] == 1 and j not in calls
            if whole or alone:
                sets.join(i, j)
    # Blocks that depend on each other in a circle become one.
    names = sorted({sets.of(i) for i in range(len(ops))})
    block_of = {name: b for b, name in enumerate(names)}
    members: list[list[int]] = [[] for _ in names]
    for i in range(len(ops)):
        members[block_of[sets.of(i)]].append(i)
    reads = {
        b: sorted({block_of[sets.of(j)] for i in group for j in before[i]} - {b})
        for b, group in enumerate(members)
    }
    merged = strong_components(reads)
    component_of = {b: c for c, group in enumerate(merged) for b in group}
    level: dict[int, int] = {}
    for c, component in enumerate(merged):  # in topological order
        needs = {component_of[j] for b in component for j in reads[b]} - {c}
        level[c] = 1 + max((level[other] for other in needs), default=0)
    after = [[*sources, *first.get(i, ())] for i, sources in enumerate(now)]
    return [
        (level[c], _in_order([i for b in merged[c] for i in members[b]], after, in_python))
        for c in sorted(level, key=level.__getitem__)
    ]


class _DisjointSets:
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
    members: Sequence[int], now: Sequence[Sequence[int]], in_python: Collection[int]
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
