"""Weights that change, in NumPy: their use and their rules, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.vectorised.layout import picking
from nefsim.program import Learn, Part, Read, Weigh

Array = NDArray[np.float64]


def weigh(engine: Engine, op: Weigh, index: int) -> Advance:
    """``output = weights @ input`` with the weights of this step."""
    out, weights = engine.rows[op.output], engine.state.ops[index]["weights"]
    shown = None if op.observed is None else engine.rows[op.observed]

    read = _rows(engine, op.input, ...)

    def advance(lo: int, hi: int) -> None:
        with np.errstate(all="ignore"):  # what diverges is told by the engine, with its time
            for row in range(lo, hi):
                if weights.ndim == 2:
                    np.matmul(read(row), weights, out=out[row + 1])
                else:  # each trial has its own
                    out[row + 1] = (read(row)[:, None] @ weights)[:, 0]
                if shown is not None:
                    shown[row + 1] = weights.swapaxes(-1, -2).reshape(shown[row + 1].shape)

    return advance


def learn(engine: Engine, op: Learn, index: int) -> Advance:
    """Rules see the weights as they were; then their changes are added, in order."""
    weights = engine.state.ops[engine.program.writer[op.learned.output]]["weights"]
    memory, dt = engine.state.ops[index], engine.program.dt
    n_trials = 1 if weights.ndim == 2 else len(weights)
    lessons = []
    for b in range(n_trials):
        trial = ... if weights.ndim == 2 else b
        mine = weights[trial].T
        parts = [
            _lesson(engine, op, i, part, memory, mine, trial) for i, part in enumerate(op.parts)
        ]
        lessons.append((mine, parts))

    def advance(lo: int, hi: int) -> None:
        with np.errstate(all="ignore"):
            for row in range(lo, hi):
                for mine, parts in lessons:
                    for change in [part(row) for part in parts]:
                        if change is not None:
                            mine += dt * change

    return advance


def _lesson(
    engine: Engine,
    op: Learn,
    place: int,
    part: Part,
    memory: dict[str, Array],
    weights: Array,
    trial: Any,
) -> Callable[[int], Any]:
    """The change in a second that one rule asks for at a row; None where it is switched off."""
    seen = weights.view()
    seen.setflags(write=False)
    prefix = f"{place} "
    fixed: dict[str, Any] = dict(part.constants)
    for name, values in memory.items():
        if name.startswith(prefix):
            fixed[name.removeprefix(prefix)] = values[trial]
    traces = {name: _rows(engine, read, trial) for name, read in part.traces.items()}
    pre, post = traces.pop("pre"), traces.pop("post", _nothing)
    error, gate = _rows(engine, part.error, trial), _rows(engine, part.gate, trial)

    def change(row: int) -> Any:
        switch = gate(row)
        if switch is not None and switch[0] == 0.0:
            return None
        more = {name: trace(row) for name, trace in traces.items()}
        try:
            found = part.rule.step(pre(row), post(row), error(row), seen, **more, **fixed)
        except Exception as problem:
            problem.add_note(f"in {op.name} at t = {_time(engine, row):g} s")
            raise
        if np.shape(found) != seen.shape:
            got = f"{check.show(found)} at t = {_time(engine, row):g} s"
            must, do = f"return the change of {seen.shape} weights", "return one number for each"
            check.fail(f"{type(part.rule).__name__}.step", "result", must, got, do)
        return found if switch is None else switch[0] * found

    return change


def _rows(engine: Engine, read: Read | None, trial: Any) -> Callable[[int], Any]:
    """A signal of one trial by its row, as it is read."""
    if read is None:
        return _nothing
    rows = engine.rows[read.signal][1 - read.delay :]
    rows = rows if trial is ... else rows[:, trial]
    return picking(rows, slice(None) if read.columns is None else read.columns)


def _nothing(row: int) -> None:
    """What is not connected."""
    del row


def _time(engine: Engine, row: int) -> float:
    return (engine.state.step + row + 1) * engine.program.dt
