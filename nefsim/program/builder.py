"""A program in the making: both ways in, our networks and Nengo's operators, use it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.filtering import shift
from nefsim.program.operations import (
    Filter,
    Op,
    Program,
    Read,
    Record,
    Signal,
    Sum,
    Term,
    outputs,
    read_size,
)
from nefsim.program.schedule import in_turn, schedule
from nefsim.synapses import Synapse

Array = NDArray[np.float64]


class ProgramBuilder:
    """Collects signals, operations and records; sums gather their terms until the end.

    Parameters
    ----------
    dt : float [s]
        The time step.

    Attributes
    ----------
    signals, ops : list
        Signals, and operations but for sums, so far.
    """

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.signals: list[Signal] = []
        self.ops: list[Op] = []
        self._records: list[Record] = []
        self._terms: dict[int, list[Term]] = {}
        self._offsets: dict[int, Array | None] = {}
        self._added: dict[int, Array] = {}

    def signal(self, name: str, size: int) -> int:
        """A new signal."""
        self.signals.append(Signal(name, size))
        return len(self.signals) - 1

    def op(self, op: Op) -> int:
        """A new operation; returns the first signal that it writes."""
        self.ops.append(op)
        return outputs(op)[0]

    def sum(self, name: str, size: int, offset: Array | None = None) -> int:
        """A new signal that collects terms."""
        signal = self.signal(name, size)
        self._terms[signal], self._offsets[signal] = [], offset
        return signal

    def add_term(self, signal: int, term: Term) -> None:
        """One more term of a sum."""
        self._terms[signal].append(term)

    def add_offset(self, signal: int, rows: Any, value: Any) -> None:
        """Numbers that are added to a sum in each step, to all of its elements or to ``rows``."""
        total = self._added.setdefault(signal, np.zeros(self.signals[signal].size))
        at: Any = slice(None) if rows is None else rows
        np.add.at(total, at, np.ravel(value))

    def filtered(self, name: str, read: Read, synapse: Synapse, start: float = 0.0) -> Read:
        """A signal through a synapse, as others see it: one step later."""
        source = self._whole(f"{name}.input", read)
        output = self.signal(f"{name}.output", self.signals[source].size)
        return Read(self.op(Filter(output, source, synapse.form(self.dt), start)), 1)

    def delayed(self, name: str, read: Read, steps: int) -> Read:
        """The same, so many steps later."""
        if steps <= 1 - read.delay:
            return Read(read.signal, read.delay + steps, read.columns)
        source = self._whole(f"{name}.sent", read)
        output = self.signal(f"{name}.arrived", self.signals[source].size)
        return Read(self.op(Filter(output, source, shift(steps - 1))), 1)

    def _whole(self, name: str, read: Read) -> int:
        """A signal of all that is read in this step."""
        if read.columns is None and not read.delay:
            return read.signal
        chosen = self.sum(name, self.size(read))
        self.add_term(chosen, Term(read))
        return chosen

    def record(self, read: Read, every: float) -> None:
        """One more thing to record, every so many steps."""
        self._records.append(Record(read, every))

    def size(self, read: Read) -> int:
        """How many elements are read."""
        return read_size(self.signals, read)

    def finish(self) -> Program:
        """All operations, in the order of a step."""
        sums = [(signal, terms, self._offset(signal)) for signal, terms in self._terms.items()]
        # A sum that collects nothing is 0 and adds nothing where it is read.
        zero = {signal for signal, terms, offset in sums if not terms and offset is None}
        ops = in_turn(
            [
                *self.ops,
                *(
                    Sum(signal, tuple(t for t in terms if t.read.signal not in zero), offset)
                    for signal, terms, offset in sums
                ),
            ]
        )
        signals = tuple(self.signals)
        return Program(self.dt, signals, ops, schedule(ops, signals), tuple(self._records))

    def _offset(self, signal: int) -> Array | None:
        added, given = self._added.get(signal), self._offsets[signal]
        if added is None or not added.any():
            return given
        return added if given is None else given + added
