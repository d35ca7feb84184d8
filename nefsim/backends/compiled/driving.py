"""Driven populations: LIF neurons whose currents come from spikes through lowpass filters.

In networks of sparse weights from neuron to neuron, a step of such a population would be a pass
over its neurons for each of these: the sum of weights is set to 0, filtered, multiplied by the
gains and added to the bias, before the neurons take their step.  A *drive* is such a sum with its
filter.  The population takes all its drives along in the one pass of its step:

- a spike adds its weights to the *input* of the filter, which is 0 at the start of each step;
- the pass of the next step filters the input, sets it to 0, and adds the result to the current.

At the end of a tile the filters are brought up to date, so that the state is that of the step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from nefsim.backends.compiled.analysis import is_copy, is_lowpass
from nefsim.filtering import is_shift
from nefsim.neurons import LIF
from nefsim.program import Filter, Neurons, Op, Program, Sum, Term


@dataclass(frozen=True, eq=False)
class Drive:
    """A term of the currents of a population, from spikes through a lowpass filter.

    Attributes
    ----------
    population : int
        The index of the population.
    term : Term
        The term of its currents; it reads the filter.
    filter : int
        The index of the lowpass filter.
    source : int
        The index of the sum of weights of spikes.
    delay : int or None
        The index of the filter that delays the sum, if there is one.
    slots : int
        Steps between the sum and the input of the filter.
    """

    population: int
    term: Term
    filter: int
    source: int
    delay: int | None = None
    slots: int = 0

    @property
    def ops(self) -> tuple[int, ...]:
        """All operations of this drive."""
        delays = () if self.delay is None else (self.delay,)
        return (self.population, self.filter, self.source, *delays)


def find_drives(
    program: Program,
    groups: Sequence[Sequence[int]],
    analytic: Set[int],
    materialized: Set[int],
) -> dict[int, tuple[Drive, ...]]:
    """The drives of each population that has some, by the index of the population.

    Parameters
    ----------
    program : Program
        The operations.
    groups : sequence of sequence of int
        The fused blocks.
    analytic : set of int
        Spike outputs of populations whose exact LIF step needs no logarithm.
    materialized : set of int
        Signals that have a row for each step.

    Returns
    -------
    dict of int to tuple of Drive
    """
    search = _Search(program, groups, materialized)
    found: dict[int, tuple[Drive, ...]] = {}
    for i, op in enumerate(program.ops):
        if not isinstance(op, Neurons) or op.output not in analytic or type(op.neuron) is not LIF:
            continue
        current = program.ops[program.writer[op.current]]
        is_private = op.current not in materialized and program.n_readers[op.current] == 1
        if not is_private or not isinstance(current, Sum):
            continue
        drives = (search.drive(i, term) for term in current.terms)
        if chosen := tuple(drive for drive in drives if drive is not None):
            found[i] = chosen
    return found


class _Search:
    """Finds the operations from a term of currents back to spikes; see :func:`find_drives`."""

    def __init__(
        self, program: Program, groups: Sequence[Sequence[int]], materialized: Set[int]
    ) -> None:
        self._program, self._materialized = program, materialized
        self._block = {i: b for b, group in enumerate(groups) for i in group}
        self._recorded = {record.read.signal for record in program.records}

    def drive(self, population: int, term: Term) -> Drive | None:
        """The drive of a term, if it is one."""
        simple = term.matrix is None or (
            not hasattr(term.matrix, "tocsr") and np.ndim(term.matrix) < 2
        )
        if not simple or isinstance(term.rows, np.ndarray) or not self._steps_back(term):
            return None
        filter_at = self._program.writer[term.read.signal]
        lowpass = self._program.ops[filter_at]
        if not isinstance(lowpass, Filter) or not is_lowpass(lowpass):
            return None
        source = self._alone(lowpass.input)
        if source is None:
            return None
        op = self._program.ops[source]
        found = None
        if self._adds_spikes(op):
            found = Drive(population, term, filter_at, source)
        elif isinstance(op, Sum) and is_copy(op) and self._steps_back(op.terms[0]):
            found = self._delayed(population, term, filter_at, op.terms[0].read.signal)
        if found is None or len({self._block[i] for i in found.ops}) > 1:
            return None
        return found

    def _delayed(self, population: int, term: Term, filter_at: int, signal: int) -> Drive | None:
        """A drive whose sum reaches its filter ``slots`` steps later."""
        at = self._program.writer[signal]
        op = self._program.ops[at]
        if isinstance(op, Filter) and is_shift(op.form):
            source = self._alone(op.input)
            if source is not None and self._adds_spikes(self._program.ops[source], sparse=True):
                slots = len(op.form[0])
                return Drive(population, term, filter_at, source, at, slots)
        elif self._adds_spikes(op, sparse=True):
            return Drive(population, term, filter_at, at, None, 1)
        return None

    def _steps_back(self, term: Term) -> bool:
        """Whether a term is the only reader of a whole signal, of the step before."""
        read = term.read
        return (
            read.delay == 1
            and read.columns is None
            and self._program.n_readers[read.signal] == 1
            and read.signal not in self._recorded
        )

    def _alone(self, signal: int) -> int | None:
        """The operation that writes a signal which only one operation reads, in the same step."""
        if signal in self._materialized or self._program.n_readers[signal] != 1:
            return None
        return self._program.writer[signal]

    def _adds_spikes(self, op: Op, sparse: bool = False) -> bool:
        """Whether a sum only adds the weights of spikes of this step."""
        if not isinstance(op, Sum) or op.offset is not None or not op.terms:
            return False
        return all(self._is_event(term, sparse) for term in op.terms)

    def _is_event(self, term: Term, sparse: bool) -> bool:
        read, matrix = term.read, term.matrix
        neurons = self._program.ops[self._program.writer[read.signal]]
        if not isinstance(neurons, Neurons) or not neurons.neuron.spiking or read.delay:
            return False
        if neurons.output != read.signal or isinstance(term.rows, np.ndarray):
            return False
        return hasattr(matrix, "tocsr") or (
            not sparse and read.columns is None and np.ndim(matrix) == 2
        )


def single_rows(program: Program, drives: Mapping[int, tuple[Drive, ...]]) -> set[int]:
    """Signals of drives that have one row, whose content passes from step to step."""
    signals: set[int] = set()
    for drive in (drive for each in drives.values() for drive in each):
        signals.add(drive.term.read.signal)
        if drive.slots:
            at = drive.source if drive.delay is None else drive.delay
            signals.update(_output(program.ops[i]) for i in (at, drive.source))
    return signals


def _output(op: Op) -> int:
    assert isinstance(op, (Sum, Filter))
    return op.output


def order(drives: Mapping[int, tuple[Drive, ...]]) -> dict[int, list[int]]:
    """For each sum of a drive, the population that has to take its step before it."""
    return {drive.source: [i] for i, each in drives.items() for drive in each}


def silent(program: Program, populations: Collection[int], materialized: Set[int]) -> set[int]:
    """Spike outputs of populations of which only the indices of spikes are read."""
    signals = {op.output for i in populations if isinstance(op := program.ops[i], Neurons)}
    signals -= materialized
    for op in program.ops:
        if isinstance(op, Sum):
            signals -= {t.read.signal for t in op.terms if not _reads_indices(t)}
        else:
            signals -= {read.signal for read in op.reads}
    return signals


def _reads_indices(term: Term) -> bool:
    if hasattr(term.matrix, "tocsr"):
        return not term.read.delay
    return term.read.columns is None and not term.read.delay and np.ndim(term.matrix) == 2
