"""A block of operations of which some call Python and others are compiled, step by step.

In a step, spans of the instruction table alternate with functions.  The last span of a step and
the first one of the next step follow each other, and are one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import proxy

from nefsim.backends import interrupts
from nefsim.backends.compiled.calls import Prepared
from nefsim.backends.engine import Advance, Engine

Part = Prepared | int


def mixed_advance(
    engine: Engine,
    parts: Sequence[Part],
    advances: Callable[[int], Advance],
    joined: Callable[[Prepared, Prepared], Prepared],
) -> Advance:
    """The ``advance`` of a block.

    Parameters
    ----------
    engine : Engine
        The engine.
    parts : sequence of Prepared or int
        Calls of the interpreter, and indices of operations in Python, in the order of a step.
    advances : callable
        The ``advance`` of an operation in Python.
    joined : callable
        ``joined(last, first)`` is one call of the last part of a step and the first of the next.

    Returns
    -------
    callable
    """
    engine = proxy(engine)  # it owns the function
    one_row = [part.rows if isinstance(part, Prepared) else advances(part) for part in parts]
    in_python = [part for part in parts if isinstance(part, int)]
    first, last = parts[0], parts[-1]
    if not isinstance(first, Prepared) or not isinstance(last, Prepared) or len(parts) < 3:
        return _by_rows(engine, one_row)
    takes = [_takes(engine, part, step) for part, step in zip(parts, one_row, strict=True)][1:-1]
    both, done = joined(last, first), engine.rows_done

    def advance(lo: int, hi: int) -> None:
        if hi - lo == 1:
            for step in one_row:
                step(lo, hi)
            engine.good = hi
            return
        row = lo
        try:
            first.rows(lo, lo + 1)
            both.row = lo
            # After an error, rows that functions have computed are not computed again.
            repeated = max((done.get(i, 0) for i in in_python), default=0)
            while row < hi - 1:
                if row < repeated:
                    for step in one_row[1:-1]:
                        step(row, row + 1)
                else:
                    for take in takes:
                        take(row)
                both()
                row += 1
                if interrupts.is_waiting:
                    interrupts.check()
            for step in one_row[1:]:
                step(row, hi)
            row = hi
            interrupts.check()
        finally:
            engine.good = row

    return advance


def _takes(engine: Engine, part: Part, step: Advance) -> Callable[[int], None]:
    """A part as a function of the row alone."""
    if isinstance(part, int) and part in engine.takes:
        return engine.takes[part]
    return lambda row: step(row, row + 1)


def _by_rows(engine: Engine, steps: Sequence[Advance]) -> Advance:
    """All parts in turn for each row."""

    def advance(lo: int, hi: int) -> None:
        for row in range(lo, hi):
            for step in steps:
                step(row, row + 1)
            engine.good = row + 1
            if interrupts.is_waiting:
                interrupts.check()

    return advance
