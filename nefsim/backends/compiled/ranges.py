"""Sums of many populations as sums of ranges, which are independent of each other.

The output of an ensemble array is one vector, of which each population decodes some elements.
As one sum it would join all populations to one unit of work.  So each range of its elements that
have the same terms becomes a sum whose output lies within the vector; the vector itself is then
complete once all ranges are, and needs no instruction.  A range is decoded right after its
population, by the same additions in the same order.

Sums that nobody reads are emptied before: those of outputs that a network offers in vain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nefsim.backends.compiled.analysis import is_copy
from nefsim.backends.compiled.split import Split
from nefsim.program import Filter, Group, Neurons, Op, Program, Read, Signal, Sum, Term

#: Fewest ranges of a sum that is parted.
FEWEST = 2


def without_unread(program: Program) -> Program:
    """A program in which sums that no operation and no probe reads have no terms.

    Parameters
    ----------
    program : Program
        The operations.

    Returns
    -------
    Program
        Its signals and operations have the numbers of the original program.
    """
    readers = Counter(program.n_readers)
    readers.update(record.read.signal for record in program.records)
    ops = [*program.ops]
    waiting = [i for i, op in enumerate(ops) if _is_unread(op, readers)]
    if not waiting:
        return program
    while waiting:
        op = ops[i := waiting.pop()]
        assert isinstance(op, Sum)
        ops[i] = Sum(op.output, ())
        for read in op.reads:
            readers[read.signal] -= 1
            source = program.writer[read.signal]
            if not readers[read.signal] and _is_unread(ops[source], readers):
                waiting.append(source)
    return replace(program, ops=tuple(ops))


def _is_unread(op: Op, readers: Counter[int]) -> bool:
    return isinstance(op, Sum) and not op.is_input and bool(op.terms) and not readers[op.output]


def in_ranges(parts: Split) -> Split:
    """The sums of several populations, of a program whose large populations are split, in ranges.

    Parameters
    ----------
    parts : Split
        The program.

    Returns
    -------
    Split
        The ranges are among its signals that are a range of another, and the sums, which now
        gather ranges that are in place, among those that gather.
    """
    program = parts.program
    signals, ops = [*program.signals], [*program.ops]
    added: dict[int, list[int]] = {}
    whole = dict(parts.whole)
    private = _private(program)
    for i, op in enumerate(program.ops):
        if not isinstance(op, Sum) or op.output in private:
            continue
        ranges = _ranges(program, op)
        parts_of_sum = [
            (start, stop, Sum(0, tuple(_within(term, start, stop) for term in terms)))
            for start, stop, terms in ranges
        ]
        # A part that copies would not be computed, but read where it is from.
        if len(ranges) < FEWEST or any(is_copy(part) for _, _, part in parts_of_sum):
            continue
        added[i] = []
        gathered: list[Term] = []
        for start, stop, made in parts_of_sum:
            part, rows = len(signals), slice(start, stop)
            signals.append(Signal(f"{signals[op.output].name}[{start}:{stop}]", stop - start))
            whole[part] = op.output, start
            added[i].append(len(ops))
            ops.append(replace(made, output=part))
            gathered.append(Term(Read(part), None, rows))
        ops[i] = replace(op, terms=tuple(gathered))
    if not added:
        return parts
    groups = tuple(each for group in program.groups for each in _groups(group, added))
    program = replace(program, signals=tuple(signals), ops=tuple(ops), groups=groups)
    joined = frozenset(added)
    return replace(
        parts, program=program, whole=whole, gathers=parts.gathers | joined, joined=joined
    )


def _ranges(program: Program, op: Sum) -> list[tuple[int, int, list[Term]]]:
    """The ranges of a sum with the terms of each, in their order; none if it is not parted."""
    if op.offset is not None or len(op.terms) < FEWEST:
        return []
    if not all(isinstance(term.rows, slice) and term.rows.step in (None, 1) for term in op.terms):
        return []
    if any(hasattr(term.matrix, "tocsr") for term in op.terms):
        return []
    sources = {term.read.signal for term in op.terms}
    spiking = [s for s in sources if isinstance(program.ops[program.writer[s]], Neurons)]
    if len(spiking) < FEWEST:
        return []
    ranges: list[tuple[int, int, list[tuple[int, Term]]]] = []
    placed = [(*_bounds(term), k, term) for k, term in enumerate(op.terms)]
    for start, stop, k, term in sorted(placed, key=lambda each: each[:3]):
        if ranges and start < ranges[-1][1]:
            first, end, terms = ranges.pop()
            ranges.append((first, max(end, stop), [*terms, (k, term)]))
        elif start == (ranges[-1][1] if ranges else 0):
            ranges.append((start, stop, [(k, term)]))
        else:
            return []  # elements that no term writes
    if not ranges or ranges[-1][1] != program.signals[op.output].size:
        return []
    return [
        (start, stop, [term for _, term in sorted(terms, key=lambda each: each[0])])
        for start, stop, terms in ranges
    ]


def _bounds(term: Term) -> tuple[int, int]:
    """The first element of the output that a term writes, and the end."""
    assert isinstance(term.rows, slice)
    return term.rows.start or 0, term.rows.stop


def _within(term: Term, start: int, stop: int) -> Term:
    """A term of a sum as one of a range of the sum."""
    first, end = _bounds(term)
    rows = None if (first, end) == (start, stop) else slice(first - start, end - start)
    return replace(term, rows=rows)


def _private(program: Program) -> set[int]:
    """Signals that are the current of a population, or an input that it takes along.

    The latter are filtered, and then added to the current of each neuron (:mod:`.driving`).
    """
    found = {op.current for op in program.ops if isinstance(op, Neurons)}
    for signal in [*found]:
        op = program.ops[program.writer[signal]]
        for term in op.terms if isinstance(op, Sum) else ():
            source = program.ops[program.writer[term.read.signal]]
            if isinstance(source, Filter) and np.ndim(term.matrix) < 2:
                found.add(source.input)
    return found


def _groups(group: Group, added: dict[int, list[int]]) -> Iterator[Group]:
    """A group with the ranges, each before the sum that gathers them."""
    ops = [j for i in group.ops for j in (*added.get(i, ()), i)]
    if group.loop:
        yield Group(tuple(ops), True)
    else:
        yield from (Group((j,), False) for j in ops)
