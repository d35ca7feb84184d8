"""Translate each type of operation to rows of the instruction table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nefsim.backends.compiled.emit.filters import emit_filter
from nefsim.backends.compiled.emit.learning import emit_learn, emit_weigh
from nefsim.backends.compiled.emit.neurons import emit_neurons
from nefsim.backends.compiled.emit.noise import emit_noise
from nefsim.backends.compiled.emit.spikes import spike_list
from nefsim.backends.compiled.emit.sums import emit_sum
from nefsim.backends.compiled.table import Table
from nefsim.program import Filter, Learn, Neurons, Play, Read, Sum, Weigh

EMIT: dict[type, Callable[[Table, Any, dict[str, int]], None]] = {
    Sum: emit_sum,
    Neurons: emit_neurons,
    Filter: emit_filter,
    Play: emit_noise,
    Weigh: emit_weigh,
    Learn: emit_learn,
}


def emit(table: Table, index: int) -> range:
    """Add the rows of one operation of the program."""
    first, op = len(table), table.program.ops[index]
    EMIT[type(op)](table, op, table.memories[index])
    if isinstance(op, Neurons) and table.has_spikes(read := Read(op.output)):
        has_bits, plan = op.output in table.bits, table.plan
        if op.output in (plan.listed if has_bits else plan.listed | plan.listed_without_bits):
            spike_list(table, read)
    rows = range(first, len(table))
    if index in table.plan.tiled:
        table.mark_tiled(rows)
    return rows
