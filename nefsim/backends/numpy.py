"""The reference back end: every operation of a program in NumPy, many steps at a time.

Each signal has a row for every step of a chunk; row 0 is the last step of the chunk
before.  An operation's ``advance(lo, hi)`` computes rows ``lo + 1 ... hi`` of its output
from the rows of what it reads, one row earlier where the read has a delay.  A group that
loops advances all of its operations row by row; any other runs a whole chunk at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import Recording, Runner, sampled
from nefsim.backends.operations import advances
from nefsim.program import Program, Read, State, restore, snapshot

Array = NDArray[np.float64]

#: Longest chunk [steps], and the most numbers that the rows of all signals may take.
LONGEST_CHUNK, MOST_NUMBERS = 1000, 2_000_000


class HasProgram(Protocol):
    """Whatever holds a program."""

    @property
    def program(self) -> Program:
        """The program."""


def prepare(built: HasProgram, state: State) -> Runner:
    """A runner for ``built.program`` that advances ``state``."""
    return _Engine(built.program, state).run


class _Engine:
    """Rows for all signals, and one ``advance`` for each operation.

    ``called`` counts, for operations that call a function of the user, the rows of this
    chunk that are done.
    """

    def __init__(self, program: Program, state: State) -> None:
        self.program, self.state = program, state
        width = sum(signal.size for signal in state.signals)
        self.longest = int(np.clip(MOST_NUMBERS // max(width, 1), 1, LONGEST_CHUNK))
        self.rows = [
            np.zeros((self.longest + 1, *signal.shape), signal.dtype) for signal in state.signals
        ]
        for rows, signal in zip(self.rows, state.signals, strict=True):
            rows[0] = signal
        self.ops = [advances(self, i) for i in range(len(program.ops))]
        self.good = 0
        self.called: dict[int, int] = {}

    def run(self, n_steps: int, recordings: Sequence[Recording]) -> None:
        """Advance ``n_steps`` steps; on an error keep all steps that were complete."""
        filled = [0] * len(recordings)
        while n_steps:
            length = min(n_steps, self.longest)
            before = snapshot(self.state)
            self.called = {}
            try:
                self._chunk(length)
            except BaseException:
                # Functions of the user are not called a second time for the same step.
                length = self.good
                restore(self.state, before)
                if length:
                    self._chunk(length)
                    self._finish(length, recordings, filled)
                raise
            self._finish(length, recordings, filled)
            n_steps -= length

    def _chunk(self, length: int) -> None:
        """Rows 1 to ``length`` of all signals; ``good`` counts those the last group finished."""
        for group in self.program.groups:
            self.good = 0
            advances = [self.ops[i] for i in group.ops]
            if not group.loop:
                advances[0](0, length)
                continue
            for k in range(length):
                for advance in advances:
                    advance(k, k + 1)
                self.good = k + 1

    def _finish(self, length: int, recordings: Sequence[Recording], filled: list[int]) -> None:
        """Record a chunk and make its last row the first of the next."""
        for i, (recording, record) in enumerate(zip(recordings, self.program.records, strict=True)):
            chosen = sampled(self.state.step, length, recording.every)
            values = self.read(record.read, 0, length)[chosen]
            recording.data[filled[i] : filled[i] + len(chosen)] = values
            filled[i] += len(chosen)
        for rows, signal in zip(self.rows, self.state.signals, strict=True):
            rows[0] = rows[length]
            signal[...] = rows[0]
        self.state.step += length

    def read(self, read: Read, lo: int, hi: int) -> Array:
        """Rows of a signal as an operation reads them."""
        rows = self.rows[read.signal][lo + 1 - read.delay : hi + 1 - read.delay]
        return rows if read.columns is None else rows[..., read.columns]

    def time(self, row: int) -> float:
        """Time of a row, counted from 0 [s]."""
        return (self.state.step + row + 1) * self.program.dt
