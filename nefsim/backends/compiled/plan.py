"""The plan of a compiled program: its fused blocks, tiled operations and stored signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import (
    accumulators,
    copies,
    decoded_terms,
    fused_currents,
    is_compiled,
)
from nefsim.backends.compiled.driving import Drive, find_drives, order, silent, single_rows
from nefsim.backends.compiled.fusion import fused_blocks
from nefsim.backends.compiled.tiling import tile
from nefsim.backends.engine import can_fail, chunk_length
from nefsim.backends.reports import learned_in_place
from nefsim.program import Learn, Op, Program, Read, Sum, Term, Weigh, outputs

#: Longest chunk [steps]: long enough that the time in Python for each chunk is negligible.
LONGEST_COMPILED_CHUNK = 10_000

#: Most operations on numbers in a chunk, about 0.1 s: Ctrl-C and progress wait for its end.
MOST_WORK = 200_000_000

#: Fewest steps of a chunk before which learned weights are copied, so that the time of the copy
#: is a few per cent of that of the steps.
FEWEST_STEPS_OF_A_COPY = 50


@dataclass(frozen=True, eq=False)
class Plan:
    """Decisions on how to run a program, from which its instruction table is made.

    Attributes
    ----------
    blocks : sequence of (int, sequence of int)
        Fused blocks of operations in the order of a step, each with its level; blocks of one
        level are independent of each other.
    materialized : frozenset of int
        Signals that are stored for each step of a chunk; others are stored for one step.
    analytic : frozenset of int
        Spike outputs of LIF populations that are stepped exactly, without a logarithm.
    tiled : frozenset of int
        Operations that run a tile of steps before the next operation runs.
    length : int
        Number of steps of a chunk.
    copies : mapping of int to Read
        Signals that repeat another signal, mapped to the ``Read`` that replaces them.
    fused_currents : mapping of int to int
        Currents that an LIF population computes within its step, mapped to its operation.
    accumulators : mapping of int to int
        Currents that are added to the potential of :class:`nefsim.InverseLIF` neurons, mapped
        to the operation of these neurons.
    in_place : tuple of int
        Operations whose weights are not copied before each chunk.
    decoded : mapping of int to sequence of Term
        Terms of sums that a population computes within its step, by its operation.
    drives : mapping of int to tuple of Drive
        For populations, by operation, the inputs from sparse weights and lowpass filters that
        are updated with the step of the neurons; see :mod:`.driving`.
    single_rows : frozenset of int
        Signals that are stored once, and are not cleared from one step to the next.
    silent : frozenset of int
        Spike outputs whose values are not read, but only the indices of the neurons that fired.
    """

    blocks: Sequence[tuple[int, Sequence[int]]]
    materialized: frozenset[int]
    analytic: frozenset[int]
    tiled: frozenset[int]
    length: int
    copies: Mapping[int, Read]
    fused_currents: Mapping[int, int]
    accumulators: Mapping[int, int]
    in_place: tuple[int, ...]
    decoded: Mapping[int, Sequence[Term]]
    drives: Mapping[int, tuple[Drive, ...]]
    single_rows: frozenset[int]
    silent: frozenset[int]

    @cached_property
    def driven_terms(self) -> frozenset[int]:
        """The identities of the terms of all drives."""
        return frozenset(id(drive.term) for each in self.drives.values() for drive in each)

    @cached_property
    def drive_of(self) -> dict[int, Drive]:
        """The drive to which an operation belongs, other than a population."""
        drives = [drive for each in self.drives.values() for drive in each]
        return {i: drive for drive in drives for i in drive.ops if i != drive.population}


def make_plan(program: Program, batch: int, analytic: set[int], dtype: Any = np.float64) -> Plan:
    """Decide how to run a program.

    Parameters
    ----------
    program : Program
        The program to run.
    batch : int
        Number of trials.
    analytic : set of int
        Spike outputs of LIF populations that are stepped exactly, without a logarithm.
    dtype : dtype
        Precision of the run.

    Returns
    -------
    Plan
    """
    in_python = {i for i, op in enumerate(program.ops) if not is_compiled(program, op)}
    blocks = fused_blocks(program, in_python)
    groups = [group for _, group in blocks]
    materialized = _materialized(program, groups, in_python)
    drives = find_drives(program, groups, analytic, materialized)
    if drives:
        blocks = fused_blocks(program, in_python, order(drives))
        groups = [group for _, group in blocks]
    one_row = single_rows(program, drives)
    materialized -= one_row
    together = [
        (*drive.ops, program.writer[current])
        for i, each in drives.items()
        for drive in each
        for current in [program.ops[i].reads[0].signal]
    ]
    in_place = _in_place(program, blocks, batch, in_python)
    # A chunk that is repeated takes the products with these weights from their rows.
    materialized.update(outputs(program.ops[i])[0] for i in in_place if not _is_rest(program, i))
    tiled, carried = tile(program, groups, analytic, materialized, together)
    materialized |= carried
    width = sum(program.signals[i].size for i in materialized) * batch
    work = sum(_work(op) for op in program.ops) * batch
    fewest = 1
    if any(isinstance(op, Learn) and _index(program, op) not in in_place for op in program.ops):
        fewest = FEWEST_STEPS_OF_A_COPY
    length = min(
        chunk_length(width, LONGEST_COMPILED_CHUNK), max(fewest, MOST_WORK // max(work, 1))
    )
    # In float32 the spikes of a step are summed first, so that the memory is rounded only once.
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
        in_place,
        decoded_terms(program),
        drives,
        frozenset(one_row),
        frozenset(silent(program, drives, materialized)),
    )


def _in_place(
    program: Program, blocks: Sequence[tuple[int, Sequence[int]]], batch: int, in_python: set[int]
) -> tuple[int, ...]:
    """Operations whose weights need no copy; blocks with Python come first in their level."""
    order = sorted(blocks, key=lambda block: (block[0], in_python.isdisjoint(block[1])))
    failing = [i for i, op in enumerate(program.ops) if can_fail(op) and not isinstance(op, Learn)]
    return learned_in_place(program, [ops for _, ops in order], batch, failing)


def _index(program: Program, op: Learn) -> int:
    return program.writer[op.learned.output]


def _is_rest(program: Program, index: int) -> bool:
    op = program.ops[index]
    return isinstance(op, Weigh) and op.is_rest


def _work(op: Op) -> int:
    """Approximate number of multiplications of an operation in a step."""
    if isinstance(op, Weigh):
        if op.is_rest:  # the weights of the neurons that fire
            return 0 if op.is_empty else op.initial.size // 8
        return 2 * op.initial.size
    if not isinstance(op, Sum):
        return 0
    matrices = [term.matrix for term in op.terms if np.ndim(term.matrix)]
    return sum(m.nnz if hasattr(m, "tocsr") else m.size for m in matrices)


def _materialized(
    program: Program, groups: Sequence[Sequence[int]], in_python: set[int]
) -> set[int]:
    """Signals that other blocks, probes, Python functions or a later step read."""
    block_of = {i: b for b, group in enumerate(groups) for i in group}
    signals = {record.read.signal for record in program.records}
    for i, op in enumerate(program.ops):
        if i in in_python:
            signals.update((*outputs(op), *(read.signal for read in op.reads)))
        for read in op.reads:
            writer = program.writer[read.signal]
            source = program.ops[writer]
            is_held = isinstance(source, Sum) and source.is_input  # the same in all steps
            if read.delay or (block_of[i] != block_of[writer] and not is_held):
                signals.add(read.signal)
    return signals
