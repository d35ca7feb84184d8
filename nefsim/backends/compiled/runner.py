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
    is_compiled,
    is_step_counter,
    steps_compiled,
)
from nefsim.backends.compiled.calls import Prepared
from nefsim.backends.compiled.cores import (
    MIN_WORK_FOR_THREADS,
    in_pieces,
    in_steps,
    one_call,
)
from nefsim.backends.compiled.draws import N_ADDRESSES, addresses
from nefsim.backends.compiled.mixed import mixed_advance
from nefsim.backends.compiled.object_cache import connect_parts
from nefsim.backends.compiled.plans import plan_of
from nefsim.backends.compiled.stages import Loop, Mixed, Pieces, Span, cost, rows_of, stages
from nefsim.backends.compiled.table import ELSEWHERE, Address, Table
from nefsim.backends.compiled.trials import has_a_trial_for_each_core, in_trials
from nefsim.backends.compiled.turns import in_turns
from nefsim.backends.engine import Advance, Engine, HasProgram, carrying
from nefsim.backends.reports import Report
from nefsim.backends.vectorised.operations import advances
from nefsim.processes import Running
from nefsim.program import Learn, Neurons, Program, State

#: Largest signal whose last row is copied, together with those of others, in one indexed copy.
SMALL = 64


def prepare(built: HasProgram, state: State) -> Runner:
    """Prepare a built network to run; return a runner that advances ``state``."""
    program = built.program
    lead = state.signals[0].shape[:-1] if state.signals else ()
    batch = lead[0] if lead else 1
    dtype = state.signals[0].dtype if state.signals else np.dtype(np.float64)
    plan = plan_of(program, batch, analytic_lif_outputs(program, state), dtype)
    table = Table(state, plan)
    blocks = [rows_of(table, block) for block in plan.blocks]
    arrays = table.arrays(batch)
    connect_parts(arrays[0], dtype)
    data, counts = arrays[1], arrays[-1]
    noises = _connect_generators(program, table, state, counts, arrays[4])
    rows = [
        _rows(data, table.addresses[i], plan.length + 1, signal.size, bool(lead))
        if i in plan.materialized
        else None
        for i, signal in enumerate(program.signals)
    ]
    _move(state, table, data, bool(lead))
    carry = _carrying(data, table, rows)

    def finish(length: int) -> None:
        carry(length)
        for process in noises:
            process.state["number"][...] += length

    engine = Engine(program, state, rows, finish)
    engine.reports |= _reports(program, table, data, counts)
    _link(state, table, data, bool(lead))
    engine.checkpointed = _checkpointed(program, state, table, data)
    order = [*stages(blocks, arrays[0])]
    for stage in order:
        if isinstance(stage, Mixed):
            engine.plan.append(([_mixed(engine, arrays, stage)], False))
        elif has_a_trial_for_each_core(arrays):
            engine.plan.append(([in_trials(arrays, stage)], False))
        elif isinstance(stage, Loop):
            engine.plan.append(([in_steps(arrays, stage)], False))
        else:
            engine.plan.append(([in_pieces(arrays, stage)], False))
    engine.growing.whole, engine.growing.most_at_once = _whole_step(engine, arrays, order)
    return engine.run


def _whole_step(
    engine: Engine, arrays: tuple[Any, ...], order: Sequence[Mixed | Loop | Pieces]
) -> tuple[Prepared | None, int]:
    """All compiled operations of a step in one call, and the steps for which one core is enough.

    None if other operations than functions of time are in Python.
    """
    spans: list[Span] = []
    in_python: set[int] = set()
    for stage in order:
        if isinstance(stage, Mixed):
            in_python.update(part for part in stage.parts if isinstance(part, int))
            if not all(isinstance(part, int) for part in stage.parts):
                return None, 0
        else:
            spans += [stage.span] if isinstance(stage, Loop) else stage.spans
    work = len(arrays[1]) * sum(cost(arrays[0], span) for span in spans)
    is_small = work < MIN_WORK_FOR_THREADS
    if not spans or not is_small or not in_python <= engine.ahead.keys():
        return None, 0
    whole = one_call(arrays, spans)
    most = (MIN_WORK_FOR_THREADS - 1) // max(work, 1)
    return (whole, most) if whole.is_atomic else (None, 0)


def _mixed(engine: Engine, arrays: tuple[Any, ...], stage: Mixed) -> Advance:
    """The ``advance`` of a block with operations in Python."""
    block: Sequence[Any] = stage.parts
    if len(block) == 1:
        return advances(engine, block[0])
    in_python = {part: advances(engine, part) for part in block if isinstance(part, int)}

    def joined(last: Prepared, first: Prepared) -> Prepared:
        del last, first
        return one_call(arrays, [block[-1]], then=[block[0]])

    parts = [one_call(arrays, [part]) if isinstance(part, tuple) else part for part in block]
    alone = mixed_advance(engine, parts, in_python.__getitem__, joined)
    if stage.loop is None:
        return alone
    return in_turns(engine, arrays, stage.loop, alone, in_python.__getitem__)


def _checkpointed(program: Program, state: State, table: Table, data: Any) -> State:
    """The state to restore after an error: all memories as one array, and that of Python code."""
    first, end = table.checkpoint
    rngs = [
        streams
        for op, streams in zip(program.ops, state.rngs, strict=True)
        if isinstance(op, Neurons) and (op.neuron.random or not steps_compiled(op.neuron))
    ]
    running = [trials for trials in state.running if trials]
    return State(state.step, [], [{"all": data[:, first:end]}], rngs, running)


def _reports(program: Program, table: Table, data: Any, counts: Any) -> dict[int, Report]:
    """The reports on learned weights, as views of the interpreter's arrays."""
    names = {
        program.writer[op.learned.output]: op.name
        for op in program.ops
        if isinstance(op, Learn) and is_compiled(program, op)
    }
    return {
        i: Report(names[i], counts[:, at : at + 3], data[:, bound], i in table.plan.in_place)
        for i, (at, bound) in table.reports.items()
        if i in names
    }


def _connect_generators(
    program: Program, table: Table, state: State, counts: Any, words: Any
) -> list[Running]:
    """Write the addresses of generators for the interpreter; returns the processes that it draws.

    The filters of these processes move to the interpreter's memory.
    """
    noises: list[Running] = []
    for signal, index in table.generators.items():
        i = program.writer[signal]
        rngs = state.rngs[i] or [process.rng for process in state.running[i]]
        for trial, rng in enumerate(rngs):
            counts[trial, index : index + N_ADDRESSES] = addresses(rng)
        noises += state.running[i]
        if signal in table.filters:
            first, size = table.filters[signal], program.signals[signal].size
            for trial, process in enumerate(state.running[i]):
                view = words[trial, first : first + size].view(np.float64)[None]
                view[...] = process.state["filter"]
                process.state["filter"] = view
    return noises


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


def _link(state: State, table: Table, data: Any, batched: bool) -> None:
    """Copy the signals that have one row to the interpreter's array, where they stay."""
    for i in table.plan.single_rows:
        offset, _ = table.addresses[i]
        size = table.program.signals[i].size
        (row,) = _rows(data, (offset, size), 1, size, batched)
        row[...] = state.signals[i]
        state.signals[i] = row
    state.hidden -= table.plan.single_rows


def _move(state: State, table: Table, data: Any, batched: bool) -> None:
    """Move the memories of a state to the interpreter's array; the state then has views of it."""
    # The program of the table has more operations, parts, at the end.
    for op, memory, offsets in zip(table.program.ops, state.ops, table.memories, strict=False):
        for name, offset in offsets.items():
            if offset >= ELSEWHERE:
                continue
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
