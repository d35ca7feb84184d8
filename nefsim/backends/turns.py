"""Which operations of a block take many steps before the next has its turn.

A population that waits for nothing that comes after it in its block stays in registers from
one step to the next, and its encoders in the cache; it leaves behind a bit for each neuron and
step of a tile.  Decoding few values from these, and filtering them, can follow in the same way.
What is handed on past such operations needs a row for each step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nefsim.backends.codes import LINE
from nefsim.backends.populations import is_compiled
from nefsim.filtering import StateSpace
from nefsim.neurons import LIF, AdaptiveLIF, InverseLIF
from nefsim.program import Filter, Neurons, Op, Program, State, Sum, Term, outputs

#: A term with this many outputs per input or more is summed column by column.
TALL = 4

#: A vector of so many numbers may be an image that is held: it is looked at before it is
#: multiplied again.
HELD = 64

#: What is read of spikes: bits that tell who fired, a list of these, or the values.
BITS, LIST, VALUES = range(3)


def exact_populations(program: Program, state: State) -> set[int]:
    """Spikes of populations that take the exact step without a logarithm."""
    return {
        op.output
        for op, memory in zip(program.ops, state.ops, strict=True)
        if isinstance(op, Neurons)
        and isinstance(op.neuron, (LIF, AdaptiveLIF))
        and "refractory_factor" in memory
    }


def is_tall(matrix: Any) -> bool:
    """Whether a matrix is multiplied column by column rather than row by row."""
    n, m = np.shape(matrix)
    return bool(n >= TALL * m or n >= LINE)


def encodes(term: Term, n: int) -> bool:
    """Whether a term is a matrix of columns over the whole output, as in ``bias + E @ x``."""
    if term.rows is not None or hasattr(term.matrix, "tocsr") or np.ndim(term.matrix) != 2:
        return False
    held = np.shape(term.matrix)[1] >= HELD and n >= LINE
    return not isinstance(term.read.columns, np.ndarray) and not held and is_tall(term.matrix)


def is_copy(op: Op) -> bool:
    """Whether a sum does nothing but repeat what it reads."""
    if not isinstance(op, Sum) or op.offset is not None or len(op.terms) != 1:
        return False
    term = op.terms[0]
    identity = term.matrix is None or (np.ndim(term.matrix) == 0 and term.matrix == 1.0)
    return bool(identity) and term.rows is None and not isinstance(term.read.columns, np.ndarray)


def is_lowpass(op: Filter) -> bool:
    """Whether a filter is of first order with one coefficient of its input."""
    return not isinstance(op.form, StateSpace) and [*map(len, op.form)] == [1, 2]


def inside(program: Program, exact: set[int], shared: set[int]) -> dict[int, int]:
    """Currents that nobody needs but an LIF population, which can compute them itself.

    With the place of that population among the operations.
    """
    readers = Counter(read.signal for op in program.ops for read in op.reads)
    currents = {
        op.current: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons) and op.output in exact and type(op.neuron) is LIF
    }
    return {
        op.output: currents[op.output]
        for op in program.ops
        if isinstance(op, Sum)
        and op.output in currents
        and len(op.terms) == 1
        and op.offset is not None
        and encodes(op.terms[0], program.signals[op.output].size)
        and op.output not in shared
        and readers[op.output] == 1
    }


def go_ahead(
    program: Program, groups: Sequence[Sequence[int]], exact: set[int], shared: set[int]
) -> tuple[set[int], set[int]]:
    """Operations that take many steps at once, and signals that need rows for that.

    Parameters
    ----------
    program : Program
        Whose operations they are.
    groups : sequence of sequence of int
        Its blocks, each in the order of a step.
    exact : set of int
        Spikes of populations that take the exact step without a logarithm.
    shared : set of int
        Signals that have a row for each step.
    """
    turns = _Turns(program, exact, shared)
    found: set[int] = set()
    kept: set[int] = set()
    for group in groups:
        if all(_keeps_to_itself(program.ops[i]) for i in group):
            mine, more = turns.of(group)
            found |= mine
            kept |= more
    return found, kept


def _keeps_to_itself(op: Op) -> bool:
    """Whether others know of an operation by the signals that it writes alone."""
    if isinstance(op, Neurons):
        return is_compiled(op.neuron) and type(op.neuron) is not InverseLIF
    return isinstance(op, (Sum, Filter))


class _Turns:
    """What is read in a block, and what may go ahead; see :func:`go_ahead`."""

    def __init__(self, program: Program, exact: set[int], shared: set[int]) -> None:
        self._program, self._exact, self._shared = program, exact, shared
        self._inside = inside(program, exact, shared)
        self._writer = {s: i for i, op in enumerate(program.ops) for s in outputs(op)}
        neurons = [op for op in program.ops if isinstance(op, Neurons)]
        self._wide = {op.current for op in neurons} | {s for op in neurons for s in outputs(op)}

    def of(self, group: Sequence[int]) -> tuple[set[int], set[int]]:
        """The operations of a block that go ahead, and what is handed on past them."""
        place = {i: p for p, i in enumerate(group)}
        ties = np.zeros(len(group) + 1, np.intp)  # +1 where one begins, -1 behind its end
        handed: list[tuple[int, int, int]] = []
        listed: dict[int, int] = {}
        for here, signal, form in self._reads(group, place):
            there = place.get(self._writer[signal])
            if there is None or form == BITS:
                continue
            if signal in self._exact:
                first = listed.setdefault(signal, here)
                there = first if form == LIST else there
            elif here > there and signal not in self._wide:
                if signal not in self._shared:
                    handed.append((there, here, signal))
                continue
            ties[min(here, there)] += 1
            ties[max(here, there) + 1] -= 1
        tied = np.cumsum(ties)
        ahead = [self._may(i) and not tied[p] for p, i in enumerate(group)]
        before = np.cumsum([0, *ahead])  # how many go ahead up to a place
        kept = {signal for there, here, signal in handed if before[here + 1] > before[there]}
        return {i for i, yes in zip(group, ahead, strict=True) if yes}, kept

    def _reads(
        self, group: Sequence[int], place: Mapping[int, int]
    ) -> Iterator[tuple[int, int, int]]:
        """Where in a block something is read, which signal, and what of it."""
        for i in group:
            op = self._program.ops[i]
            if isinstance(op, Sum):
                if is_copy(op) and op.output not in self._shared:
                    continue  # whoever reads it reads what it repeats
                here = place[self._inside.get(op.output, i)]
                for term in op.terms:
                    yield here, self._origin(term.read.signal), self._form(term)
            else:
                for read in op.reads:
                    if read.signal not in self._inside:
                        yield place[i], self._origin(read.signal), VALUES

    def _form(self, term: Term) -> int:
        """What of a signal a term of a sum needs."""
        read, matrix = term.read, term.matrix
        whole = read.signal in self._exact and read.columns is None and not read.delay
        if not whole or hasattr(matrix, "tocsr") or np.ndim(matrix) != 2:
            return VALUES
        return BITS if np.shape(matrix)[0] < LINE else LIST

    def _origin(self, signal: int) -> int:
        """The signal that others only repeat."""
        op = self._program.ops[self._writer[signal]]
        while signal not in self._shared and is_copy(op):
            (read,) = op.reads
            signal = read.signal
            op = self._program.ops[self._writer[signal]]
        return signal

    def _may(self, i: int) -> bool:
        """Whether the interpreter can take many steps of an operation at once."""
        op = self._program.ops[i]
        if isinstance(op, Neurons):  # they make their currents and show nothing but spikes
            tau: Any = op.neuron
            own = op.current in self._inside and np.ndim(tau.tau_rc) + np.ndim(tau.tau_ref)
            return op.current in self._inside and not own and not op.observed
        if isinstance(op, Filter):
            return is_lowpass(op)
        assert isinstance(op, Sum)
        bits = all(t.rows is None and self._form(t) == BITS for t in op.terms)
        return bits and op.offset is None and len(op.terms) > 0
