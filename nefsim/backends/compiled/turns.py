"""Steps of a block that the cores share, with functions in Python between their phases.

The first thread runs phases with the others until one of Python comes, calls its functions, and
then releases the next phase, for which the others wait meanwhile (:mod:`.kernel.shared`).
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any
from weakref import proxy

from nefsim.backends import interrupts
from nefsim.backends.compiled import opcodes
from nefsim.backends.compiled.cores import (
    MIN_WORK_FOR_THREADS,
    call_of,
    cores,
    one_call,
    shared_memory,
    with_helpers,
)
from nefsim.backends.compiled.stages import Loop
from nefsim.backends.engine import Advance, Engine

#: A number of phases that no chunk has.
END = 1 << 62

#: The first steps of a chunk, by which the rest of it is shared: if functions take more than this
#: part of their time, the other threads would wait most of the time.
TRIAL, MOST_IN_PYTHON = 16, 0.5


def in_turns(
    engine: Engine,
    arrays: tuple[Any, ...],
    loop: Loop,
    alone: Advance,
    advances: Callable[[int], Advance],
) -> Advance:
    """The ``advance`` of a loop with functions in Python.

    Parameters
    ----------
    engine : Engine
        The engine.
    arrays : tuple
        The table and its arrays.
    loop : Loop
        The phases of a step.
    alone : callable
        The ``advance`` on one core.
    advances : callable
        The ``advance`` of an operation in Python.

    Returns
    -------
    callable
    """
    n_cores = cores()
    if n_cores < 2:
        return alone
    run, table, memories = call_of(arrays)
    memory, lead = shared_memory(loop, n_cores), one_call(arrays, [loop.lead]).rows
    first, pointer = memory.copy(), memory.ctypes.data
    groups = [
        [(advances(i), engine.takes.get(i)) for i in phase.calls]
        for phase in loop.phases
        if phase.calls
    ]
    called = [i for phase in loop.phases for i in phase.calls]
    starts_in_python, done = bool(loop.phases[0].calls), engine.rows_done
    engine = proxy(engine)  # it owns the function

    spent = 0.0

    def first_thread(lo: int, hi: int) -> None:
        nonlocal spent
        row, waits = lo, not starts_in_python
        # After an error, rows that functions have computed are not computed again.
        repeated = max((done.get(i, 0) for i in called), default=0)
        try:
            for row in range(lo, hi):
                for calls in groups:
                    if waits:
                        run(table, pointer, -1, lo, hi, *memories)
                    waits, memory[opcodes.SHARED_CALLED] = True, 1
                    spent -= perf_counter()
                    for step, take in calls:
                        if take is None or row < repeated:
                            step(row, row + 1)
                        else:
                            take(row)
                    spent += perf_counter()
                if interrupts.is_waiting:
                    interrupts.check()
            run(table, pointer, -1, lo, hi, *memories)
            row = hi
            interrupts.check()
        finally:
            stop()  # also after an error: the others may end
            engine.good = row

    def stop() -> None:
        memory[opcodes.SHARED_RELEASED] = END

    def share(lo: int, hi: int) -> float:
        """Run steps on all cores; the part of their time in which functions ran."""
        nonlocal spent
        spent, start = 0.0, perf_counter()
        memory[:] = first
        lead(lo, lo + 1)

        def work(thread: int) -> None:
            if thread:
                run(table, pointer, -thread - 1, lo, hi, *memories)
            else:
                first_thread(lo, hi)

        with_helpers(n_cores, work, stop)
        return spent / (perf_counter() - start)

    def advance(lo: int, hi: int) -> None:
        if loop.work * (hi - lo) < MIN_WORK_FOR_THREADS:
            alone(lo, hi)
            return
        middle = lo + TRIAL if hi - lo > 2 * TRIAL else hi
        in_python = share(lo, middle)
        if middle < hi and in_python > MOST_IN_PYTHON:
            alone(middle, hi)
        elif middle < hi:
            share(middle, hi)

    return advance
