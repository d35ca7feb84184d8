"""Translate synaptic filters to rows of the instruction table."""

from __future__ import annotations

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import is_lowpass
from nefsim.backends.compiled.driving import Drive
from nefsim.backends.compiled.table import Table
from nefsim.filtering import StateSpace, is_shift, order
from nefsim.program import Filter


def emit_filter(table: Table, op: Filter, memory: dict[str, int]) -> None:
    """One row: a filter of first order, a delay, a filter by its polynomials or by its state."""
    n = table.program.signals[op.output].size
    out, source = table.addresses[op.output], table.addresses[op.input]
    drive = table.plan.drive_of.get(table.program.writer[op.output])
    if drive is not None:
        _driven(table, drive, op, n, memory)
        return
    m = order(op.form)
    if is_shift(op.form):
        z = memory["z"]
        table.op(k.DELAY, out, n, source, S=z, M=m)
        table.op(k.ROTATE, (z, 0), n, M=m)
        return
    if isinstance(op.form, StateSpace):
        c, scratch = table.constant(op.form.matrix()), table.allocate(m * n)
        table.op(k.STATE, out, n, source, C=c, S=memory["z"], M=m, SCRATCH=scratch)
        return
    if is_lowpass(op):
        c = lowpass_constants(table, op)
        table.op(k.LOWPASS, out, n, source, C=c, S=memory["z"], M=1)
        return
    b, a = (np.pad(part, (0, m + 1 - len(part))) for part in op.form)
    table.op(k.FILTER, out, n, source, C=table.constant([*b, *a]), S=memory["z"], M=m)


def lowpass_constants(table: Table, op: Filter) -> int:
    """Offset of the constants of a filter of first order."""
    assert not isinstance(op.form, StateSpace)
    (gain,), (_, a) = op.form
    numbers = np.zeros(4)
    numbers[[k.LOWPASS_GAIN, k.LOWPASS_KEEP]] = gain, -a
    numbers[k.LOWPASS_TINY] = np.finfo(table.dtype).tiny * 1e9
    return table.constant(numbers)


def _driven(table: Table, drive: Drive, op: Filter, n: int, memory: dict[str, int]) -> None:
    """The end of a tile for filters that a population takes along in its step."""
    if is_shift(op.form):
        table.op(k.ROTATE, table.addresses[op.output], n, M=drive.slots)
    elif not drive.slots:
        out, source = table.addresses[op.output], table.addresses[op.input]
        c = lowpass_constants(table, op)
        table.op(k.SETTLE, out, n, source, C=c, S=memory["z"])
