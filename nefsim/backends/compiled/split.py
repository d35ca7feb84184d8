"""Large populations as several smaller ones, which several cores can step at once.

Each part has its currents and the decoded sums of its spikes.  A sum over all neurons becomes a
sum over parts, in their order.  The parts depend on the size of the population alone, so that
this order is the same for any number of cores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nefsim.neurons import (
    LIF,
    Izhikevich,
    LIFRate,
    NeuronType,
    RectifiedLinear,
    RegularSpiking,
    Sigmoid,
    SpikingRectifiedLinear,
    Tanh,
)
from nefsim.program import Filter, Group, Neurons, Op, Program, Read, Signal, Sum, Term, outputs

#: Fewest neurons of a population that is split, about how many neurons each part has, and the most
#: parts.
MIN_SPLIT, PART, MOST_PARTS = 4096, 2048, 128

#: Compiled types other than LIF, whose neurons all have the same parameters.
TYPES = (
    *(LIFRate, Sigmoid, Tanh, RectifiedLinear),
    *(SpikingRectifiedLinear, RegularSpiking, Izhikevich),
)

#: The start of a part is a multiple of this number, the bits of a word.
UNIT = 64


@dataclass(frozen=True, eq=False)
class Split:
    """A program whose large populations are split.

    Attributes
    ----------
    program : Program
        Its first signals and operations have the numbers of the original program.
    whole : mapping of int to (int, int)
        Signals that are a range of a signal of the original program: that signal, and the start.
    origin : mapping of int to (int, int)
        Parts of a population: the operation of the original program, and the first neuron.
    partial : frozenset of int
        Operations that decode the spikes of a part.
    gathers : frozenset of int
        Operations that copy the values of all parts to a signal of the original program.
    joined : frozenset of int
        Of these, sums whose parts are in place (:mod:`.ranges`), so that nothing is copied.
    """

    program: Program
    whole: Mapping[int, tuple[int, int]]
    origin: Mapping[int, tuple[int, int]]
    partial: frozenset[int]
    gathers: frozenset[int]
    joined: frozenset[int] = frozenset()

    @property
    def complete(self) -> set[int]:
        """The signals that are complete once their ranges are."""
        return {output for i in self.joined for output in outputs(self.program.ops[i])}

    @property
    def spikes(self) -> set[int]:
        """The spike outputs of the parts of exact LIF populations."""
        ops = (self.program.ops[i] for i in self.origin)
        return {op.output for op in ops if isinstance(op, Neurons) and type(op.neuron) is LIF}


def split(program: Program, analytic: set[int]) -> Split:
    """Split the large populations of a program, where all readers of their spikes decode them.

    Parameters
    ----------
    program : Program
        The operations.
    analytic : set of int
        Spike outputs of populations whose exact LIF step needs no logarithm; of LIF populations
        only these are split.

    Returns
    -------
    Split
    """
    large = {
        i: op
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons)
        and (op.output in analytic if type(op.neuron) is LIF else _has_range(op.neuron))
        and program.signals[op.output].size >= MIN_SPLIT
    }
    if not large:
        return Split(program, {}, {}, frozenset(), frozenset())
    return _Splitting(program, large).result()


class _Splitting:
    """The signals and operations of the new program, as they are added."""

    def __init__(self, program: Program, large: Mapping[int, Neurons]) -> None:
        self._old = program
        self._signals: list[Signal] = list(program.signals)
        self._ops: list[Op] = list(program.ops)
        self._whole: dict[int, tuple[int, int]] = {}
        self._origin: dict[int, tuple[int, int]] = {}
        self._partial: set[int] = set()
        self._added: dict[int, list[int]] = {}  # for an operation those that are added to it
        self._gathers: set[int] = set()
        self._copies: dict[int, list[Term]] = defaultdict(list)  # for a signal the parts of it
        self._terms: dict[int, list[tuple[int, Term]]] = defaultdict(list)  # readers of a signal
        self._filtered: set[int] = set()  # signals that filters read
        self._others: set[int] = set()  # signals that other operations read
        for i, op in enumerate(program.ops):
            if isinstance(op, Sum):
                for term in op.terms:
                    self._terms[term.read.signal].append((i, term))
            else:
                which = self._filtered if isinstance(op, Filter) else self._others
                which.update(read.signal for read in op.reads)
        self._currents = {program.writer[op.current] for op in large.values()}
        for i, op in large.items():
            if self._can_split(op):
                self._split(i, op)

    def result(self) -> Split:
        """The program of all signals and operations."""
        groups = [group for old in self._old.groups for group in self._groups(old)]
        program = replace(
            self._old, signals=tuple(self._signals), ops=tuple(self._ops), groups=tuple(groups)
        )
        partial, gathers = frozenset(self._partial), frozenset(self._gathers)
        return Split(program, self._whole, self._origin, partial, gathers)

    def _can_split(self, op: Neurons) -> bool:
        """Whether the currents of a population have parts, and its spikes are only decoded."""
        n = self._old.signals[op.output].size
        currents = self._old.ops[self._old.writer[op.current]]
        return (
            isinstance(currents, Sum)
            and self._old.n_readers[op.current] == 1
            and all(_has_parts(term) for term in currents.terms)
            and self._others.isdisjoint((op.output, *(signal for _, signal in op.observed)))
            and not any(self._terms[signal] for _, signal in op.observed)
            and all(
                _decodes(term, n) and reader not in self._currents
                for reader, term in self._terms[op.output]
            )
        )

    def _split(self, i: int, op: Neurons) -> None:
        """Replace a population, its currents and its decoded sums."""
        j, n = self._old.writer[op.current], self._old.signals[op.output].size
        currents = self._ops[j]
        assert isinstance(currents, Sum)
        sums: dict[int, list[list[Term]]] = defaultdict(list)  # for a reader, parts of each term
        for reader, _ in self._terms[op.output]:
            sums[reader].append([])
        ranges = parts(n)
        for start, stop in ranges:
            spikes, current = (
                self._range(signal, start, stop) for signal in (op.output, op.current)
            )
            offset = None if currents.offset is None else currents.offset[start:stop]
            terms = tuple(_part(term, start, stop) for term in currents.terms)
            self._add(j, Sum(current, terms, offset), start == 0)
            observed = tuple((name, self._range(s, start, stop)) for name, s in op.observed)
            neuron = _neuron(op.neuron, start, stop)
            part = replace(op, output=spikes, current=current, neuron=neuron, observed=observed)
            self._origin[self._add(i, part, start == 0)] = i, start
            count: dict[int, int] = defaultdict(int)
            for reader, term in self._terms[op.output]:
                matrix = np.asarray(term.matrix)[:, start:stop]
                partial = self._signal(f"{self._old.signals[op.output].name}.sum", len(matrix))
                decoded = Sum(partial, (Term(Read(spikes), matrix),))
                self._partial.add(self._add(i, decoded, False))
                sums[reader][count[reader]].append(Term(Read(partial), None, term.rows))
                count[reader] += 1
        for signal, copies in self._copies.items():
            self._gathers.add(self._add(i, Sum(signal, tuple(copies)), False))
        self._copies.clear()
        for reader, new in sums.items():
            total, rest = self._ops[reader], iter(new)
            assert isinstance(total, Sum)
            changed: list[Term] = []
            for term in total.terms:
                changed += next(rest) if term.read.signal == op.output else [term]
            self._ops[reader] = replace(total, terms=tuple(changed))

    def _range(self, signal: int, start: int, stop: int) -> int:
        """A new signal that is a range of another, or is copied to it if filters read that."""
        part = self._signal(f"{self._old.signals[signal].name}[{start}:{stop}]", stop - start)
        if signal in self._filtered:
            self._copies[signal].append(Term(Read(part), None, slice(start, stop)))
        else:
            self._whole[part] = signal, start
        return part

    def _signal(self, name: str, size: int) -> int:
        self._signals.append(Signal(name, size))
        return len(self._signals) - 1

    def _add(self, i: int, op: Op, replaces: bool) -> int:
        """Add an operation in place of another, or after it; returns its index."""
        if replaces:
            self._ops[i] = op
            return i
        self._ops.append(op)
        self._added.setdefault(i, []).append(len(self._ops) - 1)
        return len(self._ops) - 1

    def _groups(self, group: Group) -> list[Group]:
        """A group with the operations that were added; those without a loop are groups alone."""
        ops = [j for i in group.ops for j in (i, *self._added.get(i, ()))]
        if group.loop:
            return [Group(tuple(ops), True)]
        return [Group((j,), False) for j in ops]


def parts(n: int) -> list[tuple[int, int]]:
    """The first neuron and the end of each part of a population of ``n``."""
    n_parts = min(2 * -(-n // (2 * PART)), MOST_PARTS)  # an even number, for two cores
    size = -(-n // (n_parts * UNIT)) * UNIT
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def _has_parts(term: Term) -> bool:
    """Whether a term of currents is a dense product, of which a range of neurons needs some rows.

    Others may be filters of spikes, which a population takes along (:mod:`.driving`).
    """
    return term.rows is None and np.ndim(term.matrix) == 2 and not hasattr(term.matrix, "tocsr")


def _decodes(term: Term, n: int) -> bool:
    """Whether a term is a product of all spikes of this step with few rows of decoders."""
    read, matrix = term.read, term.matrix
    whole = read.columns is None and not read.delay
    is_dense = np.ndim(matrix) == 2 and not hasattr(matrix, "tocsr")
    return whole and is_dense and len(parts(n)) * np.shape(matrix)[0] <= n


def _has_range(neuron: NeuronType) -> bool:
    """Whether a compiled type other than LIF steps a range of neurons as it steps all of them."""
    own = getattr(neuron, "base_type", neuron)
    known = (type(n) in TYPES for n in {neuron, own})
    return all(known) and not any(np.ndim(value) for value in vars(own).values())


def _part(term: Term, start: int, stop: int) -> Term:
    """A term of the currents of a range of neurons."""
    return Term(term.read, np.asarray(term.matrix)[start:stop])


def _neuron(neuron: Any, start: int, stop: int) -> Any:
    """The neuron type of a range of neurons."""
    each = {
        name: getattr(neuron, name)[start:stop]
        for name in ("tau_rc", "tau_ref")
        if np.ndim(getattr(neuron, name, 0.0))
    }
    return replace(neuron, **each) if each else neuron


def memories(origin: Mapping[int, tuple[int, int]], own: Sequence[dict[str, int]], n: int) -> Any:
    """Offsets of the memories of ``n`` operations: those of a part begin at its first neuron."""
    found: list[dict[str, int]] = []
    for i in range(n):
        j, start = origin.get(i, (i, 0))
        found.append({name: at + start for name, at in own[j].items()} if j < len(own) else {})
    return found
