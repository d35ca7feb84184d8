"""Time tiling: which operations of a block take a tile of steps before the next has its turn.

A population whose output nothing in its block reads before the block's next step stays in
registers from one step to the next, and its encoders in the cache; it leaves a bit for each
neuron and step of a tile.  Decoding few values from these bits, and filtering them, can be
tiled in the same way.

An operation may not be tiled between the writing of a signal that has one row and the reading
of it.  Each such pair is an interval of places in the block; a running sum over the ends of all
intervals (+1 where one begins, -1 behind its end) is 0 where an operation is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import (
    fused_currents,
    is_copy,
    is_lowpass,
    steps_compiled,
)
from nefsim.backends.compiled.opcodes import LINE
from nefsim.neurons import InverseLIF
from nefsim.program import Filter, Neurons, Op, Program, Sum, Term, outputs

#: What is read of spikes: bits that tell who fired, a list of these, or the values.
BITS, LIST, VALUES = range(3)


def tile(
    program: Program,
    groups: Sequence[Sequence[int]],
    analytic: Set[int],
    materialized: Set[int],
) -> tuple[set[int], set[int]]:
    """Operations that are tiled, and signals that need a row for each step for that.

    Parameters
    ----------
    program : Program
        Whose operations they are.
    groups : sequence of sequence of int
        Its blocks, each in the order of a step.
    analytic : set of int
        Spikes of populations that take the exact LIF step without a logarithm.
    materialized : set of int
        Signals that have a row for each step.
    """
    tiling = _Tiling(program, analytic, materialized)
    found: set[int] = set()
    kept: set[int] = set()
    for group in groups:
        if all(_keeps_to_itself(program.ops[i]) for i in group):
            tiled, handed_on = tiling.of(group)
            found |= tiled
            kept |= handed_on
    return found, kept


def _keeps_to_itself(op: Op) -> bool:
    """Whether others know of an operation by the signals that it writes alone."""
    if isinstance(op, Neurons):
        return steps_compiled(op.neuron) and type(op.neuron) is not InverseLIF
    return isinstance(op, (Sum, Filter))


class _Tiling:
    """What is read in a block, and what may be tiled; see :func:`tile`."""

    def __init__(self, program: Program, analytic: Set[int], materialized: Set[int]) -> None:
        self._program, self._analytic, self._materialized = program, analytic, materialized
        self._fused = fused_currents(program, analytic, materialized)
        self._writer = program.writer
        neurons = [op for op in program.ops if isinstance(op, Neurons)]
        self._wide = {op.current for op in neurons} | {s for op in neurons for s in outputs(op)}

    def of(self, group: Sequence[int]) -> tuple[set[int], set[int]]:
        """The tiled operations of a block, and the signals that are handed on past them."""
        place = {i: p for p, i in enumerate(group)}
        ties = np.zeros(len(group) + 1, np.intp)  # +1 where one begins, -1 behind its end
        handed: list[tuple[int, int, int]] = []
        listed: dict[int, int] = {}
        for here, signal, form in self._reads(group, place):
            there = place.get(self._writer[signal])
            if there is None or form == BITS:
                continue
            if signal in self._analytic:
                first = listed.setdefault(signal, here)
                there = first if form == LIST else there
            elif here > there and signal not in self._wide:
                if signal not in self._materialized:
                    handed.append((there, here, signal))
                continue
            ties[min(here, there)] += 1
            ties[max(here, there) + 1] -= 1
        tied = np.cumsum(ties)
        free = [self._may(i) and not tied[p] for p, i in enumerate(group)]
        before = np.cumsum([0, *free])  # how many are tiled up to a place
        kept = {signal for there, here, signal in handed if before[here + 1] > before[there]}
        return {i for i, yes in zip(group, free, strict=True) if yes}, kept

    def _reads(
        self, group: Sequence[int], place: Mapping[int, int]
    ) -> Iterator[tuple[int, int, int]]:
        """Where in a block something is read, which signal, and what of it."""
        for i in group:
            op = self._program.ops[i]
            if isinstance(op, Sum):
                if is_copy(op) and op.output not in self._materialized:
                    continue  # whoever reads it reads what it repeats
                here = place[self._fused.get(op.output, i)]
                for term in op.terms:
                    yield here, self._origin(term.read.signal), self._form(term)
            else:
                for read in op.reads:
                    if read.signal not in self._fused:
                        yield place[i], self._origin(read.signal), VALUES

    def _form(self, term: Term) -> int:
        """What of a signal a term of a sum needs."""
        read, matrix = term.read, term.matrix
        whole = read.signal in self._analytic and read.columns is None and not read.delay
        if not whole or hasattr(matrix, "tocsr") or np.ndim(matrix) != 2:
            return VALUES
        return BITS if np.shape(matrix)[0] < LINE else LIST

    def _origin(self, signal: int) -> int:
        """The signal that others only repeat."""
        op = self._program.ops[self._writer[signal]]
        while signal not in self._materialized and is_copy(op):
            (read,) = op.reads
            signal = read.signal
            op = self._program.ops[self._writer[signal]]
        return signal

    def _may(self, i: int) -> bool:
        """Whether the interpreter can take many steps of an operation at once."""
        op = self._program.ops[i]
        if isinstance(op, Neurons):  # they make their currents and show nothing but spikes
            tau: Any = op.neuron
            own = op.current in self._fused and np.ndim(tau.tau_rc) + np.ndim(tau.tau_ref)
            return op.current in self._fused and not own and not op.observed
        if isinstance(op, Filter):
            return is_lowpass(op)
        assert isinstance(op, Sum)
        bits = all(t.rows is None and self._form(t) == BITS for t in op.terms)
        return bits and op.offset is None and len(op.terms) > 0
