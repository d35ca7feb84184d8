"""The plan of a compiled program: its fused blocks, tiled operations and stored signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import accumulators, copies, fused_currents, is_compiled
from nefsim.backends.compiled.fusion import Block, fused_blocks
from nefsim.backends.compiled.split import Split, split
from nefsim.backends.compiled.tiling import VALUES, spike_form, tile
from nefsim.backends.engine import chunk_length
from nefsim.neurons import LIF
from nefsim.program import Neurons, Op, Program, Read, Sum, Weigh, outputs

#: Longest chunk [steps]: long enough that the time in Python for each chunk is negligible.
LONGEST_COMPILED_CHUNK = 10_000

#: Most operations on numbers in a chunk, about 0.1 s: Ctrl-C and progress wait for its end.
MOST_WORK = 200_000_000


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
    bits_only : frozenset of int
        Spike outputs that are read as one bit for each neuron; their values are not written.
    copies : mapping of int to Read
        Signals that only copy a read, mapped to that read.
    fused_currents : mapping of int to int
        Currents that an LIF population computes within its step, mapped to its operation.
    accumulators : mapping of int to int
        Currents that are added to a state variable of inverse LIF neurons, mapped to the
        operation of these neurons.
    """

    program: Program
    parts: Split
    blocks: Sequence[Block]
    materialized: frozenset[int]
    analytic: frozenset[int]
    tiled: frozenset[int]
    length: int
    bits_only: frozenset[int]
    copies: Mapping[int, Read]
    fused_currents: Mapping[int, int]
    accumulators: Mapping[int, int]


def make_plan(original: Program, batch: int, analytic: set[int], dtype: Any = np.float64) -> Plan:
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

    Returns
    -------
    Plan
    """
    parts = split(original, analytic)
    program, analytic = parts.program, analytic | parts.spikes
    in_python = {i for i, op in enumerate(program.ops) if not is_compiled(program, op)}
    blocks = fused_blocks(program, in_python, parts.partial, parts.gathers)
    groups = [block.ops for block in blocks]
    materialized = _materialized(program, groups, in_python)
    materialized |= {part for part, (whole, _) in parts.whole.items() if whole in materialized}
    tiled, carried = tile(program, groups, analytic, materialized)
    materialized |= carried
    own = materialized.difference(parts.whole)
    width = sum(program.signals[i].size for i in own) * batch
    work = sum(_work(op) for op in program.ops) * batch
    length = min(chunk_length(width, LONGEST_COMPILED_CHUNK), max(1, MOST_WORK // max(work, 1)))
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
        frozenset(_bits_only(program, analytic, materialized)),
        copies(program, materialized),
        fused_currents(program, analytic, materialized),
        {} if single else accumulators(program, materialized),
    )


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


def _work(op: Op) -> int:
    """Approximate number of multiplications of an operation in a step."""
    if isinstance(op, Weigh):
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
            if read.delay or block_of[i] != block_of[program.writer[read.signal]]:
                signals.add(read.signal)
    return signals
