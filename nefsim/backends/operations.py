"""The operations of a program on rows of NumPy arrays.

Each maker below returns ``advance(lo, hi)``, which computes rows ``lo + 1`` to ``hi`` of an
operation's output; see :mod:`nefsim.backends.engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import interrupts
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.learning import learn, weigh
from nefsim.network.functions import call, is_elementwise
from nefsim.program import Call, Evaluate, Filter, Learn, Neurons, Play, Sum, Weigh, outputs

Array = NDArray[np.float64]

#: From this many rows on, SciPy's filter beats a loop over them.
ROWS_FOR_LFILTER = 16


def advances(engine: Engine, index: int) -> Advance:
    """The ``advance`` of an operation, by its kind."""
    op = engine.program.ops[index]
    if isinstance(op, Sum):
        return _sum(engine, op)
    if isinstance(op, Evaluate):
        if is_elementwise(op.function):
            return _evaluate_at_once(engine, op)
        return _evaluate(engine, op, index)
    if isinstance(op, Play):
        return _play(engine, op, index)
    if isinstance(op, Call):
        return _call_at_once(engine, op, index) if op.chunked else _call(engine, op, index)
    if isinstance(op, Neurons):
        return _neurons(engine, op, index)
    if isinstance(op, Weigh):
        return weigh(engine, op, index)
    if isinstance(op, Learn):
        return learn(engine, op, index)
    return _filter(engine, op, index)


def _sum(engine: Engine, op: Sum) -> Advance:
    out = engine.rows[op.output]
    matrices = [_from_the_right(term.matrix, out.dtype) for term in op.terms]
    reads = [term.read for term in op.terms]
    offset = 0.0 if op.offset is None else op.offset.astype(out.dtype)
    only = matrices[0] if len(op.terms) == 1 and op.offset is None else None
    if isinstance(only, np.ndarray) and only.ndim == 2 and op.terms[0].rows is None:

        def multiply(lo: int, hi: int) -> None:
            np.matmul(engine.read(reads[0], lo, hi), only, out=out[lo + 1 : hi + 1])

        return multiply

    def add(lo: int, hi: int) -> None:
        total = out[lo + 1 : hi + 1]
        total[...] = offset
        for term, matrix in zip(op.terms, matrices, strict=True):
            value = _product(engine.read(term.read, lo, hi), matrix)
            if term.rows is None:
                total += value
            else:
                total[..., term.rows] += value

    return add


def _from_the_right(matrix: Any, dtype: np.dtype[Any]) -> Any:
    """A matrix as it multiplies rows from the right; None for the identity."""
    if hasattr(matrix, "tocsr"):
        return matrix.tocsr().astype(dtype)
    if matrix is None or np.ndim(matrix) == 0:
        return None if matrix is None or matrix == 1.0 else dtype.type(matrix)
    array = np.asarray(matrix, dtype)
    return array if array.ndim == 1 else np.ascontiguousarray(array.T)


def _product(rows: Array, matrix: Any) -> Array:
    if matrix is None:
        return rows
    if hasattr(matrix, "tocsr"):
        flat = matrix @ rows.reshape(-1, rows.shape[-1]).T
        return np.asarray(flat.T.reshape(*rows.shape[:-1], matrix.shape[0]))
    return np.asarray(rows @ matrix if np.ndim(matrix) == 2 else rows * matrix)


def _evaluate_at_once(engine: Engine, op: Evaluate) -> Advance:
    """A NumPy function, of all times or values of a chunk at once."""
    out = engine.rows[op.output]

    def advance(lo: int, hi: int) -> None:
        if op.input is None:
            first = engine.state.step
            times = np.arange(first + lo + 1, first + hi + 1) * engine.program.dt
            x = times.reshape(-1, *[1] * (out.ndim - 1))
        else:
            x = engine.read(op.input, lo, hi)
        with np.errstate(all="ignore"):  # what is not finite is told below, with its time
            out[lo + 1 : hi + 1] = op.function(x)
        finite = np.isfinite(out[lo + 1 : hi + 1])
        if not finite.all():
            row = lo + int(np.argmin(finite.reshape(hi - lo, -1).all(axis=1)))
            engine.good = max(engine.good, row)
            _not_finite(engine, op, row, out[row + 1])

    return advance


def _evaluate(engine: Engine, op: Evaluate, index: int) -> Advance:
    """A function of the user; without input it has one value for all trials."""
    out = engine.rows[op.output]
    size = out.shape[-1]

    def value(row: int, trial: int) -> Array:
        t = _time(engine, row)
        given: tuple[Any, ...] = () if op.form == "x" else (t,)
        if op.input is not None:
            x = engine.read(op.input, row, row + 1)[0]
            given = (*given, (x if x.ndim == 1 else x[trial]).copy())
        try:
            result = call(op.name, "function", op.function, *given)
        except Exception as error:
            error.add_note(f"in the function of {op.name} at t = {t:g} s")
            raise
        if len(result) != size:
            got, do = f"{len(result)} at t = {t:g} s", "return as many values at every step"
            check.fail(op.name, "function", f"return {size} values", got, do)
        if not np.isfinite(result).all():
            _not_finite(engine, op, row, result)
        return result

    return _row_by_row(engine, index, value, op.input is not None)


def _row_by_row(
    engine: Engine, index: int, value: Callable[[int, int], Array], for_each_trial: bool
) -> Advance:
    """``value(row, trial)``, asked for once, whatever happens to it or after it."""
    out = engine.rows[outputs(engine.program.ops[index])[0]]
    trials = out.shape[1] if out.ndim == 3 and for_each_trial else 1
    done: list[Array] = []  # of the trials of this row

    def advance(lo: int, hi: int) -> None:
        for row in range(max(lo, engine.called.get(index, 0)), hi):
            interrupts.check()
            while len(done) < trials:
                done.append(value(row, len(done)))
            out[row + 1] = done[0] if trials == 1 else done
            done.clear()
            engine.called[index] = row + 1
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


def _play(engine: Engine, op: Play, index: int) -> Advance:
    """A process, one for each trial."""
    out = engine.rows[op.output]
    trials = engine.state.running[index]
    name = engine.program.signals[op.output].name

    def values(trial: int, lo: int, hi: int) -> Array:
        try:
            given = trials[trial](engine.state.step + lo, hi - lo)
        except Exception as error:
            error.add_note(f"in the process of {name} from t = {_time(engine, lo):g} s on")
            raise
        wanted = (hi - lo, out.shape[-1])
        if np.shape(given) != wanted or not np.isfinite(given).all():
            got = f"{check.show(given)} at t = {_time(engine, lo):g} s"
            do = "mend its start"
            check.fail(name, "process", f"give finite numbers of shape {wanted}", got, do)
        return given

    if any(process.calls_functions for process in trials):
        return _row_by_row(engine, index, lambda row, b: values(b, row, row + 1)[0], True)

    def advance(lo: int, hi: int) -> None:
        rows = [values(trial, lo, hi) for trial in range(len(trials))]
        out[lo + 1 : hi + 1] = rows[0] if out.ndim == 2 else np.stack(rows, axis=1)

    return advance


def _call(engine: Engine, op: Call, index: int) -> Advance:
    """Steps in Python with a memory, one by one; each is taken once, whatever comes after it."""
    outs = [engine.rows[signal] for signal in op.outputs]
    reads = [(engine.rows[r.signal], 1 - r.delay, r.columns) for r in op.reads]
    steps, dt, several = engine.state.steps[index], engine.program.dt, len(outs) > 1

    def inputs(row: int) -> list[Array]:
        values = [rows[row + shift] for rows, shift, _ in reads]
        columns = (columns for _, _, columns in reads)
        return [v if c is None else v[..., c] for v, c in zip(values, columns, strict=True)]

    def take(row: int) -> None:
        t = (engine.state.step + row + 1) * dt
        given = inputs(row) if reads else []
        for trial, step in enumerate(steps):
            place: Any = row + 1 if outs[0].ndim == 2 else (row + 1, trial)
            mine = [x[trial] for x in given] if outs[0].ndim == 3 else given
            value = step(t, *mine)
            if several:
                for out, part in zip(outs, value, strict=True):
                    out[place] = part
            else:
                outs[0][place] = value

    def advance(lo: int, hi: int) -> None:
        row = max(lo, engine.called.get(index, 0))
        try:
            while row < hi:
                interrupts.check()
                take(row)
                row += 1
        finally:
            engine.called[index] = max(row, engine.called.get(index, 0))
            if hi - lo > 1:
                engine.good = max(engine.good, row)

    return advance


def _call_at_once(engine: Engine, op: Call, index: int) -> Advance:
    """Many steps in Python with a memory at once; none of them is taken twice."""
    out = engine.rows[op.output]

    def advance(lo: int, hi: int) -> None:
        lo = max(lo, engine.called.get(index, 0))
        if lo >= hi:
            return
        first, steps = engine.state.step, engine.state.steps[index]
        times = np.arange(first + lo + 1, first + hi + 1) * engine.program.dt
        inputs = [engine.read(read, lo, hi) for read in op.reads]
        if out.ndim == 2:
            out[lo + 1 : hi + 1] = steps[0](times, *inputs)
        else:
            for trial, step in enumerate(steps):
                out[lo + 1 : hi + 1, trial] = step(times, *(x[:, trial] for x in inputs))
        engine.called[index] = hi

    return advance


class _Trials:
    """Draws for a batch, each trial from its own generator."""

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = generators

    def random(self, shape: tuple[int, ...]) -> Array:
        """Uniform numbers, a row per trial."""
        return np.stack([rng.random(shape[1:]) for rng in self.generators])

    def poisson(self, mean: Array) -> NDArray[np.int64]:
        """Poisson numbers, a row per trial."""
        return np.stack([rng.poisson(m) for rng, m in zip(self.generators, mean, strict=True)])


def _neurons(engine: Engine, op: Neurons, index: int) -> Advance:
    """Neurons step row by row, as their next step needs the last."""
    out, current = engine.rows[op.output], engine.rows[op.current]
    memory, streams = engine.state.ops[index], engine.state.rngs[index]
    observed = [(name, engine.rows[signal]) for name, signal in op.observed]
    rng: Any = streams[0] if out.ndim == 2 else _Trials(streams)
    step, dt, read = op.neuron.step, engine.program.dt, op.neuron.read

    def advance(lo: int, hi: int) -> None:
        for k in range(lo + 1, hi + 1):
            step(current[k], memory, dt, out[k], rng)
            for name, rows in observed:
                rows[k] = read(memory, name)

    return advance


def _filter(engine: Engine, op: Filter, index: int) -> Advance:
    """Direct form II transposed, as SciPy's ``lfilter``, over many rows or one."""
    out, u = engine.rows[op.output], engine.rows[op.input]
    z = engine.state.ops[index]["z"]
    order = len(z)
    b = np.zeros(order + 1, out.dtype)
    a = np.zeros(order + 1, out.dtype)
    b[: len(op.b)], a[: len(op.a)] = op.b, op.a
    columns_b = b[1:].reshape(order, *[1] * (out.ndim - 1))
    columns_a = a[1:].reshape(order, *[1] * (out.ndim - 1))

    def advance(lo: int, hi: int) -> None:
        if order == 0:
            np.multiply(u[lo + 1 : hi + 1], b[0], out=out[lo + 1 : hi + 1])
        elif hi - lo >= ROWS_FOR_LFILTER:
            from scipy.signal import lfilter

            out[lo + 1 : hi + 1], z[...] = lfilter(b, a, u[lo + 1 : hi + 1], axis=0, zi=z)
        else:
            for k in range(lo + 1, hi + 1):
                y = np.multiply(u[k], b[0], out=out[k])
                y += z[0]
                z[:-1] = z[1:]
                z[-1] = 0.0
                z[...] += columns_b * u[k]
                z[...] -= columns_a * y

    return advance
