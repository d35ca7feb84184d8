"""The compiled back end: blocks of operations in one interpreter, compiled once by numba."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nefsim.backends import Runner, kernel
from nefsim.backends.blocks import blocks
from nefsim.backends.engine import Advance, Engine, HasProgram, chunk_length
from nefsim.backends.operations import advances
from nefsim.backends.populations import is_compiled
from nefsim.backends.table import Table
from nefsim.program import Filter, Neurons, Program, State, Sum, outputs

#: Longest chunk [steps]: long enough that what is done in Python per chunk does not count.
LONGEST_CHUNK = 4000


def prepare(built: HasProgram, state: State) -> Runner:
    """A runner for ``built.program`` that advances ``state``."""
    program = built.program
    groups = blocks(program)
    shared = _shared(program, groups)
    lead = state.signals[0].shape[:-1] if state.signals else ()
    batch = lead[0] if lead else 1
    width = sum(program.signals[i].size for i in shared) * batch
    length = chunk_length(width, LONGEST_CHUNK)
    table = Table(program, state, shared, length)
    segments = [part for part in (_segments(program, table, g) for g in groups) if part]
    ops, data, *rest = table.arrays(batch)
    rows = [
        _rows(data, table.places[i][0], length + 1, signal.size, bool(lead))
        if i in shared
        else None
        for i, signal in enumerate(program.signals)
    ]
    _move(state, table, data, bool(lead))
    engine = Engine(program, state, rows)

    def compiled(first: int, last: int) -> Advance:
        def advance(lo: int, hi: int) -> None:
            kernel.run(ops, first, last, lo, hi, data, *rest, program.dt)

        return advance

    for group in segments:
        parts: list[Advance] = [
            compiled(*part) if isinstance(part, tuple) else advances(engine, part) for part in group
        ]
        engine.plan.append((parts, len(parts) > 1))
    return engine.run


def _is_compiled(op: Any) -> bool:
    return isinstance(op, (Sum, Filter)) or (isinstance(op, Neurons) and is_compiled(op.neuron))


def _shared(program: Program, groups: Sequence[Sequence[int]]) -> set[int]:
    """Signals that need a row for each step: seen by other blocks, probes, Python or later."""
    home = {i: b for b, group in enumerate(groups) for i in group}
    writer = {signal: i for i, op in enumerate(program.ops) for signal in outputs(op)}
    shared = {record.read.signal for record in program.records}
    for i, op in enumerate(program.ops):
        if not _is_compiled(op):
            shared.update((*outputs(op), *(read.signal for read in op.reads)))
        for read in op.reads:
            if read.delay or home[i] != home[writer[read.signal]]:
                shared.add(read.signal)
    return shared


def _segments(program: Program, table: Table, group: Sequence[int]) -> list[Any]:
    """A block as ranges of rows of the table, and operations that run in Python."""
    parts: list[Any] = []
    for i in group:
        if not _is_compiled(program.ops[i]):
            parts.append(i)
            continue
        rows = table.emit(i)
        if not rows:
            continue
        if parts and isinstance(parts[-1], tuple):
            parts[-1] = (parts[-1][0], rows.stop)
        else:
            parts.append((rows.start, rows.stop))
    return parts


def _rows(data: Any, offset: int, length: int, size: int, batched: bool) -> Any:
    """The rows of a signal, (length, [trials,] size), as a view."""
    rows = data[:, offset : offset + length * size].reshape(len(data), length, size)
    return rows.swapaxes(0, 1) if batched else rows[0]


def _move(state: State, table: Table, data: Any, batched: bool) -> None:
    """Make the memories of the state views of the interpreter's numbers."""
    for memory, offsets in zip(state.ops, table.memories, strict=True):
        for name, offset in offsets.items():
            value = memory[name]
            shape = value.shape
            if batched and name == "z":  # (order, trials, size)
                view = data[:, offset : offset + value.size // len(data)]
                view = view.reshape(len(data), shape[0], shape[2]).swapaxes(0, 1)
            else:
                view = data[:, offset : offset + value.size // len(data)].reshape(shape)
            view[...] = value
            memory[name] = view
