"""Run an operation that is alone in its batch in NumPy."""

from __future__ import annotations

from weakref import proxy

from nefsim.backends.engine import Advance, Engine
from nefsim.backends.python_ops import call_step, evaluate, play
from nefsim.backends.vectorised.learning import learn, weigh
from nefsim.backends.vectorised.populations import population
from nefsim.program import Call, Evaluate, Learn, Neurons, Play, Sum, Weigh


def advances(engine: Engine, index: int) -> Advance:
    """The ``advance`` of an operation that is alone in its batch.

    The engine owns these functions.  They refer to it weakly, so that it is freed with its
    simulator, and not when Python next looks for circles of references.
    """
    op = engine.program.ops[index]
    engine = proxy(engine)
    match op:
        case Evaluate():
            return evaluate(engine, op, index)
        case Play():
            return play(engine, op, index)
        case Call():
            return call_step(engine, op, index)
        case Weigh():
            return weigh(engine, op, index)
        case Learn():
            return learn(engine, op, index)
        case Sum():
            return _held(engine, op, index)
    assert isinstance(op, Neurons)
    return population(engine, op, index)


def _held(engine: Engine, op: Sum, index: int) -> Advance:
    """Repeat the value that a user has set."""
    out, value = engine.rows[op.output], engine.state.ops[index]["value"]

    def advance(lo: int, hi: int) -> None:
        out[lo + 1 : hi + 1] = value

    return advance
