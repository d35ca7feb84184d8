"""The engine of the NumPy and the compiled back end: run chunks of steps, record, handle errors.

Each signal has a row for every step of a chunk; row 0 is the last step of the previous chunk.
The function ``advance(lo, hi)`` of an operation computes rows ``lo + 1 ... hi`` of its output
from the same rows of its inputs, or from the previous rows if a read has a delay.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import isnan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import Recorder, interrupts, sampled
from nefsim.backends.bounds import stays_finite
from nefsim.backends.growing import GrowingChunk
from nefsim.backends.reports import DIVERGED, LARGEST_WEIGHT, LEARNED, Report
from nefsim.program import (
    Call,
    Evaluate,
    Learn,
    Neurons,
    Op,
    Play,
    Program,
    Read,
    Snapshot,
    State,
    outputs,
    restore,
    snapshot,
)

Array = NDArray[np.float64]
Advance = Callable[[int, int], None]

#: Longest chunk [steps], and the most numbers in the rows of all signals.
LONGEST_CHUNK, MOST_NUMBERS = 1000, 2_000_000

#: Steps of a chunk of large networks, up to more numbers, since each chunk costs a copy of the
#: state and several calls for each probe.
SHORT_CHUNK, MOST_NUMBERS_OF_SHORT = 8, 16_000_000


class HasProgram(Protocol):
    """An object with a program, such as a built network."""

    @property
    def program(self) -> Program:
        """The program."""


def chunk_length(program: Program, n_trials: int = 1) -> int:
    """Number of steps of a chunk that has the rows of all signals of a program."""
    width = max(sum(signal.size for signal in program.signals) * n_trials, 1)
    # Rows of weights that learn are as large as the weights, and are not multiplied.
    learns = any(isinstance(op, Learn) for op in program.ops)
    short = 1 if learns else min(SHORT_CHUNK, MOST_NUMBERS_OF_SHORT // width)
    return min(max(MOST_NUMBERS // width, short, 1), LONGEST_CHUNK)


def can_fail(op: Op) -> bool:
    """Whether an operation may raise an error in any step, so that its chunk must be repeatable.

    Functions, processes, foreign steps and neuron types of a user may; weights that learn may
    diverge.  The other operations only compute numbers.
    """
    if isinstance(op, Neurons):
        base = getattr(op.neuron, "base_type", op.neuron)  # whose rates a spiking type follows
        return any(type(n).__module__.partition(".")[0] != "nefsim" for n in (op.neuron, base))
    return isinstance(op, (Evaluate, Play, Call, Learn))


def carrying(arrays: list[Array]) -> Callable[[int], None]:
    """A function ``carry(n)`` that copies row ``n`` of each array to its row 0."""

    def carry(length: int) -> None:
        for rows in arrays:
            rows[0] = rows[length]

    return carry


class Engine:
    """Runs a program in chunks of steps.

    Parameters
    ----------
    program : Program
        The program to run.
    state : State
        The state that the program changes.
    rows : list of ndarray
        The rows of each signal; None for a signal that the back end does not store.
    carry : callable, optional
        ``carry(n)`` copies row ``n`` of each signal to its row 0.

    Attributes
    ----------
    plan : list of (list of Advance, bool)
        The ``advance`` functions of each group, in order, and whether the group is a loop.  A
        loop is computed row by row; another group has one function, called once for a chunk.
    rows_done : dict of int to int
        Number of rows of this chunk that each operation that calls Python has computed.
    takes : dict of int to callable
        For operations that call a function of a user, ``take(row)``, which calls it for the step
        after a row.
    ahead : dict of int to Advance
        The ``advance`` of operations that depend on the time alone and have no memory.
    good : int
        Number of rows of this chunk that the last group has completed.
    checkpointed : State
        The state to restore after an error; a back end may replace it by one of fewer arrays.
    reports : dict of int to Report
        The report on the weights of each operation that has any; see :mod:`.reports`.
    can_fail : bool
        Whether an operation may fail inside a chunk (:func:`can_fail`).  If not, only a signal
        handler that raises an error can end a chunk.
    """

    def __init__(
        self,
        program: Program,
        state: State,
        rows: list[Any],
        carry: Callable[[int], None] | None = None,
    ) -> None:
        self.program, self.state, self.rows = program, state, rows
        self.plan: list[tuple[list[Advance], bool]] = []
        self.rows_done: dict[int, int] = {}
        self.takes: dict[int, Callable[[int], None]] = {}
        self.ahead: dict[int, Advance] = {}
        self.good = 0
        self.longest = min((len(r) - 1 for r in rows if r is not None), default=LONGEST_CHUNK)
        self.checkpointed = state
        self.can_fail = any(map(can_fail, program.ops))
        self.growing = state.growing = GrowingChunk(self)
        self.reports: dict[int, Report] = {}
        self._stops_at_nan = False
        self._before: Snapshot | None = None
        state.hidden = {i for i, row in enumerate(rows) if row is None}
        for i, row in enumerate(rows):
            if row is not None:
                row[0] = state.signals[i]
                state.signals[i] = row[0]
        self._carry = carrying([r for r in rows if r is not None]) if carry is None else carry
        self._sampled = {record.every for record in program.records if record.every > 1}

    @cached_property
    def stays_finite(self) -> bool:
        """Whether no number of the program can overflow, for functions of time of usual size."""
        return stays_finite(self.program, self.ahead)

    @cached_property
    def a_step_can_fail(self) -> bool:
        """Whether a step may fail after functions of time have been computed."""
        others = (op for i, op in enumerate(self.program.ops) if i not in self.ahead)
        return any(map(can_fail, others))

    def run(self, n_steps: int, recorder: Recorder) -> None:
        """Run ``n_steps`` steps; after an error the state is that of the last complete step."""
        self.growing.close()
        for report in self.reports.values():
            report.start()  # weights may have been set since the last run
        while n_steps:
            length = min(n_steps, self.longest)
            before = self.take_snapshot()
            self._stops_at_nan = False
            for report in self.reports.values():
                report.rows[:] = 0
            try:
                self.chunk(length)
                self.stop_if_diverged()
                if self._has_nan():
                    self._find_nan(before, length)
            except BaseException:
                self.state.under_way = 0
                self._go_back(before, recorder)
                raise
            self.state.under_way = 0
            self.finish(length, recorder)
            n_steps -= length
            interrupts.check()

    def take_snapshot(self) -> Snapshot:
        """Copy the state, into the arrays of the last copy."""
        self._before = snapshot(self.checkpointed, self._before)
        return self._before

    def chunk(self, end: int, start: int = 0) -> None:
        """Compute rows ``start + 1`` to ``end`` of all signals."""
        for advances, loop in self.plan:
            self.good = start
            if not loop:
                advances[0](start, end)
                continue
            for k in range(start, end):
                for advance in advances:
                    advance(k, k + 1)
                self.good = k + 1
                interrupts.check()

    def stop_if_diverged(self) -> None:
        """Raise an error about the first weights that have diverged in this chunk."""
        found = [
            (row, report.name)
            for report in self.reports.values()
            for row in report.rows[:, DIVERGED].tolist()
            if row
        ]
        if not found:
            return
        row, name = min(found)
        self.good = row - 1
        t = (self.state.step + row) * self.program.dt
        do = "lower learning_rate, see nefsim.suggest_learning_rate"
        must = f"stay below {LARGEST_WEIGHT:g}"
        check.fail(name, "weights", must, f"larger ones or none at t = {t:g} s", do)

    def _has_nan(self) -> bool:
        """Whether states are NaN while NumPy is set to raise at them."""
        if np.geterr()["invalid"] != "raise":
            return False
        # The sum of squares is NaN only if one of the numbers is.  It is not one of BLAS, whose
        # threads may take milliseconds to begin.
        memories = (value.ravel() for memory in self.checkpointed.ops for value in memory.values())
        return any(isnan(np.einsum("i,i->", value, value)) for value in memories)

    def _find_nan(self, before: Snapshot, length: int) -> None:
        """Halve the chunk until the step of the first NaN is found, and raise an error.

        Weights that have no copy stay those of the end of the chunk; they have no NaN.
        """
        good, bad = 0, length
        while bad - good > 1:
            middle = (good + bad) // 2
            self._repeat(before, middle)
            if self._has_nan():
                bad = middle
            else:
                good = middle
        self._repeat(before, bad)
        self.good, self._stops_at_nan = good, True
        t = (self.state.step + bad) * self.program.dt
        raise FloatingPointError(f"invalid value encountered at t = {t:g} s")

    def _go_back(self, before: Snapshot, recorder: Recorder) -> None:
        """Restore the state before the chunk, then repeat the steps that were complete."""
        length = self.good
        if not self._stops_at_nan:  # weights without a copy cannot go back: all else catches up
            length = max(length, self._learned_in_place())
        if not length:
            restore(self.checkpointed, before)
            return
        try:
            self._repeat(before, length)
        except BaseException:
            if self._learned_in_place():
                self._go_back(before, recorder)
            else:
                restore(self.checkpointed, before)
            raise
        self.finish(length, recorder)

    def _repeat(self, before: Snapshot, length: int) -> None:
        """Restore the checkpoint and compute ``length`` rows again."""
        restore(self.checkpointed, before)
        learned = self._learned_in_place()
        for report in self.reports.values():
            report.start(learned if report.in_place else 0)
        self.chunk(length)

    def _learned_in_place(self) -> int:
        """Rows of this chunk that weights without a copy have learned."""
        reports = (report for report in self.reports.values() if report.in_place)
        return max((int(report.rows[:, LEARNED].max()) for report in reports), default=0)

    def check_step(self, row: int) -> None:
        """Raise an error if the step after ``row`` has made a number of the state NaN."""
        if self._has_nan():
            t = (self.state.step + row + 1) * self.program.dt
            raise FloatingPointError(f"invalid value encountered at t = {t:g} s")

    def record(self, start: int, end: int, recorder: Recorder) -> None:
        """Record rows ``start + 1`` to ``end``, which are complete."""
        first = self.state.step + start
        samples = {every: sampled(first, end - start, every) for every in self._sampled}
        for i, record in enumerate(self.program.records):
            values = self.read(record.read, start, end)
            if record.every > 1:
                values = values[samples[record.every]]
            if len(values):
                recorder.add(i, values)

    def finish(self, length: int, recorder: Recorder, start: int = 0) -> None:
        """Record rows after ``start``, and copy row ``length`` to row 0 for the next chunk."""
        self.record(start, length, recorder)
        if self.state.watch is not None:
            self.state.watch(self, self.state.step, length)
        self._carry(length)
        self.state.step += length
        for index, done in self.rows_done.items():
            if done > length:
                # A function is called once per step, so its values for steps after an error
                # are stored for the next run.
                for output in outputs(self.program.ops[index]):
                    ahead = self.rows[output]
                    ahead[1 : done - length + 1] = ahead[length + 1 : done + 1].copy()
            self.rows_done[index] = max(done - length, 0)
        recorder.settle(self.state.step)

    def read(self, read: Read, lo: int, hi: int) -> Array:
        """Rows ``lo + 1`` to ``hi`` of a signal, with the delay and columns of a read."""
        rows: Array = self.rows[read.signal][lo + 1 - read.delay : hi + 1 - read.delay]
        return rows if read.columns is None else rows[..., read.columns]
