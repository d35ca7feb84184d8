"""Run products with learned weights, and learning rules, step by step in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.vectorised.layout import picker
from nefsim.program import Learn, Part, Read, Weigh

Array = NDArray[np.float64]


def weigh(engine: Engine, op: Weigh, index: int) -> Advance:
    """``output = weights @ input`` with the weights of this step."""
    out, weights = engine.rows[op.output], engine.state.ops[index]["weights"]
    probed = None if op.observed is None else engine.rows[op.observed]

    read = _row_reader(engine, op.input, ...)

    def advance(lo: int, hi: int) -> None:
        with np.errstate(all="ignore"):  # the engine raises if weights diverge, with the time
            for row in range(lo, hi):
                if weights.ndim == 2:
                    np.matmul(read(row), weights, out=out[row + 1])
                else:  # each trial has a matrix
                    out[row + 1] = (read(row)[:, None] @ weights)[:, 0]
                if probed is not None:
                    probed[row + 1] = weights.swapaxes(-1, -2).reshape(probed[row + 1].shape)

    return advance


def learn(engine: Engine, op: Learn, index: int) -> Advance:
    """The ``advance`` of learning rules: all read the old weights; then changes are added."""
    weights = engine.state.ops[engine.program.writer[op.learned.output]]["weights"]
    memory, dt = engine.state.ops[index], engine.program.dt
    n_trials = 1 if weights.ndim == 2 else len(weights)
    rules_of_trials = []
    for b in range(n_trials):
        trial = ... if weights.ndim == 2 else b
        matrix = weights[trial].T
        parts = [
            _term(engine, op, i, part, memory, matrix, trial) for i, part in enumerate(op.parts)
        ]
        rules_of_trials.append((matrix, parts))

    def advance(lo: int, hi: int) -> None:
        with np.errstate(all="ignore"):
            for row in range(lo, hi):
                for matrix, parts in rules_of_trials:
                    for change in [part(row) for part in parts]:
                        if change is not None:
                            matrix += dt * change

    return advance


def _term(
    engine: Engine,
    op: Learn,
    place: int,
    part: Part,
    memory: dict[str, Array],
    weights: Array,
    trial: Any,
) -> Callable[[int], Any]:
    """A function of a row that returns a rule's change per second; None where its gate is 0."""
    view = weights.view()
    view.setflags(write=False)
    prefix = f"{place} "
    fixed: dict[str, Any] = dict(part.constants)
    for name, values in memory.items():
        if name.startswith(prefix):
            fixed[name.removeprefix(prefix)] = values[trial]
    traces = {name: _row_reader(engine, read, trial) for name, read in part.traces.items()}
    pre, post = traces.pop("pre"), traces.pop("post", _no_signal)
    error, gate = _row_reader(engine, part.error, trial), _row_reader(engine, part.gate, trial)

    def change(row: int) -> Any:
        switch = gate(row)
        if switch is not None and switch[0] == 0.0:
            return None
        more = {name: trace(row) for name, trace in traces.items()}
        try:
            result = part.rule.step(pre(row), post(row), error(row), view, **more, **fixed)
        except Exception as problem:
            problem.add_note(f"in {op.name} at t = {_time(engine, row):g} s")
            raise
        if np.shape(result) != view.shape:
            got = f"{check.show(result)} at t = {_time(engine, row):g} s"
            must, do = f"return the change of {view.shape} weights", "return one number for each"
            check.fail(f"{type(part.rule).__name__}.step", "result", must, got, do)
        return result if switch is None else switch[0] * result

    return change


def _row_reader(engine: Engine, read: Read | None, trial: Any) -> Callable[[int], Any]:
    """A function of a row that returns the values of a read in one trial."""
    if read is None:
        return _no_signal
    rows = engine.rows[read.signal][1 - read.delay :]
    rows = rows if trial is ... else rows[:, trial]
    return picker(rows, slice(None) if read.columns is None else read.columns)


def _no_signal(row: int) -> None:
    """The value of an error or gate that nothing is connected to: None."""
    del row


def _time(engine: Engine, row: int) -> float:
    return (engine.state.step + row + 1) * engine.program.dt
