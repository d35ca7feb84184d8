"""A builder of programs, which networks of nefsim and of Nengo are lowered with."""

from __future__ import annotations

from collections.abc import Collection
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
from nefsim.program.rank_one import Multiple, in_rank_one
from nefsim.program.schedule import in_turn, schedule
from nefsim.synapses import PerElement, Synapse

Array = NDArray[np.float64]


class ProgramBuilder:
    """Collects the signals, operations and records of a program.

    Terms can be added to a sum until :meth:`finish` is called.

    Parameters
    ----------
    dt : float [s]
        The time step.

    Attributes
    ----------
    signals, ops : list
        Signals and operations so far, without sums.
    multiples : dict of int to Multiple
        Signals of the finished program of which one number alone is filtered (:mod:`.rank_one`).

    See Also
    --------
    Program : The result of :meth:`finish`.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim.program import ProgramBuilder, Read, Term
    >>> builder = ProgramBuilder(dt=0.001)
    >>> constant = builder.sum("constant", 1, np.array([2.0]))
    >>> double = builder.sum("double", 1)
    >>> builder.add_term(double, Term(Read(constant), 2.0))
    >>> builder.record(Read(double), every=1)
    >>> [signal.name for signal in builder.finish().signals]
    ['constant', 'double']
    """

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.signals: list[Signal] = []
        self.ops: list[Op] = []
        self._records: list[Record] = []
        self._terms: dict[int, list[Term]] = {}
        self._offsets: dict[int, Array | None] = {}
        self._added: dict[int, Array] = {}
        self._inputs: set[int] = set()
        self.multiples: dict[int, Multiple] = {}

    def signal(self, name: str, size: int) -> int:
        """Add a signal of ``size`` elements and return its number."""
        self.signals.append(Signal(name, size))
        return len(self.signals) - 1

    def op(self, op: Op) -> int:
        """Add an operation and return the number of the first signal that it writes."""
        self.ops.append(op)
        return outputs(op)[0]

    def sum(self, name: str, size: int, offset: Array | None = None) -> int:
        """Add a sum without terms and return the number of its signal."""
        signal = self.signal(name, size)
        self._terms[signal], self._offsets[signal] = [], offset
        return signal

    def input(self, name: str, value: Array) -> int:
        """Add a constant that a user may set between steps; returns its signal."""
        signal = self.sum(name, len(value), value)
        self._inputs.add(signal)
        return signal

    def as_sum(self, signal: int, terms: list[Term]) -> None:
        """Make a signal that nothing writes yet a sum."""
        self._terms[signal], self._offsets[signal] = terms, None

    def terms_of(self, signal: int) -> list[Term] | None:
        """The terms of a sum so far; None for another signal, or a sum with constants."""
        if signal in self._added or self._offsets.get(signal) is not None:
            return None
        return self._terms.get(signal)

    def add_term(self, signal: int, term: Term) -> None:
        """Add a term to the sum that writes ``signal``."""
        self._terms[signal].append(term)

    def add_offset(self, signal: int, rows: Any, value: Any) -> None:
        """Add constants to the sum that writes ``signal``, at ``rows`` or everywhere."""
        total = self._added.setdefault(signal, np.zeros(self.signals[signal].size))
        at: Any = slice(None) if rows is None else rows
        np.add.at(total, at, np.ravel(value))

    def filtered(self, name: str, read: Read, synapse: Synapse, start: float | Array = 0.0) -> Read:
        """Add the filter of a synapse; return a read of its output with a delay of one step."""
        source = self._whole(f"{name}.input", read)
        if isinstance(synapse, PerElement):
            return self._filtered_apart(name, source, synapse, start)
        output = self.signal(f"{name}.output", self.signals[source].size)
        return Read(self.op(Filter(output, source, synapse.form(self.dt), start)), 1)

    def _filtered_apart(
        self, name: str, source: int, synapses: PerElement, start: float | Array
    ) -> Read:
        """Filter the elements that share a synapse together, and put the parts into one signal."""
        output = self.sum(f"{name}.output", self.signals[source].size)
        for i, (synapse, places) in enumerate(synapses.groups().items()):
            rows = np.array(places)
            first = start[rows] if isinstance(start, np.ndarray) and start.ndim else start
            part = self.filtered(f"{name}.part {i}", Read(source, 0, rows), synapse, first)
            self.add_term(output, Term(Read(part.signal), rows=rows))
        return Read(output, 1)

    def delayed(self, name: str, read: Read, steps: int) -> Read:
        """Delay values by ``steps`` time steps; return a read of the delayed values."""
        if steps <= 1 - read.delay:
            return Read(read.signal, read.delay + steps, read.columns)
        source = self._whole(f"{name}.sent", read)
        output = self.signal(f"{name}.arrived", self.signals[source].size)
        return Read(self.op(Filter(output, source, shift(steps - 1))), 1)

    def _whole(self, name: str, read: Read) -> int:
        """A signal that equals a read: the signal itself, or a copy if the read is a part."""
        if read.columns is None and not read.delay:
            return read.signal
        chosen = self.sum(name, self.size(read))
        self.add_term(chosen, Term(read))
        return chosen

    def record(self, read: Read, every: float) -> None:
        """Record the values of ``read`` in every ``every``-th step."""
        self._records.append(Record(read, every))

    def size(self, read: Read) -> int:
        """The number of elements of a read."""
        return read_size(self.signals, read)

    def finish(self, whole: Collection[int] = ()) -> Program:
        """The program, with its operations in the order of a step.

        The signals ``whole`` have all their elements, whatever reads them (:mod:`.rank_one`).
        """
        sums = [(signal, terms, self._offset(signal)) for signal, terms in self._terms.items()]
        # A sum without terms is 0, so that its readers can ignore it.
        zero = {signal for signal, terms, offset in sums if not terms and offset is None}
        all_ops = [
            *self.ops,
            *(
                Sum(
                    signal,
                    tuple(t for t in terms if t.read.signal not in zero),
                    offset,
                    signal in self._inputs,
                )
                for signal, terms, offset in sums
            ),
        ]
        factored = in_rank_one(self.signals, all_ops, self._records, whole)
        self.multiples = factored.multiples
        signals, ops = tuple(factored.signals), in_turn(factored.ops)
        return Program(self.dt, signals, ops, schedule(ops, signals), tuple(self._records))

    def _offset(self, signal: int) -> Array | None:
        added, offset = self._added.get(signal), self._offsets[signal]
        if added is None or not added.any():
            return offset
        return added if offset is None else offset + added
