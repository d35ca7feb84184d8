"""The compiled back end: make the instruction table of a program and run it.

Read the modules in this order.  :mod:`.opcodes` lists the instructions; :mod:`.analysis`,
:mod:`.fusion` and :mod:`.tiling` decide how to run each operation, and :mod:`.plan` collects
their decisions.  :mod:`.table` assigns memory, and :mod:`.emit` adds the instructions.  This
module calls the interpreter, which :mod:`.kernel` defines and :mod:`.object_cache` loads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nefsim.backends import Runner
from nefsim.backends.compiled import opcodes
from nefsim.backends.compiled.analysis import (
    analytic_lif_outputs,
    is_compiled,
    is_step_counter,
    steps_compiled,
)
from nefsim.backends.compiled.calls import Prepared
from nefsim.backends.compiled.draws import N_ADDRESSES, addresses
from nefsim.backends.compiled.emit import emit
from nefsim.backends.compiled.mixed import mixed_advance
from nefsim.backends.compiled.object_cache import interpreter
from nefsim.backends.compiled.plan import make_plan
from nefsim.backends.compiled.table import ELSEWHERE, Table
from nefsim.backends.engine import Advance, Engine, HasProgram, carrying
from nefsim.backends.reports import Report
from nefsim.backends.vectorised.operations import advances
from nefsim.processes import Running
from nefsim.program import Learn, Neurons, Program, State

#: Fewest numbers in a call at which independent blocks run on several cores.
MIN_WORK_FOR_THREADS = 2_000_000

#: Pieces of such work per core, so that a core which is busy otherwise computes fewer of them.
PIECES = 4

#: Largest signal whose last row is copied, together with those of others, in one indexed copy.
SMALL = 64

Span = tuple[int, int]


def prepare(built: HasProgram, state: State) -> Runner:
    """Prepare a built network to run; return a runner that advances ``state``."""
    program = built.program
    lead = state.signals[0].shape[:-1] if state.signals else ()
    batch = lead[0] if lead else 1
    dtype = state.signals[0].dtype if state.signals else np.float64
    plan = make_plan(program, batch, analytic_lif_outputs(program, state), dtype)
    table = Table(program, state, plan)
    parts = [(level, _parts(program, table, group)) for level, group in plan.blocks]
    arrays = table.arrays(batch)
    data, counts = arrays[1], arrays[-1]
    noises = _connect_generators(program, table, state, counts, arrays[4])
    rows = [
        _rows(data, table.addresses[i][0], plan.length + 1, signal.size, bool(lead))
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
    for spans, mixed in _groups(parts):
        if spans:
            engine.plan.append(([_compiled(arrays, spans)], False))
        else:
            engine.plan.append(([_mixed(engine, arrays, mixed)], False))
    engine.growing.whole = _whole_step(engine, arrays, parts)
    return engine.run


def _whole_step(
    engine: Engine, arrays: tuple[Any, ...], parts: list[tuple[int, list[Any]]]
) -> Prepared | None:
    """All compiled operations of a step in one call, if one core is enough.

    None if other operations than functions of time are in Python.
    """
    groups = [*_groups(parts)]
    spans = [span for spans, _ in groups for span in spans]
    in_python = {part for _, mixed in groups for part in mixed}
    is_small = _cost(arrays[0], spans) < MIN_WORK_FOR_THREADS
    if not spans or not is_small or not in_python <= engine.ahead.keys():
        return None
    whole = _one_call(arrays, spans)
    return whole if whole.is_atomic else None


def _cost(table: Any, spans: Sequence[Span]) -> int:
    """The numbers that spans of the table write in a step."""
    return sum(int(table[first:last, opcodes.N].sum()) for first, last in spans)


def _groups(parts: list[tuple[int, list[Any]]]) -> Iterator[tuple[list[Span], list[Any]]]:
    """Group the blocks of each level that need no Python; each other block is a group."""
    for _, group in groupby(parts, key=itemgetter(0)):
        blocks_of_level = [block for _, block in group]
        whole = [b[0] for b in blocks_of_level if len(b) == 1 and isinstance(b[0], tuple)]
        for block in blocks_of_level:
            if block and not (len(block) == 1 and isinstance(block[0], tuple)):
                yield [], block
        if whole:
            yield whole, []


def _mixed(engine: Engine, arrays: tuple[Any, ...], block: list[Any]) -> Advance:
    """The ``advance`` of a block with operations in Python."""
    if len(block) == 1:
        return advances(engine, block[0])

    def joined(last: Prepared, first: Prepared) -> Prepared:
        del last, first
        return _one_call(arrays, [block[-1]], then=[block[0]])

    parts = [_one_call(arrays, [part]) if isinstance(part, tuple) else part for part in block]
    return mixed_advance(engine, parts, lambda index: advances(engine, index), joined)


def _compiled(arrays: tuple[Any, ...], spans: list[Span]) -> Advance:
    """A function that runs spans of the table, on several cores if there is enough work.

    The results do not depend on the number of cores.
    """
    table = arrays[0]
    cost = [_cost(table, [span]) for span in spans]
    total, n_cores = sum(cost), cores()
    whole = _one_call(arrays, spans).rows
    pieces = [
        _one_call(arrays, piece).rows
        for piece in (_pieces(spans, cost, PIECES * n_cores) if n_cores > 1 else [])
    ]

    def advance(lo: int, hi: int) -> None:
        if len(pieces) < 2 or total * (hi - lo) < MIN_WORK_FOR_THREADS:
            whole(lo, hi)
            return
        queue = iter(pieces)  # each free thread takes the next; next() is thread-safe

        def work() -> None:
            for piece in queue:
                piece(lo, hi)

        others = [pool(n_cores - 1).submit(work) for _ in range(n_cores - 1)]
        try:
            work()
        finally:
            wait(others)
        for other in others:
            other.result()

    return advance


def _one_call(
    arrays: tuple[Any, ...], spans: Sequence[Span], then: Sequence[Span] = ()
) -> Prepared:
    """A call of the interpreter that runs spans in order, on this core, and others a row later."""
    table, data, constants, indices, fired, counts = arrays
    every, later = np.array(spans, np.int64), np.array(then, np.int64)
    memories = (
        *(data.ctypes.data, *data.shape, constants.ctypes.data, indices.ctypes.data),
        *(fired.ctypes.data, fired.shape[1], counts.ctypes.data, counts.shape[1]),
    )
    arguments = (table.ctypes.data, every.ctypes.data, len(every), 0, 1, *memories)
    owners = arrays, every, later
    return Prepared(interpreter(data.dtype), arguments, owners, (later.ctypes.data, len(later)))


@cache
def pool(n: int) -> ThreadPoolExecutor:
    """A pool of ``n`` threads, shared by all runs, as starting threads takes long."""
    return ThreadPoolExecutor(n, "nefsim")


if hasattr(os, "register_at_fork"):  # a forked process has none of these threads
    os.register_at_fork(after_in_child=pool.cache_clear)


def _pieces(spans: list[Span], cost: list[int], n: int) -> list[list[Span]]:
    """Divide spans, in order, into at most ``n`` pieces of about equal work."""
    pieces: list[list[Span]] = [[] for _ in range(n)]
    done, total = 0, max(sum(cost), 1)
    for span, c in zip(spans, cost, strict=True):
        pieces[min(n * done // total, n - 1)].append(span)
        done += c
    return [piece for piece in pieces if piece]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parts(program: Program, table: Table, group: Sequence[int]) -> list[Any]:
    """The parts of a block: ranges of table rows, and operations that run in Python."""
    parts: list[Any] = []
    for i in group:
        if not is_compiled(program, program.ops[i]):
            parts.append(i)
            continue
        rows = emit(table, i)
        if not rows:
            continue
        if parts and isinstance(parts[-1], tuple):
            parts[-1] = (parts[-1][0], rows.stop)
        else:
            parts.append((rows.start, rows.stop))
    return parts


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


def _rows(data: Any, offset: int, length: int, size: int, batched: bool) -> Any:
    """The rows of a signal, (length, [trials,] size), as a view."""
    rows = data[:, offset : offset + length * size].reshape(len(data), length, size)
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
        (row,) = _rows(data, offset, 1, table.program.signals[i].size, batched)
        row[...] = state.signals[i]
        state.signals[i] = row
    state.hidden -= table.plan.single_rows


def _move(state: State, table: Table, data: Any, batched: bool) -> None:
    """Move the memories of a state to the interpreter's array; the state then has views of it."""
    for op, memory, offsets in zip(table.program.ops, state.ops, table.memories, strict=True):
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
