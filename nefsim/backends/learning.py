"""Weights that change, in NumPy: their use and their rules, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends.engine import Advance, Engine
from nefsim.program import Learn, Part, Weigh, weighing_index

Array = NDArray[np.float64]


def weigh(engine: Engine, op: Weigh, index: int) -> Advance:
    """``output = weights @ input`` with the weights of this step."""
    out, weights = engine.rows[op.output], engine.state.ops[index]["weights"]
    shown = None if op.observed is None else engine.rows[op.observed]

    @np.errstate(all="ignore")  # what diverges is told by the engine, with its time
    def advance(lo: int, hi: int) -> None:
        x = engine.read(op.input, lo, hi)
        for k in range(hi - lo):
            row = lo + 1 + k
            if weights.ndim == 2:
                np.matmul(x[k], weights, out=out[row])
            else:  # each trial has its own
                out[row] = (x[k][:, None] @ weights)[:, 0]
            if shown is not None:
                shown[row] = weights.swapaxes(-1, -2).reshape(shown[row].shape)

    return advance


def learn(engine: Engine, op: Learn, index: int) -> Advance:
    """Rules see the weights as they were; then their changes are added, in order."""
    weights = engine.state.ops[weighing_index(engine.program, op)]["weights"]
    memory, dt = engine.state.ops[index], engine.program.dt
    trials: list[Any] = [...] if weights.ndim == 2 else list(range(len(weights)))

    @np.errstate(all="ignore")
    def advance(lo: int, hi: int) -> None:
        for row in range(lo, hi):
            for trial in trials:
                mine = weights[trial].T
                seen = mine.view()
                seen.setflags(write=False)
                changes = [
                    _change(engine, op, i, part, memory, seen, row, trial)
                    for i, part in enumerate(op.parts)
                ]
                for change in changes:
                    if change is not None:
                        mine += dt * change

    return advance


def _change(
    engine: Engine,
    op: Learn,
    place: int,
    part: Part,
    memory: dict[str, Array],
    weights: Array,
    row: int,
    trial: Any,
) -> Any:
    """The change in a second that one rule asks for; None where it is switched off."""

    def value(read: Any) -> Any:
        return None if read is None else engine.read(read, row, row + 1)[0][trial]

    gate = value(part.gate)
    if gate is not None and gate[0] == 0.0:
        return None
    more = {name: value(read) for name, read in part.traces.items()}
    pre, post = more.pop("pre"), more.pop("post", None)
    prefix = f"{place} "
    own = {
        name.removeprefix(prefix): values[trial]
        for name, values in memory.items()
        if name.startswith(prefix)
    }
    time = (engine.state.step + row + 1) * engine.program.dt
    try:
        change = part.rule.step(
            pre, post, value(part.error), weights, **more, **part.constants, **own
        )
    except Exception as error:
        error.add_note(f"in {op.name} at t = {time:g} s")
        raise
    if np.shape(change) != weights.shape:
        got = f"{check.show(change)} at t = {time:g} s"
        must, do = f"return the change of {weights.shape} weights", "return one number for each"
        check.fail(f"{type(part.rule).__name__}.step", "result", must, got, do)
    return change if gate is None else gate[0] * change
