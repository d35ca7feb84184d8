"""Blocks of Nengo's memory as signals of a program, and the sums that some of them are."""

from __future__ import annotations

from typing import Any

import numpy as np
from nengo.builder.signal import Signal
from numpy.typing import NDArray

from nefsim.nengo.pieces import Pieces, in_parts
from nefsim.nengo.plan import LINEAR, Plan
from nefsim.nengo.signals import as_index, elements, places
from nefsim.program import Call, ProgramBuilder, Read, Term

Array = NDArray[np.float64]


class Blocks(ProgramBuilder):
    """The signals of a program in the making.

    A block that is set in each step is a signal of that step; one that is updated is read as
    the step before left it.

    Parameters
    ----------
    plan : Plan
        What becomes of each block.
    in_pieces : bool
        Whether blocks that are used in parts get a signal for each part.

    Attributes
    ----------
    numbers : dict of Signal to int
        The signals of blocks.
    states : dict of Signal to (int, str)
        Which operation remembers a block, and by what name.
    """

    def __init__(self, plan: Plan, in_pieces: bool) -> None:
        super().__init__(plan.model.dt)
        self.plan, self.memory, self.model = plan, plan.memory, plan.model
        self.numbers: dict[Signal, int] = {}
        self.states: dict[Signal, tuple[int, str]] = {}
        self._in_pieces = in_pieces
        self._pieces: dict[Signal, Pieces] = {}

    def number(self, base: Signal) -> int:
        """The signal of a block, made when it is first asked for."""
        if base not in self.numbers:
            name = base.name
            if base in (self.model.time, self.model.step):
                self.numbers[base] = self._clock(base)
            elif self.is_direct(base):
                self.numbers[base] = self.signal(name, base.size)
            else:
                number = self.numbers[base] = self.sum(name, base.size)
                self._rest(base, number)
        return self.numbers[base]

    def pieces(self, base: Signal) -> Pieces | None:
        """The parts of a block that has a signal for each."""
        if not self._in_pieces or base in self.plan.private or not in_parts(self.memory, base):
            return None
        if base not in self._pieces:
            self._pieces[base] = Pieces(self, self.memory, base)
        return self._pieces[base]

    def _clock(self, base: Signal) -> int:
        number, dt = self.signal(base.name, 1), self.model.dt
        factor = 1.0 if base is self.model.time else 1.0 / dt
        self.ops.append(
            Call((number,), (), lambda trial: lambda t: (t * factor)[:, None], base.name, True)
        )
        return number

    def is_direct(self, base: Signal) -> bool:
        """Whether one operator that is not a term of a sum writes all of a block."""
        written = self.memory.written(base)
        if len(written) != 1 or base in self.memory.incs:
            return False
        op, signal = written[0]
        return (op in self.plan.guests or not isinstance(op, LINEAR)) and elements(signal) is None

    def _rest(self, base: Signal, number: int) -> None:
        """What nobody writes keeps its initial value."""
        initial = np.ravel(base.initial_value)
        if base in self.memory.updates or not initial.any():
            return
        left = np.where(self.memory.covered(base), 0.0, initial)
        if left.any():
            self.add_offset(number, None, left)

    def read(self, signal: Signal, chosen: Any = None) -> Read:
        """A view of a block as operators see it within a step."""
        base = signal.base
        pieces = self.pieces(base)
        if chosen is None and pieces is None:
            return Read(self.number(base), self._delay(base), elements(signal))
        at = np.ravel(places(signal) if chosen is None else places(signal)[chosen])
        if pieces is not None:
            return pieces.read(at)
        return Read(self.number(base), self._delay(base), as_index(at, base.size))

    def _delay(self, base: Signal) -> int:
        return int(base in self.memory.updates)

    def add(self, signal: Signal, term: Term) -> None:
        """One more addend of what a block is in each step."""
        pieces = self.pieces(signal.base)
        if pieces is None:
            self.add_term(self.number(signal.base), term)
        else:
            at = np.arange(signal.base.size)
            pieces.add(at if term.rows is None else at[term.rows], term)

    def add_constant(self, signal: Signal, rows: Any, value: Any) -> None:
        """Numbers that are added to a block in each step."""
        pieces = self.pieces(signal.base)
        if pieces is None:
            self.add_offset(self.number(signal.base), rows, value)
        else:
            at = np.arange(signal.base.size)
            pieces.add_constant(at if rows is None else at[rows], value)

    def whole(self, read: Read, size: int) -> int:
        """The number of a signal that is just what is read, in this step."""
        if read.columns is None and not read.delay:
            return read.signal
        number = self.sum(f"{self.signals[read.signal].name} read", size)
        self.add_term(number, Term(read))
        return number

    def target(self, signal: Signal) -> int:
        """Where an operator that is no term writes what becomes part of a block."""
        if self.is_direct(signal.base):
            return self.number(signal.base)
        fresh = self.signal(f"{signal.name} written", signal.size)
        self.add(signal, Term(Read(fresh), None, elements(signal)))
        return fresh
