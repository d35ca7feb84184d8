"""Represent blocks of Nengo's memory as signals of a program.

A block is a base signal of Nengo, of which other signals may be views.
"""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder.signal import Signal
from numpy.typing import NDArray

from nefsim.backends.results import FunctionOfTimes
from nefsim.nengo.pieces import Pieces, in_parts
from nefsim.nengo.plan import LINEAR, Plan
from nefsim.nengo.signals import as_index, elements, indices_of
from nefsim.program import Call, ProgramBuilder, Read, Term

Array = NDArray[np.float64]


class Blocks(ProgramBuilder):
    """A builder of a program that has a signal for each block of Nengo's memory.

    A block that Nengo sets in each step is read within that step.  A block that Nengo updates
    is read with a delay of one step.

    Parameters
    ----------
    plan : Plan
        The role of each block.
    in_pieces : bool
        Whether a block that is used in parts has a signal for each part.

    Attributes
    ----------
    numbers : dict of Signal to int
        The index of the program's signal for each block.
    states : dict of Signal to (int, str)
        For a block that is a state variable, the index of its operation and its name there.
    """

    def __init__(self, plan: Plan, in_pieces: bool) -> None:
        super().__init__(plan.model.dt)
        self.plan, self.memory, self.model = plan, plan.memory, plan.model
        self.numbers: dict[Signal, int] = {}
        self.states: dict[Signal, tuple[int, str]] = {}
        nodes = (thing for thing in self.model.sig if isinstance(thing, nengo.Node))
        self._inputs_of = {
            self.model.sig[node]["out"].base: node
            for node in nodes
            if isinstance(node.output, np.ndarray)
        }
        self._in_pieces = in_pieces
        self._pieces: dict[Signal, Pieces] = {}

    def number(self, base: Signal) -> int:
        """The number of a block's signal; the first call adds the signal."""
        if base not in self.numbers:
            name = base.name
            if base in (self.model.time, self.model.step):
                self.numbers[base] = self._clock(base)
            elif base in self._inputs_of:
                value = np.ravel(base.initial_value).astype(np.float64)
                self.numbers[base] = self.input(name, value)
            elif self.is_direct(base):
                self.numbers[base] = self.signal(name, base.size)
            else:
                number = self.numbers[base] = self.sum(name, base.size)
                self._add_initial_value(base, number)
        return self.numbers[base]

    def is_constant(self, base: Signal) -> bool:
        """Whether neither an operator nor the user changes a block."""
        return self.memory.is_constant(base) and base not in self._inputs_of

    @property
    def inputs(self) -> dict[nengo.Node, int]:
        """The program's signals of nodes that the user sets between steps."""
        return {node: self.number(base) for base, node in self._inputs_of.items()}

    def is_input(self, base: Signal) -> bool:
        """Whether a block is the output of such a node."""
        return base in self._inputs_of

    def pieces(self, base: Signal) -> Pieces | None:
        """The parts of a block, if each part has a signal; else None."""
        if not self._in_pieces or base in self.plan.private or not in_parts(self.memory, base):
            return None
        if base not in self._pieces:
            self._pieces[base] = Pieces(self, self.memory, base)
        return self._pieces[base]

    def _clock(self, base: Signal) -> int:
        number, dt = self.signal(base.name, 1), self.model.dt
        factor = 1.0 if base is self.model.time else 1.0 / dt
        clock = FunctionOfTimes(lambda t: (t * factor)[:, None])
        self.ops.append(Call((number,), (), lambda trial: clock, base.name, True))
        return number

    def is_direct(self, base: Signal) -> bool:
        """Whether a single operator, which does not add to a sum, writes all of a block."""
        writes = self.memory.writes(base)
        if len(writes) != 1 or base in self.memory.incs:
            return False
        op, signal = writes[0]
        is_term = isinstance(op, LINEAR) and op not in self.plan.unsupported
        return not is_term and elements(signal) is None

    def _add_initial_value(self, base: Signal, number: int) -> None:
        """Add a constant: the initial value of elements that no operator sets."""
        initial = np.ravel(base.initial_value)
        if base in self.memory.updates or not initial.any():
            return
        constant = np.where(self.memory.covered_elements(base), 0.0, initial)
        if constant.any():
            self.add_offset(number, None, constant)

    def read(self, signal: Signal, selection: Any = None) -> Read:
        """The read of a Nengo signal's value, as Nengo's operators see it within a step."""
        base = signal.base
        pieces = self.pieces(base)
        if selection is None and pieces is None:
            return Read(self.number(base), self._delay(base), elements(signal))
        indices = indices_of(signal)
        indices = np.ravel(indices if selection is None else indices[selection])
        if pieces is not None:
            return pieces.read(indices)
        return Read(self.number(base), self._delay(base), as_index(indices, base.size))

    def _delay(self, base: Signal) -> int:
        return int(base in self.memory.updates)

    def add(self, signal: Signal, term: Term) -> None:
        """Add a term to the sum that writes a block."""
        pieces = self.pieces(signal.base)
        if pieces is None:
            self.add_term(self.number(signal.base), term)
        else:
            indices = np.arange(signal.base.size)
            pieces.add(indices if term.rows is None else indices[term.rows], term)

    def add_constant(self, signal: Signal, rows: Any, value: Any) -> None:
        """Add constants to the sum that writes a block."""
        pieces = self.pieces(signal.base)
        if pieces is None:
            self.add_offset(self.number(signal.base), rows, value)
        else:
            indices = np.arange(signal.base.size)
            pieces.add_constant(indices if rows is None else indices[rows], value)

    def whole(self, read: Read, size: int) -> int:
        """The number of a signal that equals a read of this step; a copy if necessary."""
        if read.columns is None and not read.delay:
            return read.signal
        number = self.sum(f"{self.signals[read.signal].name} read", size)
        self.add_term(number, Term(read))
        return number

    def target(self, signal: Signal) -> int:
        """The number of the signal for an operator that writes all of a block."""
        if self.is_direct(signal.base):
            return self.number(signal.base)
        number = self.signal(f"{signal.name} written", signal.size)
        self.add(signal, Term(Read(number), None, elements(signal)))
        return number
