"""Time tiling: an operation runs a tile of steps before the next operation of its block runs.

The state of a tiled population stays in registers from step to step, and its encoders stay in the
cache.  The population writes a bit for each neuron and step of a tile.  The decoding of few
values from these bits, and the filters of these values, can be tiled too.

A signal that is stored for one step only must be read before it is written again.  So operations
from its writer to its reader, an interval of positions in the block, must not be tiled.  A
difference array has +1 at the start of each interval and -1 after its end; operations may be
tiled where its running sum is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import (
    cells_of,
    decoded_terms,
    fused_currents,
    is_copy,
    is_lowpass,
    steps_compiled,
)
from nefsim.backends.compiled.opcodes import LINE
from nefsim.neurons import InverseLIF
from nefsim.program import Filter, Neurons, Op, Program, Sum, Term, outputs

#: Forms in which spikes are read: a bit for each neuron (or values that the population has
#: decoded itself), a list of indices, or the values.
BITS, LIST, VALUES = range(3)


def tile(
    program: Program,
    groups: Sequence[Sequence[int]],
    analytic: Set[int],
    materialized: Set[int],
    together: Sequence[Sequence[int]] = (),
) -> tuple[set[int], set[int]]:
    """Choose the operations to tile.

    Parameters
    ----------
    program : Program
        The program to run.
    groups : sequence of sequence of int
        The fused blocks, each in the order of a step.
    analytic : set of int
        Spike outputs of LIF populations that are stepped exactly, without a logarithm.
    materialized : set of int
        Signals that have a row for each step.
    together : sequence of sequence of int
        Operations of one block that take each step together.

    Returns
    -------
    (set of int, set of int)
        The operations to tile, and the signals to store for each step because of them.
    """
    tiling = _Tiling(program, analytic, materialized, together)
    tiled: set[int] = set()
    carried: set[int] = set()
    for group in groups:
        if all(_has_only_outputs(program.ops[i]) for i in group):
            tiled_here, carried_here = tiling.of(group)
            tiled |= tiled_here
            carried |= carried_here
    return tiled, carried


def spike_form(term: Term, analytic: Set[int]) -> int:
    """The form in which a term of a sum reads its signal: BITS, LIST or VALUES."""
    read, matrix = term.read, term.matrix
    whole = read.signal in analytic and read.columns is None and not read.delay
    if not whole or hasattr(matrix, "tocsr") or np.ndim(matrix) != 2:
        return VALUES
    return BITS if np.shape(matrix)[0] < LINE else LIST


def _has_only_outputs(op: Op) -> bool:
    """Whether an operation affects others through the signals that it writes only."""
    if isinstance(op, Neurons):
        return steps_compiled(op.neuron) and type(op.neuron) is not InverseLIF
    return isinstance(op, (Sum, Filter))


class _Tiling:
    """Chooses the operations of one block to tile; see :func:`tile`."""

    def __init__(
        self,
        program: Program,
        analytic: Set[int],
        materialized: Set[int],
        together: Sequence[Sequence[int]],
    ) -> None:
        self._program, self._analytic, self._materialized = program, analytic, materialized
        self._together = together
        self._fused = fused_currents(program, analytic, materialized)
        self._decoded = {t for terms in decoded_terms(program).values() for t in terms}
        self._writer = program.writer
        neurons = [op for op in program.ops if isinstance(op, Neurons)]
        self._wide = {op.current for op in neurons} | {s for op in neurons for s in outputs(op)}

    def of(self, group: Sequence[int]) -> tuple[set[int], set[int]]:
        """The operations of a block to tile, and signals to store for each step because of them."""
        position = {i: p for p, i in enumerate(group)}
        # Sums of the rows of spikes are tiled unless they have to take single steps.
        lists = {i for i in group if self._can_tile(i) and self._reads_lists(i)}
        while True:
            tiled, carried = self._of(group, position, lists)
            if lists <= tiled:
                return tiled, carried
            lists &= tiled

    def _of(
        self, group: Sequence[int], position: Mapping[int, int], lists: Set[int]
    ) -> tuple[set[int], set[int]]:
        """The same, if the sums ``lists`` are tiled."""
        changes = np.zeros(len(group) + 1, np.intp)  # the difference array of the intervals
        narrow: list[tuple[int, int, int]] = []
        first_list: dict[int, int] = {}
        for reader, signal, form in self._reads(group, position):
            source = self._program.ops[self._writer[signal]]
            writer = position.get(self._writer[signal])
            is_held = isinstance(source, Sum) and source.is_input  # the same in all steps
            is_listed = form == LIST and group[reader] in lists
            if writer is None or form == BITS or is_held or is_listed:
                continue
            if signal in self._analytic:
                first = first_list.setdefault(signal, reader)
                writer = first if form == LIST else writer
            elif reader > writer and signal not in self._wide:
                if signal not in self._materialized:
                    narrow.append((writer, reader, signal))
                continue
            changes[min(reader, writer)] += 1
            changes[max(reader, writer) + 1] -= 1
        for ops in self._together:
            if places := [position[i] for i in ops if i in position]:
                changes[min(places)] += 1
                changes[max(places) + 1] -= 1
        n_intervals = np.cumsum(changes)
        free = [
            self._can_tile(i) and not n_intervals[p] and (i in lists or not self._reads_lists(i))
            for p, i in enumerate(group)
        ]
        n_tiled = np.cumsum([0, *free])  # before each position
        carried = {
            signal for writer, reader, signal in narrow if n_tiled[reader + 1] > n_tiled[writer]
        }
        return {i for i, is_free in zip(group, free, strict=True) if is_free}, carried

    def _reads(
        self, group: Sequence[int], position: Mapping[int, int]
    ) -> Iterator[tuple[int, int, int]]:
        """The reads of a block: the reader's position, the signal, and its form."""
        for i in group:
            op = self._program.ops[i]
            if isinstance(op, Sum):
                if is_copy(op) and op.output not in self._materialized:
                    continue  # its readers read the signal that it copies
                reader = position[self._fused.get(op.output, i)]
                for term in op.terms:
                    yield reader, self._origin(term.read.signal), self._form(term)
            else:
                for read in op.reads:
                    if read.signal not in self._fused:
                        yield position[i], self._origin(read.signal), VALUES

    def _form(self, term: Term) -> int:
        """The form in which a term of a sum reads its signal."""
        return BITS if term in self._decoded else spike_form(term, self._analytic)

    def _origin(self, signal: int) -> int:
        """The signal that a chain of copies starts from."""
        op = self._program.ops[self._writer[signal]]
        while signal not in self._materialized and is_copy(op):
            (read,) = op.reads
            signal = read.signal
            op = self._program.ops[self._writer[signal]]
        return signal

    def _can_tile(self, i: int) -> bool:
        """Whether the interpreter can run many steps of an operation at once."""
        op = self._program.ops[i]
        if isinstance(op, Neurons):  # with fused currents and equal time constants of LIF, unprobed
            if op.current not in self._fused or op.observed:
                return False
            neuron: Any = op.neuron
            if cells_of(neuron):
                return not neuron.random
            return np.ndim(neuron.tau_rc) == np.ndim(neuron.tau_ref) == 0
        if isinstance(op, Filter):
            return is_lowpass(op)
        assert isinstance(op, Sum)
        of_spikes = all(t.rows is None and self._form(t) != VALUES for t in op.terms)
        return of_spikes and op.offset is None and len(op.terms) > 0

    def _reads_lists(self, i: int) -> bool:
        """Whether an operation is a sum of the rows of the neurons that fired."""
        op = self._program.ops[i]
        return isinstance(op, Sum) and any(self._form(t) == LIST for t in op.terms)
