"""Rows of populations that take the filters of their currents along in their step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.driving import Drive
from nefsim.backends.compiled.emit.filters import lowpass_constants
from nefsim.backends.compiled.emit.sums import undriven
from nefsim.backends.compiled.table import Table
from nefsim.program import Filter, Neurons, Sum


def emit_driven(table: Table, op: Neurons, constants: Sequence[Any], **columns: int) -> None:
    """The row of a population with drives; ``constants`` are those of its neurons."""
    program, plan = table.program, table.plan
    n = program.signals[op.output].size
    current = program.ops[program.writer[op.current]]
    assert isinstance(current, Sum)
    drives = plan.drives[program.writer[op.output]]
    numbers = np.zeros(k.FIRST_DRIVE, np.int64)
    numbers[[k.N_DRIVES, k.HAS_ROW, k.WRITES]] = (
        *(len(drives), bool(undriven(table, current)), op.output not in plan.silent),
    )
    described = np.concatenate([numbers, *(_description(table, drive, n) for drive in drives)])
    offset = np.zeros(n) if current.offset is None else current.offset
    table.op(
        k.DRIVEN_LIF,
        table.addresses[op.output],
        n,
        table.addresses[op.current],
        C=table.constant(*constants, offset),
        DRIVES=table.index(described),
        SCRATCH=table.allocate(2 * k.DRIVEN_BLOCK),
        **columns,
    )


def _description(table: Table, drive: Drive, n: int) -> Any:
    """The integers that describe a drive, see :mod:`..opcodes`."""
    program, term = table.program, drive.term
    lowpass, source = program.ops[drive.filter], program.ops[drive.source]
    assert isinstance(lowpass, Filter) and isinstance(source, Sum)
    start, stop, _ = (term.rows if isinstance(term.rows, slice) else slice(None)).indices(n)
    each = np.ndim(term.matrix) == 1
    gain = 1.0 if term.matrix is None else term.matrix
    numbers = np.zeros(k.DRIVE_INTEGERS, np.int64)
    numbers[
        [
            *(k.DRIVE_START, k.DRIVE_SIZE, k.DRIVE_INPUT, k.DRIVE_OUTPUT, k.DRIVE_MEMORY),
            *(k.DRIVE_FILTER, k.DRIVE_GAINS, k.DRIVE_EACH, k.DRIVE_SLOTS),
        ]
    ] = (
        start,
        stop - start,
        table.addresses[source.output][0],
        table.addresses[lowpass.output][0],
        table.memories[drive.filter]["z"],
        lowpass_constants(table, lowpass),
        table.constant(gain if each else np.full(k.LINE, gain)),
        int(each),
        drive.slots,
    )
    return numbers
