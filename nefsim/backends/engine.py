"""What the back ends share: chunks of time, recording, and going back after an error.

Each signal has a row for every step of a chunk; row 0 is the last step of the chunk
before.  An operation's ``advance(lo, hi)`` computes rows ``lo + 1 ... hi`` of its output
from the rows of what it reads, one row earlier where the read has a delay.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import Recorder, interrupts, sampled
from nefsim.program import (
    Learn,
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

#: Longest chunk [steps], and the most numbers that the rows of all signals may take.
LONGEST_CHUNK, MOST_NUMBERS = 1000, 2_000_000


#: Learned weights beyond this [value / Hz or current / Hz] have diverged.
LARGEST_WEIGHT = 1e9


class HasProgram(Protocol):
    """Whatever holds a program."""

    @property
    def program(self) -> Program:
        """The program."""


def chunk_length(width: int, longest: int = LONGEST_CHUNK) -> int:
    """Steps of a chunk for signals of so many numbers in all."""
    return int(np.clip(MOST_NUMBERS // max(width, 1), 1, longest))


def carrying(arrays: list[Array]) -> Callable[[int], None]:
    """``carry(n)``: make row ``n`` of each array its row 0."""

    def carry(length: int) -> None:
        for rows in arrays:
            rows[0] = rows[length]

    return carry


class Engine:
    """Rows for signals, and a plan of what advances them.

    Parameters
    ----------
    program : Program
        What to run.
    state : State
        What it changes.
    rows : list of ndarray
        Rows of each signal; None for one that a back end keeps to itself.
    carry : callable, optional
        ``carry(n)`` makes rows ``n`` of all signals those at 0, in as few calls as can be.

    Attributes
    ----------
    plan : list of (list of Advance, bool)
        Groups in order; one that loops advances all its operations row by row, and any
        other has one operation that advances a whole chunk at once.
    called : dict
        For operations that call a function of the user, the rows of this chunk done.
    good : int
        Rows of this chunk that the last group has finished.
    kept : State
        What is put back after an error: the state, or the same in fewer arrays.
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
        self.called: dict[int, int] = {}
        self.good = 0
        self.longest = min((len(r) - 1 for r in rows if r is not None), default=LONGEST_CHUNK)
        self.kept = state
        self._learned = [
            (op.name, program.writer[op.learned.output])
            for op in program.ops
            if isinstance(op, Learn)
        ]
        state.hidden = {i for i, mine in enumerate(rows) if mine is None}
        for i, mine in enumerate(rows):
            if mine is not None:
                mine[0] = state.signals[i]
                state.signals[i] = mine[0]
        self._carry = carrying([r for r in rows if r is not None]) if carry is None else carry
        self._sampled = {record.every for record in program.records if record.every > 1}

    def run(self, n_steps: int, recorder: Recorder) -> None:
        """Advance ``n_steps`` steps; on an error keep all steps that were complete."""
        while n_steps:
            length = min(n_steps, self.longest)
            before = snapshot(self.kept)
            try:
                self._chunk(length)
                if self._lost():
                    self._find_loss(before, length)
            except BaseException:
                self.state.under_way = 0
                self._go_back(before, recorder)
                raise
            self.state.under_way = 0
            self._finish(length, recorder)
            n_steps -= length
            interrupts.check()

    def _chunk(self, length: int) -> None:
        """Rows 1 to ``length`` of all signals."""
        for advances, loop in self.plan:
            self.good = 0
            if not loop:
                advances[0](0, length)
                continue
            for k in range(length):
                for advance in advances:
                    advance(k, k + 1)
                self.good = k + 1
                interrupts.check()

    def _diverged(self) -> str:
        """The name of a rule whose weights have grown without bound; empty if there is none."""
        for name, index in self._learned:
            # What is not a number is not below the bound either.
            if not (np.abs(self.state.ops[index]["weights"]) < LARGEST_WEIGHT).all():
                return name
        return ""

    def _lost(self) -> bool:
        """Whether weights have diverged or, where NumPy is to raise at those, NaN are there."""
        if self._learned and self._diverged():
            return True
        for memory in self.kept.ops:
            for value in memory.values():
                # One number tells: squares of what is no NaN add up to none.
                if isnan(np.vdot(value, value)):
                    return np.geterr()["invalid"] == "raise"
        return False

    def _find_loss(self, before: Snapshot, length: int) -> None:
        """Halve the chunk until the step is found, and say what happened in it."""
        good, bad = 0, length
        while bad - good > 1:
            middle = (good + bad) // 2
            restore(self.kept, before)
            self._chunk(middle)
            if self._lost():
                bad = middle
            else:
                good = middle
        restore(self.kept, before)
        self._chunk(bad)
        name = self._diverged()
        self.good = good
        t = (self.state.step + bad) * self.program.dt
        if not name:
            raise FloatingPointError(f"invalid value encountered at t = {t:g} s")
        do = "lower learning_rate, see nefsim.suggest_learning_rate"
        must = f"stay below {LARGEST_WEIGHT:g}"
        check.fail(name, "weights", must, f"larger ones or none at t = {t:g} s", do)

    def _go_back(self, before: Snapshot, recorder: Recorder) -> None:
        """Take again the steps that were complete, or none if that is stopped, too."""
        length = self.good
        restore(self.kept, before)
        if not length:
            return
        try:
            self._chunk(length)
        except BaseException:
            restore(self.kept, before)
            raise
        self._finish(length, recorder)

    def _finish(self, length: int, recorder: Recorder) -> None:
        """Record a chunk and make its last row the first of the next."""
        samples = {every: sampled(self.state.step, length, every) for every in self._sampled}
        for i, record in enumerate(self.program.records):
            values = self.read(record.read, 0, length)
            if record.every > 1:
                values = values[samples[record.every]]
            if len(values):
                recorder.add(i, values)
        if self.state.watch is not None:
            self.state.watch(self, self.state.step, length)
        self._carry(length)
        self.state.step += length
        for index, done in self.called.items():
            if done > length:
                # What functions gave for steps after an error is kept: each is called once.
                for output in outputs(self.program.ops[index]):
                    ahead = self.rows[output]
                    ahead[1 : done - length + 1] = ahead[length + 1 : done + 1].copy()
            self.called[index] = max(done - length, 0)
        recorder.settle(self.state.step)

    def read(self, read: Read, lo: int, hi: int) -> Array:
        """Rows of a signal as an operation reads them."""
        rows: Array = self.rows[read.signal][lo + 1 - read.delay : hi + 1 - read.delay]
        return rows if read.columns is None else rows[..., read.columns]
