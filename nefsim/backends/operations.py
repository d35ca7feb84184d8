"""The operations of a program on rows of NumPy arrays, all but sums.

Each maker below returns ``advance(lo, hi)``, which computes rows ``lo + 1`` to ``hi`` of an
operation's output; see :mod:`nefsim.backends.engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import interrupts
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.layout import picking
from nefsim.backends.learning import learn, weigh
from nefsim.filtering import COLUMNS_FOR_LFILTER, many_rows, one_row
from nefsim.network.functions import call, is_elementwise
from nefsim.neurons import NeuronType
from nefsim.program import Call, Evaluate, Filter, Index, Learn, Neurons, Play, Weigh, outputs

Array = NDArray[np.float64]


def advances(engine: Engine, index: int) -> Advance:
    """The ``advance`` of an operation that is alone in what it does."""
    op = engine.program.ops[index]
    if isinstance(op, Evaluate):
        if is_elementwise(op.function):
            return _evaluate_at_once(engine, op)
        return _evaluate(engine, op, index)
    if isinstance(op, Play):
        return _play(engine, op, index)
    if isinstance(op, Call):
        return _call_at_once(engine, op, index) if op.chunked else _call(engine, op, index)
    if isinstance(op, Weigh):
        return weigh(engine, op, index)
    if isinstance(op, Learn):
        return learn(engine, op, index)
    assert isinstance(op, Neurons)
    return _neurons(engine, op, index)


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
    """One population, with random streams of its own."""
    out, current = engine.rows[op.output], engine.rows[op.current]
    memory, streams = engine.state.ops[index], engine.state.rngs[index]
    rng: Any = streams[0] if out.ndim == 2 else _Trials(streams)
    return stepping(
        op.neuron, engine.program.dt, current, out, memory, observing(engine, index), rng
    )


def observing(engine: Engine, index: int) -> list[tuple[Callable[[], Array], Array]]:
    """What shows a state variable of a population after a step, and the rows to show it in."""
    op, memory = engine.program.ops[index], engine.state.ops[index]
    assert isinstance(op, Neurons)
    read = op.neuron.read
    return [(partial(read, memory, name), engine.rows[signal]) for name, signal in op.observed]


def stepping(
    neuron: NeuronType,
    dt: float,
    current: Array,
    out: Array,
    memory: dict[str, Array],
    observed: Sequence[tuple[Callable[[], Array], Array]],
    rng: Any = None,
) -> Advance:
    """Neurons step row by row, as their next step needs the last."""
    step = neuron.step

    def advance(lo: int, hi: int) -> None:
        for k in range(lo + 1, hi + 1):
            step(current[k], memory, dt, out[k], rng)
            for value, rows in observed:
                rows[k] = value()

    return advance


def filtering(op: Filter, source: Array, columns: Index, out: Array, z: Array) -> Advance:
    """A filter over many rows or one."""
    pick = picking(source, columns)
    one, many = one_row(op.form, z), many_rows(op.form, z)
    # Scattered columns of all rows at once would be a large copy.
    is_apart = not isinstance(columns, slice) and out[0].size > COLUMNS_FOR_LFILTER

    def advance(lo: int, hi: int) -> None:
        if hi - lo > 1 and not is_apart:
            many(pick(slice(lo + 1, hi + 1)), out[lo + 1 : hi + 1])
            return
        for k in range(lo + 1, hi + 1):
            one(pick(k), out[k])

    return advance
