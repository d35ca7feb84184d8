"""Rows of synaptic filters."""

from __future__ import annotations

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import is_lowpass
from nefsim.backends.compiled.table import Table
from nefsim.program import Filter


def emit_filter(table: Table, op: Filter, memory: dict[str, int]) -> None:
    """One row, of the first order or of any."""
    n = table.program.signals[op.output].size
    out, source = table.addresses[op.output], table.addresses[op.input]
    order = max(len(op.a), len(op.b)) - 1
    if is_lowpass(op):
        c = table.constant([op.b[0], -op.a[1], np.finfo(table.dtype).tiny * 1e9, 0.0])
        table.op(k.LOWPASS, out, n, source, C=c, S=memory["z"], M=1)
        return
    b, a = (np.pad(part, (0, order + 1 - len(part))) for part in (op.b, op.a))
    table.op(k.FILTER, out, n, source, C=table.constant([*b, *a]), S=memory["z"], M=order)
