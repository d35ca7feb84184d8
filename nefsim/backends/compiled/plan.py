"""How a program is compiled: which operations run together, and which signals need rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import accumulators, copies, fused_currents, is_compiled
from nefsim.backends.compiled.fusion import fused_blocks
from nefsim.backends.compiled.tiling import tile
from nefsim.backends.engine import chunk_length
from nefsim.program import Op, Program, Read, Sum, Weigh, outputs

#: Longest chunk [steps]: long enough that the work in Python for each chunk does not count.
LONGEST_CHUNK = 10_000

#: Most numbers that a chunk handles: Ctrl-C and progress wait for its end, about 0.1 s.
MOST_WORK = 200_000_000


@dataclass(frozen=True, eq=False)
class Plan:
    """What is decided about a program before a table is made of it.

    Attributes
    ----------
    blocks : sequence of (int, sequence of int)
        Fused blocks of operations in the order of a step, each with its level; blocks of one
        level do not need one another.
    materialized : frozenset of int
        Signals that have a row for each step of a chunk; others have one row.
    analytic : frozenset of int
        Spikes of populations that take the exact LIF step without a logarithm.
    tiled : frozenset of int
        Operations that take a tile of steps before the next has its turn.
    length : int
        Steps of a chunk.
    copies : mapping of int to Read
        Signals that repeat another.
    fused_currents : mapping of int to int
        Currents that an LIF population computes itself, with the place of the population.
    accumulators : mapping of int to int
        Currents that are added to the memory of inverse leaky neurons, with their place.
    """

    blocks: Sequence[tuple[int, Sequence[int]]]
    materialized: frozenset[int]
    analytic: frozenset[int]
    tiled: frozenset[int]
    length: int
    copies: Mapping[int, Read]
    fused_currents: Mapping[int, int]
    accumulators: Mapping[int, int]


def make_plan(program: Program, batch: int, analytic: set[int], dtype: Any = np.float64) -> Plan:
    """The plan of a program.

    Parameters
    ----------
    program : Program
        The operations.
    batch : int
        Number of trials.
    analytic : set of int
        Spikes of populations that take the exact LIF step without a logarithm.
    dtype : dtype
        Precision of the run.
    """
    in_python = {i for i, op in enumerate(program.ops) if not is_compiled(program, op)}
    blocks = fused_blocks(program, in_python)
    groups = [group for _, group in blocks]
    materialized = _materialized(program, groups, in_python)
    tiled, handed_on = tile(program, groups, analytic, materialized)
    materialized |= handed_on
    width = sum(program.signals[i].size for i in materialized) * batch
    work = sum(_work(op) for op in program.ops) * batch
    length = min(chunk_length(width, LONGEST_CHUNK), max(1, MOST_WORK // max(work, 1)))
    # In float32 the spikes of a step are added up and rounded once, not with each of them.
    single = np.dtype(dtype) == np.float32
    return Plan(
        blocks,
        frozenset(materialized),
        frozenset(analytic),
        frozenset(tiled),
        length,
        copies(program, materialized),
        fused_currents(program, analytic, materialized),
        {} if single else accumulators(program, materialized),
    )


def _work(op: Op) -> int:
    """About how many numbers an operation handles in a step."""
    if isinstance(op, Weigh):
        return 2 * op.initial.size
    if not isinstance(op, Sum):
        return 0
    matrices = [term.matrix for term in op.terms if np.ndim(term.matrix)]
    return sum(m.nnz if hasattr(m, "tocsr") else m.size for m in matrices)


def _materialized(
    program: Program, groups: Sequence[Sequence[int]], in_python: set[int]
) -> set[int]:
    """Signals that other blocks, probes, Python or a later step read."""
    home = {i: b for b, group in enumerate(groups) for i in group}
    found = {record.read.signal for record in program.records}
    for i, op in enumerate(program.ops):
        if i in in_python:
            found.update((*outputs(op), *(read.signal for read in op.reads)))
        for read in op.reads:
            if read.delay or home[i] != home[program.writer[read.signal]]:
                found.add(read.signal)
    return found
