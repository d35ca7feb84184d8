"""Collects signals, operations and records, and puts them in order at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.program import (
    Filter,
    Index,
    Learn,
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


class Assembly:
    """A program in the making; sums gather their terms until the end."""

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.signals: list[Signal] = []
        self._ops: list[Op] = []
        self._records: list[Record] = []
        self._sums: dict[int, tuple[list[Term], NDArray[np.float64] | None]] = {}

    def signal(self, name: str, size: int) -> int:
        """A new signal."""
        self.signals.append(Signal(name, size))
        return len(self.signals) - 1

    def op(self, op: Op) -> int:
        """A new operation; returns the signal that it writes."""
        self._ops.append(op)
        return outputs(op)[0]

    def learn(self, op: Learn) -> None:
        """A new operation that writes no signal."""
        self._ops.append(op)

    def sum(self, name: str, size: int, offset: NDArray[np.float64] | None = None) -> int:
        """A new signal that collects terms."""
        signal = self.signal(name, size)
        self._sums[signal] = ([], offset)
        return signal

    def add(self, signal: int, term: Term) -> None:
        """One more term of a sum."""
        self._sums[signal][0].append(term)

    def filtered(self, name: str, read: Read, synapse: Synapse, start: float = 0.0) -> Read:
        """A signal of this step through a synapse, as others see it: one step later."""
        if read.columns is not None:
            chosen = self.sum(f"{name}.input", self.size(read))
            self.add(chosen, Term(read))
            read = Read(chosen)
        output = self.signal(f"{name}.output", self.signals[read.signal].size)
        form = synapse.form(self.dt)
        return Read(self.op(Filter(output, read.signal, form, start)), 1)

    def record(self, read: Read, sample_every: float | None) -> None:
        """One more thing to record."""
        every = 1.0 if sample_every is None else sample_every / self.dt
        # 0.035 / 0.005 is a little more than 7, and would sample one step late.
        if abs(every - round(every)) < 1e-9 * every:
            every = float(round(every))
        self._records.append(Record(read, every))

    def size(self, read: Read) -> int:
        """How many elements are read."""
        return read_size(self.signals, read)

    def program(self) -> Program:
        """All operations, in the order of a step."""
        # What collects nothing is 0 and adds nothing where it is read.
        zero = {s for s, (terms, offset) in self._sums.items() if not terms and offset is None}
        sums = (
            Sum(signal, tuple(term for term in terms if term.read.signal not in zero), offset)
            for signal, (terms, offset) in self._sums.items()
        )
        ops, signals = in_turn((*self._ops, *sums)), tuple(self.signals)
        return Program(self.dt, signals, ops, schedule(ops, signals), tuple(self._records))


def as_index(chosen: tuple[int, ...] | None) -> Index | None:
    """A slice where the dimensions are in a row, else an index array."""
    if chosen is None:
        return None
    first, last = chosen[0], chosen[-1]
    if chosen == tuple(range(first, last + 1)):
        return slice(first, last + 1)
    return np.array(chosen, dtype=np.intp)


def scaled(gain: Any, matrix: Any) -> Any:
    """``diag(gain) @ matrix``, leaving a number or a sparse array what it is; None is identity."""
    if np.ndim(gain) == 0 and gain == 1.0:
        return matrix
    if matrix is None:
        return gain
    if hasattr(matrix, "tocsr"):
        return matrix.multiply(gain[:, None]).tocsr()
    return np.asarray(gain * matrix if np.ndim(matrix) < 2 else gain[:, None] * matrix)
