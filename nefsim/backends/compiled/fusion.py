"""Which operations belong together when steps are compiled.

A population, the currents that it alone receives, the decoding of its spikes and the
filters of what is decoded form one block: what is as large as the population never leaves
it, and only what is decoded is handed on, step by step for a whole chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from graphlib import TopologicalSorter

from nefsim._graphs import strong_components
from nefsim.program import Call, Evaluate, Neurons, Play, Program


def fused_blocks(program: Program, in_python: Collection[int] = ()) -> list[tuple[int, list[int]]]:
    """Operations in blocks, in the order of a step within each.

    Each block comes with its level, and lower levels come first; blocks of one level do not
    need one another.  Operations ``in_python`` stand side by side where they can, so that few
    compiled stretches lie between them.
    """
    ops = program.ops
    writer = program.writer
    before = [[writer[read.signal] for read in op.reads] for op in ops]
    now = [[writer[read.signal] for read in op.reads if read.delay == 0] for op in ops]
    together = _Together(len(ops))
    for group in program.groups:
        for i in group.ops[1:]:
            together.join(group.ops[0], i)
    readers = [0] * len(ops)
    for sources in before:
        for j in sources:
            readers[j] += 1
    for i, op in enumerate(ops):
        if isinstance(op, (Evaluate, Play, Call)):
            continue
        for j in now[i]:
            whole = isinstance(ops[j], Neurons) or isinstance(op, Neurons)
            alone = readers[j] == 1 and not isinstance(ops[j], (Evaluate, Play, Call))
            if whole or alone:
                together.join(i, j)
    # Blocks that have grown into one another's way become one.
    names = sorted({together.of(i) for i in range(len(ops))})
    place = {name: b for b, name in enumerate(names)}
    members: list[list[int]] = [[] for _ in names]
    for i in range(len(ops)):
        members[place[together.of(i)]].append(i)
    reads = {
        b: sorted({place[together.of(j)] for i in group for j in before[i]} - {b})
        for b, group in enumerate(members)
    }
    merged = strong_components(reads)
    home = {b: c for c, group in enumerate(merged) for b in group}
    level: dict[int, int] = {}
    for c, some in enumerate(merged):  # each after all that it needs
        needs = {home[j] for b in some for j in reads[b]} - {c}
        level[c] = 1 + max((level[other] for other in needs), default=0)
    return [
        (level[c], _in_order([i for b in merged[c] for i in members[b]], now, in_python))
        for c in sorted(level, key=level.__getitem__)
    ]


class _Together:
    """Disjoint sets of numbers."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def of(self, i: int) -> int:
        """The number that stands for the set of ``i``."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make one set of two."""
        self._parent[self.of(i)] = self.of(j)


def _in_order(
    members: Sequence[int], now: Sequence[Sequence[int]], in_python: Collection[int]
) -> list[int]:
    inside = set(members)
    sorter = TopologicalSorter({i: [j for j in now[i] if j in inside] for i in members})
    if inside.isdisjoint(in_python):
        return list(sorter.static_order())
    # What can be done of one kind is done before the other kind has its turn.
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
