"""The compiled back end: make the instruction table of a program and run it.

Read the modules in this order.  :mod:`.opcodes` lists the instructions; :mod:`.analysis`,
:mod:`.fusion` and :mod:`.tiling` decide how to run each operation, and :mod:`.plan` collects
their decisions.  :mod:`.table` assigns memory, and :mod:`.emit` adds the instructions.  This
module calls the interpreter, which :mod:`.kernel` defines and :mod:`.object_cache` loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nefsim.backends import Runner
from nefsim.backends.compiled.analysis import (
    analytic_lif_outputs,
    is_step_counter,
    steps_compiled,
)
from nefsim.backends.compiled.cores import compiled, in_pieces, in_steps
from nefsim.backends.compiled.plan import make_plan
from nefsim.backends.compiled.stages import Loop, Mixed, rows_of, stages
from nefsim.backends.compiled.table import Address, Table
from nefsim.backends.engine import Engine, HasProgram, carrying
from nefsim.backends.vectorised.operations import advances
from nefsim.program import Neurons, Program, State

#: Largest signal whose last row is copied, together with those of others, in one indexed copy.
SMALL = 64


def prepare(built: HasProgram, state: State) -> Runner:
    """Prepare a built network to run; return a runner that advances ``state``."""
    program = built.program
    lead = state.signals[0].shape[:-1] if state.signals else ()
    batch = lead[0] if lead else 1
    dtype = state.signals[0].dtype if state.signals else np.float64
    plan = make_plan(program, batch, analytic_lif_outputs(program, state), dtype)
    table = Table(state, plan)
    blocks = [rows_of(table, block) for block in plan.blocks]
    arrays = table.arrays(batch)
    data = arrays[1]
    rows = [
        _rows(data, table.addresses[i], plan.length + 1, signal.size, bool(lead))
        if i in plan.materialized
        else None
        for i, signal in enumerate(program.signals)
    ]
    _move(state, table, data, bool(lead))
    engine = Engine(program, state, rows, _carrying(data, table, rows))
    engine.checkpointed = _checkpointed(program, state, table, data)
    for stage in stages(blocks, arrays[0]):
        if isinstance(stage, Mixed):
            steps = [
                compiled(arrays, [part]) if isinstance(part, tuple) else advances(engine, part)
                for part in stage.parts
            ]
            engine.plan.append((steps, len(steps) > 1))
        elif isinstance(stage, Loop):
            engine.plan.append(([in_steps(arrays, stage)], False))
        else:
            engine.plan.append(([in_pieces(arrays, stage)], False))
    return engine.run


def _checkpointed(program: Program, state: State, table: Table, data: Any) -> State:
    """The state to restore after an error: all memories as one array, and that of Python code."""
    first, end = table.checkpoint
    rngs = [
        streams
        for op, streams in zip(program.ops, state.rngs, strict=True)
        if isinstance(op, Neurons) and not steps_compiled(op.neuron)
    ]
    running = [trials for trials in state.running if trials]
    return State(state.step, [], [{"all": data[:, first:end]}], rngs, running)


def _rows(data: Any, address: Address, length: int, size: int, batched: bool) -> Any:
    """The rows of a signal, (length, [trials,] size), as a view."""
    offset, stride = address
    rows = data[:, offset : offset + length * stride].reshape(len(data), length, stride)
    rows = rows[..., :size]
    return rows.swapaxes(0, 1) if batched else rows[0]


def _carrying(data: Any, table: Table, rows: Sequence[Any]) -> Callable[[int], None]:
    """A function ``carry(n)`` that copies row ``n`` of each signal to its row 0.

    All small signals are one indexed copy.
    """
    signals = [i for i, row in enumerate(rows) if row is not None]
    carry_large = carrying([rows[i] for i in signals if rows[i].shape[-1] > SMALL])
    sizes = [(i, rows[i].shape[-1]) for i in signals]
    small = [(table.addresses[i], size) for i, size in sizes if size <= SMALL]
    first = np.concatenate([np.zeros(0, np.intp), *(np.arange(n) + at for (at, _), n in small)])
    stride = np.repeat([stride for (_, stride), _ in small], [n for _, n in small]).astype(np.intp)
    second = first + stride
    # With one trial, indexing a flat array is faster.
    flat = data[0] if len(data) == 1 else None

    def carry(length: int) -> None:
        last = second if length == 1 else first + length * stride
        if flat is None:
            data[:, first] = data[:, last]
        else:
            flat[first] = flat[last]
        carry_large(length)

    return carry


def _move(state: State, table: Table, data: Any, batched: bool) -> None:
    """Move the memories of a state to the interpreter's array; the state then has views of it."""
    # The program of the table has more operations, parts, at the end.
    for op, memory, offsets in zip(table.program.ops, state.ops, table.memories, strict=False):
        for name, offset in offsets.items():
            value = memory[name]
            shape = value.shape
            if is_step_counter(op, name):  # one number, seen by all neurons
                one = data[:, offset : offset + 1]
                strides = (*one.strides[: len(shape) - 1], 0)
                view = as_strided(one if batched else one[0], shape, strides)
            elif batched and name == "z":  # (order, trials, size)
                view = data[:, offset : offset + value.size // len(data)]
                view = view.reshape(len(data), shape[0], shape[2]).swapaxes(0, 1)
            else:
                view = data[:, offset : offset + value.size // len(data)].reshape(shape)
            view[...] = value
            memory[name] = view
