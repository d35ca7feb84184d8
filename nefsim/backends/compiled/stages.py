"""Stages: the blocks of a program in the order in which a chunk runs them.

A stage is one block with operations in Python, one loop whose units several cores share within
each step, or any number of other blocks, which are pieces of a pipeline.  The units of a block
with operations in Python may be shared, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes
from nefsim.backends.compiled.analysis import is_compiled
from nefsim.backends.compiled.emit import emit
from nefsim.backends.compiled.fusion import Block
from nefsim.backends.compiled.table import Table

Span = tuple[int, int]

#: Least work of a phase that cores share, and of the steps of a block [numbers]; a barrier takes
#: about as long as the former.
MIN_PHASE, MIN_STEP = 1500, 4000

#: A loop is shared if the work that cores share is at least this part of a step.
MIN_SHARED = 0.5


@dataclass(frozen=True)
class Rows:
    """A block as rows of the table.

    ``parts`` are ranges of rows, and indices of operations that run in Python; ``phases`` are
    the ranges of units, by phase, or the operation of a phase that runs in Python.
    """

    block: Block
    parts: Sequence[Span | int]
    phases: Sequence[Sequence[Span | int]]

    @property
    def is_compiled(self) -> bool:
        """Whether the block is one range of rows."""
        return len(self.parts) == 1 and isinstance(self.parts[0], tuple)


@dataclass(frozen=True)
class Phase:
    """Units that several cores take, each a range of rows; then rows for the last to finish.

    Or ``calls``, operations that run in Python, and then rows.
    """

    units: list[Span]
    cost: list[int]
    tail: list[Span]
    calls: Sequence[int] = ()


@dataclass(frozen=True)
class Loop:
    """A block whose steps are shared by the cores, phase by phase.

    ``lead`` are the rows before the first phase; those of the next step are run after the last
    phase, so that they need no phase of their own.
    """

    span: Span
    lead: Span
    phases: list[Phase]
    work: int


@dataclass(frozen=True)
class Mixed:
    """A block with operations in Python, and its phases if sharing each step pays."""

    parts: Sequence[Span | int]
    loop: Loop | None = None


@dataclass(frozen=True)
class Pieces:
    """Blocks in order: the range of rows of each, its level, and the places of those it reads."""

    spans: list[Span]
    levels: list[int]
    sources: list[set[int]]
    cost: list[int]


def rows_of(table: Table, block: Block) -> Rows:
    """Emit the rows of a block."""
    parts: list[Any] = []
    phases: list[list[Span | int]] = []
    for phase in block.phases:
        phases.append([])
        for unit in phase:
            first = len(table)
            for i in unit:
                if not is_compiled(table.program, table.program.ops[i]):
                    parts.append(i)
                    phases[-1].append(i)
                    continue
                rows = emit(table, i)
                if not rows:
                    continue
                if parts and isinstance(parts[-1], tuple):
                    parts[-1] = (parts[-1][0], rows.stop)
                else:
                    parts.append((rows.start, rows.stop))
            if len(table) > first:
                phases[-1].append((first, len(table)))
    return Rows(block, parts, phases)


def stages(blocks: Sequence[Rows], table: Any) -> Iterator[Mixed | Loop | Pieces]:
    """The stages of blocks, which are in the order of their levels.

    Parameters
    ----------
    blocks : sequence of Rows
        The rows of each block.
    table : ndarray
        The instruction table.
    """
    waiting: list[int] = []
    for level in sorted({rows.block.level for rows in blocks}):
        here = [i for i, rows in enumerate(blocks) if rows.block.level == level and rows.parts]
        apart: list[Mixed | Loop] = [
            Mixed(blocks[i].parts, _loop(blocks[i], table))
            for i in here
            if not blocks[i].is_compiled
        ]
        rest = [i for i in here if blocks[i].is_compiled]
        loops = {i: loop for i in rest if (loop := _loop(blocks[i], table)) is not None}
        apart += loops.values()
        if apart and waiting:
            yield _pieces(blocks, waiting, table)
            waiting = []
        yield from apart
        waiting += [i for i in rest if i not in loops]
    if waiting:
        yield _pieces(blocks, waiting, table)


def _pieces(blocks: Sequence[Rows], those: list[int], table: Any) -> Pieces:
    """Blocks as pieces; a block without rows, a copy, passes on those that it reads."""
    place = {i: p for p, i in enumerate(those)}
    sources: dict[int, set[int]] = {}
    for i, rows in enumerate(blocks):  # lower levels come first
        sources[i] = set()
        for j in rows.block.sources:
            sources[i] |= {j} if blocks[j].parts else sources[j]
    spans: list[Any] = [blocks[i].parts[0] for i in those]
    return Pieces(
        spans,
        [blocks[i].block.level for i in those],
        [{place[j] for j in sources[i] if j in place} for i in those],
        [cost(table, span) for span in spans],
    )


def _loop(rows: Rows, table: Any) -> Loop | None:
    """A block as phases, if sharing each step among cores pays."""
    if max(map(len, rows.phases), default=0) < 2:
        return None
    spans = [part for part in rows.parts if isinstance(part, tuple)]
    phases: list[Phase] = []
    total = shared = 0
    start = lead = spans[0][0]
    for phase in rows.phases:
        units = [unit for unit in phase if isinstance(unit, tuple)]
        if calls := [unit for unit in phase if isinstance(unit, int)]:
            if phases and phases[-1].calls and not phases[-1].tail:
                calls = [*phases.pop().calls, *calls]
            phases.append(Phase([], [], [], calls))
            continue
        work = [cost(table, unit) for unit in units]
        total += sum(work)
        # At most half of the work that the largest unit leaves to others.
        gain = sum(work) - max(sum(work) // 2, max(work, default=0))
        if sum(work) >= MIN_PHASE and gain > sum(work) // 4:
            shared += sum(work)
            phases.append(Phase(units, work, []))
        elif phases:
            phases[-1].tail.extend(units)
        elif units:
            lead = units[-1][1]
    if total < MIN_STEP or shared < MIN_SHARED * total:
        return None
    return Loop((start, spans[-1][1]), (start, lead), phases, total)


#: A neuron with a logarithm or an exponential takes about as long as three numbers, and a number as
#: long as eight multiplications.
COST_OF_A_CELL, MULTIPLICATIONS = 3, 8

#: One of so many inputs of a product with spikes is about one that is not 0.
SPIKES = 8


def cost(table: Any, span: Span) -> int:
    """The work of a range of rows, in numbers that are written, about one for each neuron."""
    columns = [opcodes.KIND, opcodes.N, opcodes.M, opcodes.ENCODERS]
    kind, n, m, encoded = table[span[0] : span[1], columns].T
    encodes = (kind == opcodes.LIF) | (kind == opcodes.WIDE_LIF)
    decodes = kind == opcodes.ROWS_OF_TILE
    products = n * (encodes * encoded + (kind == opcodes.ROWS) * m + decodes * m // SPIKES)
    numbers = n * np.where(kind >= opcodes.FIRST_CELL, COST_OF_A_CELL, 1)
    return int(numbers.sum() + products.sum() // MULTIPLICATIONS)
