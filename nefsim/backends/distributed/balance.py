"""Assign the units of a program to processes, with equal work and few values to exchange."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nefsim._graphs import strong_components
from nefsim.backends.distributed.units import Units
from nefsim.network.functions import is_elementwise
from nefsim.program import Call, Evaluate, Neurons, Op, Program, Sum, Weigh, outputs

#: Time of a neuron, of any other number, of a product, and of a call of Python [ns], compiled, on
#: a core with AVX-512.  Only their ratios matter here.
NEURON, NUMBER, PRODUCT, CALL = 0.4, 0.5, 0.1, 3000.0

#: Share of the neurons that spike in a step: only their decoders are added.
SPIKING = 0.1


def work(program: Program, op: Op) -> float:
    """Approximate time of an operation in a step [ns]."""
    size = sum(program.signals[signal].size for signal in outputs(op))
    if isinstance(op, Neurons):
        return NEURON * size
    if isinstance(op, Call) or (isinstance(op, Evaluate) and not is_elementwise(op.function)):
        return CALL
    if isinstance(op, Weigh):
        return 0.0 if op.is_empty else PRODUCT * op.initial.size
    total = NUMBER * size
    for term in op.terms if isinstance(op, Sum) else ():
        if np.ndim(term.matrix) == 2:
            writer = program.ops[program.writer[term.read.signal]]
            share = SPIKING if isinstance(writer, Neurons) and writer.neuron.spiking else 1.0
            total += PRODUCT * share * _size(term.matrix)
    return total


def _size(matrix: Any) -> int:
    return int(2 * matrix.nnz if hasattr(matrix, "tocsr") else matrix.size)


def equal_parts(work: Sequence[float], n: int) -> list[list[int]]:
    """Divide numbered tasks into ``n`` parts of about equal work; the largest come first."""
    parts: list[list[int]] = [[] for _ in range(n)]
    loads = [(0.0, k) for k in range(n)]
    for i in sorted(range(len(work)), key=lambda i: -work[i]):
        load, k = heapq.heappop(loads)
        parts[k].append(i)
        heapq.heappush(loads, (load + work[i], k))
    return [sorted(part) for part in parts]


def assign(
    program: Program, units: Units, n: int, fixed: Mapping[int, int] | None = None
) -> dict[int, int]:
    """The process of each atom.

    Atoms are put in an order in which loops are together and each part of the network comes after
    the parts that it reads; this order is cut into ``n`` pieces of about equal work.  So processes
    that need not wait for one another in a circle do not.

    Parameters
    ----------
    program : Program
        The program.
    units : Units
        Its units.
    n : int
        Number of processes.
    fixed : mapping of int to int, optional
        Processes of atoms that a user has chosen; an atom that is left out follows the atom
        before it in the order.

    Returns
    -------
    dict of int to int
    """
    place, order = _order(program, units)
    cost = dict.fromkeys(order, 0.0)
    for i, op in enumerate(program.ops):
        at = place[i]
        if at in cost:
            cost[at] += work(program, op)
    chosen: dict[int, int] = {}
    total, done, last = sum(cost.values()) or 1.0, 0.0, 0
    for atom in order:
        if fixed is None:
            chosen[atom] = min(int(n * (done + cost[atom] / 2) / total), n - 1)
            done += cost[atom]
        else:
            last = chosen[atom] = fixed.get(atom, last)
    return chosen


def _order(program: Program, units: Units) -> tuple[list[int], list[int]]:
    """A place for each operation, an atom or a node of its own, and the atoms in order."""
    ops, writer = program.ops, program.writer
    n = len(ops)
    place = [units.atom.get(i, n + i) for i in range(n)]
    for i in units.order:  # passing operations that follow one atom belong to it
        before = {place[j] for j in units.before[i]}
        if i not in units.atom and len(before) == 1 and min(before) < n:
            place[i] = min(before)
    before_of: dict[int, list[int]] = {at: [] for at in dict.fromkeys(place)}
    starts = {i for i, op in enumerate(ops) if i in units.sources or not op.reads}
    for i, op in enumerate(ops):
        for read in op.reads:
            j = writer[read.signal]
            # A function of time or a constant that many read does not join them.
            if place[j] != place[i] and (j not in starts or j in units.atom):
                before_of[place[i]].append(place[j])
    group = _weak_components(before_of)
    found = [_banded(part, before_of) for part in strong_components(before_of)]
    found.sort(key=lambda part: group[part[0]])  # stable: in one component the order stays
    atoms = {*units.atom.values()}
    return place, [at for part in found for at in part if at in atoms]


def _weak_components(before: Mapping[int, list[int]]) -> dict[int, int]:
    """The number of the connected component of each node."""
    near: dict[int, list[int]] = {i: list(those) for i, those in before.items()}
    for i, those in before.items():
        for j in those:
            near[j].append(i)
    group: dict[int, int] = {}
    for number, start in enumerate(near):
        waiting = [start] if start not in group else []
        while waiting:
            i = waiting.pop()
            if i not in group:
                group[i] = number
                waiting += near[i]
    return group


def _banded(part: list[int], before: Mapping[int, list[int]]) -> list[int]:
    """The nodes of a loop, with those that read each other close together."""
    if len(part) < 3:
        return part
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    number = {at: k for k, at in enumerate(part)}
    pairs = [(number[i], number[j]) for i in part for j in before[i] if j in number]
    rows, columns = np.array(pairs).T
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(part),) * 2)
    order = reverse_cuthill_mckee(csr_array(graph + graph.T), symmetric_mode=True)
    return [part[k] for k in order]
