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
    if cores() < 2:
        return alone
    turns = _Turns(engine, arrays, loop, advances)

    def advance(lo: int, hi: int) -> None:
        if loop.work * (hi - lo) < MIN_WORK_FOR_THREADS:
            alone(lo, hi)
            return
        middle = lo + TRIAL if hi - lo > 2 * TRIAL else hi
        share_of_functions = turns.run(lo, middle)
        if middle < hi and share_of_functions > MOST_IN_PYTHON:
            alone(middle, hi)
        elif middle < hi:
            turns.run(middle, hi)

    return advance


class _Turns:
    """The threads of a loop, and the memory by which they wait for one another."""

    def __init__(
        self,
        engine: Engine,
        arrays: tuple[Any, ...],
        loop: Loop,
        advances: Callable[[int], Advance],
    ) -> None:
        self._n_cores = cores()
        self._run, self._table, self._memories = call_of(arrays)
        self._memory, self._lead = shared_memory(loop, self._n_cores), one_call(arrays, [loop.lead])
        self._first = self._memory.copy()
        calls = [phase.calls for phase in loop.phases if phase.calls]
        self._called = [i for group in calls for i in group]
        self._groups = [[(advances(i), engine.takes.get(i)) for i in group] for group in calls]
        self._starts_in_python = bool(loop.phases[0].calls)
        self._engine = proxy(engine)  # it owns this object
        self._spent = 0.0

    def run(self, lo: int, hi: int) -> float:
        """Run steps on all cores; returns the share of their time in which functions ran."""
        self._spent, start = 0.0, perf_counter()
        self._memory[:] = self._first
        self._lead.rows(lo, lo + 1)

        def work(thread: int) -> None:
            if thread:
                self._phases(-thread - 1, lo, hi)
            else:
                self._first_thread(lo, hi)

        with_helpers(self._n_cores, work, self._stop)
        return self._spent / (perf_counter() - start)

    def _phases(self, thread: int, lo: int, hi: int) -> None:
        """Run phases; the first thread, -1, until one of Python comes."""
        self._run(self._table, self._memory.ctypes.data, thread, lo, hi, *self._memories)

    def _first_thread(self, lo: int, hi: int) -> None:
        row, waits, memory = lo, not self._starts_in_python, self._memory
        # After an error, rows that functions have computed are not computed again.
        done = self._engine.rows_done
        repeated = max((done.get(i, 0) for i in self._called), default=0)
        try:
            for row in range(lo, hi):
                for calls in self._groups:
                    if waits:
                        self._phases(-1, lo, hi)
                    waits, memory[opcodes.SHARED_CALLED] = True, 1
                    self._spent -= perf_counter()
                    for step, take in calls:
                        if take is None or row < repeated:
                            step(row, row + 1)
                        else:
                            take(row)
                    self._spent += perf_counter()
                if interrupts.is_waiting:
                    interrupts.check()
            self._phases(-1, lo, hi)
            row = hi
            interrupts.check()
        finally:
            self._stop()  # also after an error: the others may end
            self._engine.good = row

    def _stop(self) -> None:
        self._memory[opcodes.SHARED_RELEASED] = END
