"""Translate synaptic filters to rows of the instruction table."""

from __future__ import annotations

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import is_lowpass
from nefsim.backends.compiled.table import Table
from nefsim.filtering import StateSpace, order
from nefsim.program import Filter


def emit_filter(table: Table, op: Filter, memory: dict[str, int]) -> None:
    """Add the row of a filter: of first order, by coefficients in z^-1, or in state space."""
    n = table.program.signals[op.output].size
    out, source = table.addresses[op.output], table.addresses[op.input]
    m = order(op.form)
    if isinstance(op.form, StateSpace):
        c, scratch = table.constant(op.form.matrix()), table.allocate(m * n)
        table.op(k.STATE, out, n, source, C=c, S=memory["z"], M=m, SCRATCH=scratch)
        return
    if is_lowpass(op):
        (gain,), (_, a) = op.form
        numbers = np.zeros(4)
        numbers[[k.LOWPASS_GAIN, k.LOWPASS_KEEP]] = gain, -a
        numbers[k.LOWPASS_TINY] = np.finfo(table.dtype).tiny * 1e9
        table.op(k.LOWPASS, out, n, source, C=table.constant(numbers), S=memory["z"], M=1)
        return
    b, a = (np.pad(part, (0, m + 1 - len(part))) for part in op.form)
    table.op(k.FILTER, out, n, source, C=table.constant([*b, *a]), S=memory["z"], M=m)
