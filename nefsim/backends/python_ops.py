"""Operations that call Python functions: of users, of processes and of Nengo's operators.

Each function below returns the function ``advance(lo, hi)`` of an operation, which computes rows
``lo + 1`` to ``hi`` of its output; see :mod:`nefsim.backends.engine`.  The NumPy and the compiled
back end use them.  They pass a weak reference to the engine, which owns the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import proxy

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import interrupts
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.results import FunctionOfTimes, UserFunction, storing
from nefsim.network.functions import as_numbers, is_elementwise
from nefsim.program import Call, Evaluate, Play, Read, State, outputs

Array = NDArray[np.float64]


def evaluate(engine: Engine, op: Evaluate, index: int) -> Advance:
    """The ``advance`` of a function of time, of values, or of both."""
    if is_elementwise(op.function):
        return _evaluate_at_once(engine, op, index)
    return _evaluate(engine, op, index)


def call_step(engine: Engine, op: Call, index: int) -> Advance:
    """The ``advance`` of a step function, such as one of Nengo's operators."""
    return _call_at_once(engine, op, index) if op.chunked else _call(engine, op, index)


def _evaluate_at_once(engine: Engine, op: Evaluate, index: int) -> Advance:
    """The ``advance`` of a NumPy function, called once for all times or values of a chunk."""
    out = engine.rows[op.output]

    def advance(lo: int, hi: int) -> None:
        if op.input is None:
            first = engine.state.step
            times = np.arange(first + lo + 1, first + hi + 1) * engine.program.dt
            x = times.reshape(-1, *[1] * (out.ndim - 1))
        else:
            x = engine.read(op.input, lo, hi)
        with np.errstate(all="ignore"):  # the error below names the time of infinite numbers
            out[lo + 1 : hi + 1] = op.function(x)
        finite = np.isfinite(out[lo + 1 : hi + 1])
        if not finite.all():
            row = lo + int(np.argmin(finite.reshape(hi - lo, -1).all(axis=1)))
            engine.good = max(engine.good, row)
            _not_finite(engine, op, row, out[row + 1])

    if op.input is None:
        engine.ahead[index] = advance
    return advance


def _evaluate(engine: Engine, op: Evaluate, index: int) -> Advance:
    """The ``advance`` of a user's function; a function of time is called once for all trials."""
    out = engine.rows[op.output]
    size = out.shape[-1]

    def checked(result: Any, row: int) -> Array:
        values = as_numbers(op.name, "function", result)
        if len(values) != size:
            got = f"{len(values)} at t = {_time(engine, row):g} s"
            do = "return this number at every step"
            is_first = engine.state.step + row == 0
            if is_first and len(values) and op.name.startswith("<node"):
                do += f", or pass size_out={len(values)}"
            check.fail(op.name, "function", f"return {check.counted(size, 'value')}", got, do)
        if not np.isfinite(values).all():
            _not_finite(engine, op, row, values)
        return values

    def note(error: Exception, row: int) -> None:
        error.add_note(f"in the function of {op.name} at t = {_time(engine, row):g} s")

    function = UserFunction(op.function, op.form, checked, note)
    take = _taking(engine, index, function, op.input)
    if take is not None:
        engine.takes[index] = take
        return _one_by_one(engine, index, take)

    def value(row: int, trial: int) -> Array:
        t = _time(engine, row)
        arguments: tuple[Any, ...] = () if op.form == "x" else (t,)
        if op.input is not None:
            x = engine.read(op.input, row, row + 1)[0]
            arguments = (*arguments, (x if x.ndim == 1 else x[trial]).copy())
        try:
            result = op.function(*arguments)
        except Exception as error:
            note(error, row)
            raise
        return checked(result, row)

    return _row_by_row(engine, index, value, op.input is not None)


def _taking(
    engine: Engine, index: int, function: UserFunction, read: Read | None
) -> Callable[[int], None] | None:
    """A function ``take(row)`` that calls a function of the user and stores its result.

    None for a batch of several trials, or if single elements of a signal are read.
    """
    out = engine.rows[outputs(engine.program.ops[index])[0]]
    is_scattered = read is not None and isinstance(read.columns, np.ndarray)
    if out.ndim != 2 or is_scattered:
        return None
    x: Any = None
    shift = 1
    if read is not None:
        x, shift = engine.rows[read.signal], 1 - read.delay
        x = x if read.columns is None else x[..., read.columns]
    call, has_t, note = function.function, "t" in function.form, function.note
    # Single steps hold this function, and the state holds them.
    state: State = proxy(engine.state)
    dt, done, store = engine.program.dt, engine.rows_done, storing(out)

    def take(row: int) -> None:
        state.under_way = row
        t = (state.step + row + 1) * dt
        try:
            if x is None:
                value = call(t)
            elif has_t:
                value = call(t, x[row + shift].copy())
            else:
                value = call(x[row + shift].copy())
        except Exception as error:
            if note is not None:
                note(error, row)
            raise
        if not store(row + 1, value):
            out[row + 1] = function.check(value, row)
        done[index] = row + 1

    return take


def _one_by_one(engine: Engine, index: int, take: Callable[[int], None]) -> Advance:
    """The ``advance`` of ``take``, which is called once for each row, also after an error."""
    done = engine.rows_done

    def advance(lo: int, hi: int) -> None:
        if hi - lo == 1:
            if done.get(index, 0) <= lo:
                take(lo)
            return
        for row in range(max(lo, done.get(index, 0)), hi):
            interrupts.check()
            take(row)
            engine.good = row + 1

    return advance


def _row_by_row(
    engine: Engine, index: int, value: Callable[[int, int], Array], for_each_trial: bool
) -> Advance:
    """An ``advance`` that calls ``value(row, trial)`` once per row, also if a chunk is repeated."""
    out = engine.rows[outputs(engine.program.ops[index])[0]]
    trials = out.shape[1] if out.ndim == 3 and for_each_trial else 1
    values: list[Array] = []  # of the trials of this row

    def advance(lo: int, hi: int) -> None:
        for row in range(max(lo, engine.rows_done.get(index, 0)), hi):
            interrupts.check()
            engine.state.under_way = row
            while len(values) < trials:
                values.append(value(row, len(values)))
            out[row + 1] = values[0] if trials == 1 else values
            values.clear()
            engine.rows_done[index] = row + 1
            if hi - lo > 1:
                engine.good = row + 1

    return advance


def _time(engine: Engine, row: int) -> float:
    return (engine.state.step + row + 1) * engine.program.dt


def _not_finite(engine: Engine, op: Evaluate, row: int, value: Array) -> None:
    where = tuple(np.argwhere(~np.isfinite(value))[0].tolist())
    at = f" (element {', '.join(map(str, where))})" if value.size > 1 else ""
    got = f"{value[where]:g}{at} at t = {_time(engine, row):g} s"
    check.fail(op.name, "function", "return finite numbers", got, "guard it at this time")


def play(engine: Engine, op: Play, index: int) -> Advance:
    """The ``advance`` of a process, with a running process for each trial."""
    out = engine.rows[op.output]
    trials = engine.state.running[index]
    name = engine.program.signals[op.output].name

    def values(trial: int, lo: int, hi: int) -> Array:
        try:
            rows = trials[trial](engine.state.step + lo, hi - lo)
        except Exception as error:
            error.add_note(f"in the process of {name} from t = {_time(engine, lo):g} s on")
            raise
        shape = (hi - lo, out.shape[-1])
        if np.shape(rows) != shape or not np.isfinite(rows).all():
            got = f"{check.show(rows)} at t = {_time(engine, lo):g} s"
            do = "correct the function that its start returns"
            check.fail(name, "process", f"return finite numbers of shape {shape}", got, do)
        return rows

    if any(process.calls_functions for process in trials):
        return _row_by_row(engine, index, lambda row, b: values(b, row, row + 1)[0], True)

    def advance(lo: int, hi: int) -> None:
        rows = [values(trial, lo, hi) for trial in range(len(trials))]
        out[lo + 1 : hi + 1] = rows[0] if out.ndim == 2 else np.stack(rows, axis=1)

    return advance


def _call(engine: Engine, op: Call, index: int) -> Advance:
    """The ``advance`` of a step with memory, called row by row; no step is called twice."""
    steps = engine.state.steps[index]
    if len(steps) == 1 and isinstance(steps[0], UserFunction):
        take_row = _taking(engine, index, steps[0], op.inputs[0] if op.inputs else None)
        if take_row is not None:
            engine.takes[index] = take_row
            return _one_by_one(engine, index, take_row)
    outs = [engine.rows[signal] for signal in op.outputs]
    reads = [(engine.rows[r.signal], 1 - r.delay, r.columns) for r in op.inputs]
    dt, several = engine.program.dt, len(outs) > 1

    def inputs(row: int) -> list[Array]:
        values = [rows[row + shift] for rows, shift, _ in reads]
        columns = (columns for _, _, columns in reads)
        return [v if c is None else v[..., c] for v, c in zip(values, columns, strict=True)]

    def take(row: int) -> None:
        engine.state.under_way = row
        t = (engine.state.step + row + 1) * dt
        values = inputs(row) if reads else []
        for trial, step in enumerate(steps):
            target: Any = row + 1 if outs[0].ndim == 2 else (row + 1, trial)
            arguments = [x[trial] for x in values] if outs[0].ndim == 3 else values
            result = step(t, *arguments)
            if several:
                for out, part in zip(outs, result, strict=True):
                    out[target] = part
            else:
                outs[0][target] = result

    def advance(lo: int, hi: int) -> None:
        row = max(lo, engine.rows_done.get(index, 0))
        try:
            while row < hi:
                interrupts.check()
                take(row)
                row += 1
        finally:
            engine.rows_done[index] = max(row, engine.rows_done.get(index, 0))
            if hi - lo > 1:
                engine.good = max(engine.good, row)

    return advance


def _call_at_once(engine: Engine, op: Call, index: int) -> Advance:
    """The ``advance`` of a step that computes many rows at once; no row is computed twice."""
    out = engine.rows[op.output]

    def advance(lo: int, hi: int) -> None:
        lo = max(lo, engine.rows_done.get(index, 0))
        if lo >= hi:
            return
        first, steps = engine.state.step, engine.state.steps[index]
        times = np.arange(first + lo + 1, first + hi + 1) * engine.program.dt
        inputs = [engine.read(read, lo, hi) for read in op.inputs]
        if out.ndim == 2:
            out[lo + 1 : hi + 1] = steps[0](times, *inputs)
        else:
            for trial, step in enumerate(steps):
                out[lo + 1 : hi + 1, trial] = step(times, *(x[:, trial] for x in inputs))
        engine.rows_done[index] = hi

    if not op.inputs and all(
        isinstance(step, FunctionOfTimes) for step in engine.state.steps[index]
    ):
        engine.ahead[index] = advance
    return advance
