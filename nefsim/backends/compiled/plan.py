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
from nefsim.backends.compiled.fusion import Block, fused_blocks
from nefsim.backends.compiled.opcodes import LINE
from nefsim.backends.compiled.ranges import in_ranges
from nefsim.backends.compiled.split import Split, split
from nefsim.backends.compiled.tiling import VALUES, spike_form, tile
from nefsim.backends.engine import can_fail
from nefsim.backends.reports import learned_in_place
from nefsim.neurons import LIF
from nefsim.program import Learn, Neurons, Op, Program, Read, Sum, Term, Weigh, outputs

#: Longest chunk [steps]: long enough that the time in Python for each chunk is negligible.
LONGEST_COMPILED_CHUNK = 10_000

#: Most numbers in the rows of a chunk, which then stay in the cache; or, if that is more, for each
#: neuron, whose numbers do not stay in the cache either and are read once for each chunk.
ROWS_IN_CACHE, ROWS_OF_NEURON = 500_000, 4

#: Fewest neurons of which a state of two numbers leaves the cache, so that one is faster.
NEURONS_OF_COMPACT_STATES = 200_000

#: Most multiplications in a chunk, about 0.1 s: Ctrl-C and progress wait for its end.
MOST_WORK = 4_000_000_000

#: Numbers of a matrix that stays in the cache; one of a larger or a sparse matrix, or of weights
#: that learn, and a neuron other than LIF, takes as long as so many multiplications.
CACHED, SLOW = 2_000_000, 32

#: Fewest steps of a chunk before which learned weights are copied, so that the time of the copy
#: is a few per cent of that of the steps.
FEWEST_STEPS_OF_A_COPY = 50


@dataclass(frozen=True, eq=False)
class Plan:
    """Decisions on how to run a program, from which its instruction table is made.

    Attributes
    ----------
    program : Program
        The operations, with large populations split (:mod:`.split`).
    parts : Split
        The parts of these populations.
    blocks : sequence of Block
        Fused blocks of operations.
    materialized : frozenset of int
        Signals that are stored for each step of a chunk; others are stored for one step.
    analytic : frozenset of int
        Spike outputs of LIF populations that are stepped exactly, without a logarithm.
    tiled : frozenset of int
        Operations that run a tile of steps before the next operation runs.
    length : int
        Number of steps of a chunk.
    compacts : bool
        Whether the state of LIF neurons is one number between the first and last step of a call.
    bits_only : frozenset of int
        Spike outputs that are read as one bit for each neuron; their values are not written.
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
    listed, listed_without_bits : frozenset of int
        Spike outputs that the population itself lists, as other units read the list: in any case,
        and if it writes no spike bits.
    """

    program: Program
    parts: Split
    blocks: Sequence[Block]
    materialized: frozenset[int]
    analytic: frozenset[int]
    tiled: frozenset[int]
    length: int
    compacts: bool
    bits_only: frozenset[int]
    copies: Mapping[int, Read]
    fused_currents: Mapping[int, int]
    accumulators: Mapping[int, int]
    in_place: tuple[int, ...]
    decoded: Mapping[int, Sequence[Term]]
    drives: Mapping[int, tuple[Drive, ...]]
    single_rows: frozenset[int]
    silent: frozenset[int]
    listed: frozenset[int]
    listed_without_bits: frozenset[int]

    @cached_property
    def driven_terms(self) -> frozenset[int]:
        """The identities of the terms of all drives."""
        return frozenset(id(drive.term) for each in self.drives.values() for drive in each)

    @cached_property
    def drive_of(self) -> dict[int, Drive]:
        """The drive to which an operation belongs, other than a population."""
        drives = [drive for each in self.drives.values() for drive in each]
        return {i: drive for drive in drives for i in drive.ops if i != drive.population}


def make_plan(
    original: Program,
    batch: int,
    analytic: set[int],
    dtype: Any = np.float64,
    ranges: bool = False,
) -> Plan:
    """Decide how to run a program.

    Parameters
    ----------
    original : Program
        The program to run.
    batch : int
        Number of trials.
    analytic : set of int
        Spike outputs of LIF populations that are stepped exactly, without a logarithm.
    dtype : dtype
        Precision of the run.
    ranges : bool
        Whether sums of several populations are parted (:mod:`.ranges`).

    Returns
    -------
    Plan
    """
    parts = split(original, analytic)
    parts = in_ranges(parts) if ranges else parts
    program, analytic = parts.program, analytic | parts.spikes
    in_python = {i for i, op in enumerate(program.ops) if not is_compiled(program, op)}
    sets = in_python, parts.partial, parts.gathers
    blocks = fused_blocks(program, *sets, joined=parts.joined)
    groups = [block.ops for block in blocks]
    materialized = _materialized(program, groups, in_python)
    materialized = _with_parts(parts, materialized)
    drives = find_drives(program, groups, analytic, materialized)
    if drives:
        blocks = fused_blocks(program, *sets, order(drives), parts.joined)
        groups = [block.ops for block in blocks]
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
    materialized = _with_parts(parts, materialized | carried)
    own = materialized.difference(parts.whole)
    width = sum(program.signals[i].size for i in own) * batch
    neurons = [op for op in original.ops if isinstance(op, Neurons)]
    n_neurons = sum(map(original.width, neurons)) * batch
    n_slow = sum(original.width(op) for op in neurons if type(op.neuron) is not LIF) * batch
    work = sum(_work(op) for op in program.ops) * batch + n_neurons + SLOW * n_slow
    fewest = 1
    if any(isinstance(op, Learn) and _index(program, op) not in in_place for op in program.ops):
        fewest = FEWEST_STEPS_OF_A_COPY
    few_rows = max(max(ROWS_IN_CACHE, ROWS_OF_NEURON * n_neurons) // max(width, 1), 1)
    length = min(LONGEST_COMPILED_CHUNK, few_rows, max(fewest, MOST_WORK // max(work, 1)))
    # In float32 the spikes of a step are summed first, so that the memory is rounded only once.
    single = np.dtype(dtype) == np.float32
    return Plan(
        program,
        parts,
        blocks,
        frozenset(materialized),
        frozenset(analytic),
        frozenset(tiled),
        length,
        n_neurons >= NEURONS_OF_COMPACT_STATES,
        frozenset(_bits_only(program, analytic, materialized)),
        copies(program, materialized),
        fused_currents(program, analytic, materialized),
        {} if single else accumulators(program, materialized),
        in_place,
        decoded_terms(program),
        drives,
        frozenset(one_row),
        frozenset(silent(program, drives, materialized)),
        *_listed(program, blocks),
    )


def _listed(program: Program, blocks: Sequence[Block]) -> tuple[frozenset[int], frozenset[int]]:
    """Spike outputs whose indices are read in other units than that of the population.

    First those that are read by their indices in any case, then those that are so only if they have
    no spike bits: of products with few outputs.
    """
    units = [unit for block in blocks for phase in block.phases for unit in phase]
    unit_of = {i: u for u, unit in enumerate(units) for i in unit}
    decoded = {id(term) for terms in decoded_terms(program).values() for term in terms}
    always: set[int] = set()
    without_bits: set[int] = set()
    for i, op in enumerate(program.ops):
        for term in op.terms if isinstance(op, Sum) else ():
            signal = term.read.signal
            writer = program.writer[signal]
            if unit_of[writer] == unit_of[i] or not isinstance(program.ops[writer], Neurons):
                continue
            if hasattr(term.matrix, "tocsr") or np.shape(term.matrix)[:1] >= (LINE,):
                always.add(signal)
            elif np.ndim(term.matrix) == 2 and id(term) not in decoded:
                without_bits.add(signal)
    return frozenset(always), frozenset(without_bits)


def _with_parts(parts: Split, materialized: set[int]) -> set[int]:
    """Signals with a row for each step: all parts of a signal, or none."""
    ranges = {whole for part, (whole, _) in parts.whole.items() if part in materialized}
    stored = materialized | (ranges & parts.complete)
    return stored | {part for part, (whole, _) in parts.whole.items() if whole in stored}


def _bits_only(program: Program, analytic: set[int], materialized: set[int]) -> set[int]:
    """Spike outputs that no operation and no probe reads by their values."""
    values = set(materialized)
    for op in program.ops:
        if isinstance(op, Sum):
            values.update(t.read.signal for t in op.terms if spike_form(t, analytic) == VALUES)
        else:
            values.update(read.signal for read in op.reads)
        if isinstance(op, Neurons) and type(op.neuron) is not LIF:
            values.add(op.output)
    return set(analytic) - values


def _in_place(
    program: Program, blocks: Sequence[Block], batch: int, in_python: set[int]
) -> tuple[int, ...]:
    """Operations whose weights need no copy; blocks with Python come first in their level."""
    order = sorted(blocks, key=lambda block: (block.level, in_python.isdisjoint(block.ops)))
    failing = [i for i, op in enumerate(program.ops) if can_fail(op) and not isinstance(op, Learn)]
    return learned_in_place(program, [block.ops for block in order], batch, failing)


def _index(program: Program, op: Learn) -> int:
    return program.writer[op.learned.output]


def _is_rest(program: Program, index: int) -> bool:
    op = program.ops[index]
    return isinstance(op, Weigh) and op.is_rest


def _work(op: Op) -> int:
    """Approximate time of an operation in a step, in multiplications of small matrices."""
    if isinstance(op, Weigh):
        if op.is_rest:  # the weights of the neurons that fire
            return 0 if op.is_empty else SLOW * op.initial.size // 8
        return SLOW * 2 * op.initial.size
    if not isinstance(op, Sum):
        return 0
    return sum(_work_of(term.matrix) for term in op.terms if np.ndim(term.matrix))


def _work_of(matrix: Any) -> int:
    if hasattr(matrix, "tocsr"):
        return SLOW * int(matrix.nnz)
    return int(matrix.size) * (1 if matrix.size <= CACHED else SLOW)


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
