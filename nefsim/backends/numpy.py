"""The reference back end: every operation of a program in NumPy, many steps at a time."""

from __future__ import annotations

import numpy as np

from nefsim.backends import Runner
from nefsim.backends.engine import Engine, HasProgram, chunk_length
from nefsim.backends.operations import advances
from nefsim.program import State


def prepare(built: HasProgram, state: State) -> Runner:
    """A runner for ``built.program`` that advances ``state``."""
    program = built.program
    length = chunk_length(sum(signal.size for signal in state.signals))
    rows = [np.zeros((length + 1, *signal.shape), signal.dtype) for signal in state.signals]
    engine = Engine(program, state, rows)
    ops = [advances(engine, i) for i in range(len(program.ops))]
    engine.plan = [([ops[i] for i in group.ops], group.loop) for group in program.groups]
    return engine.run
