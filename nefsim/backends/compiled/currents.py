"""Currents that are sums of several inputs, as products with one vector.

A population that is inhibited has several inputs, each times a column: encoders, or the gains of
its neurons.  Columns that are multiples of each other, such as those of two inhibitions, become
one, whose input is the sum of theirs.  The inputs are then a short vector, and the population
computes its currents within its step, with no array of currents between.

Last digits may differ from those of a sum of products.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.compiled.analysis import cells_of
from nefsim.backends.compiled.opcodes import LINE, WIDE
from nefsim.neurons import LIF
from nefsim.program import Group, Neurons, Program, Read, Signal, Sum, Term

#: Largest difference of a column from a multiple of another, as a share of it: the rounding of
#: some products.
ROUNDING = 8 * float(np.finfo(np.float64).eps)


def encoded(program: Program) -> Program:
    """A program whose currents, where that is possible, are one product each.

    Parameters
    ----------
    program : Program
        The operations.

    Returns
    -------
    Program
        Its first signals and operations have the numbers of the original program.
    """
    signals, ops = [*program.signals], [*program.ops]
    added: dict[int, int] = {}
    recorded = {record.read.signal for record in program.records}
    spiking = {op.output for op in ops if isinstance(op, Neurons)}
    for op in program.ops:
        if not isinstance(op, Neurons) or not (type(op.neuron) is LIF or cells_of(op.neuron)):
            continue
        i, alone = program.writer[op.current], program.n_readers[op.current] == 1
        currents = ops[i]
        if not isinstance(currents, Sum) or not alone or op.current in recorded:
            continue
        if signals[op.current].size < LINE or not _is_narrow(program, currents, spiking):
            continue
        inputs, columns = _merged(program, currents)
        if len(columns) >= WIDE:
            continue
        x = len(signals)
        signals.append(Signal(f"{signals[op.current].name}.inputs", len(columns)))
        added[i] = len(ops)
        ops.append(Sum(x, tuple(inputs)))
        ops[i] = replace(currents, terms=(Term(Read(x), np.stack(columns, axis=1)),))
    if not added:
        return program
    groups = tuple(each for group in program.groups for each in _groups(group, added))
    return replace(program, signals=tuple(signals), ops=tuple(ops), groups=groups)


def _is_narrow(program: Program, op: Sum, spiking: set[int]) -> bool:
    """Whether a sum has an offset and several terms, which are dense products of few numbers."""
    if op.offset is None or len(op.terms) < 2:
        return False
    return all(
        np.ndim(term.matrix) == 2
        and not hasattr(term.matrix, "tocsr")
        and term.rows is None
        and not isinstance(term.read.columns, np.ndarray)
        and term.read.signal not in spiking
        and program.size(term.read) < WIDE
        for term in op.terms
    )


def _merged(program: Program, op: Sum) -> tuple[list[Term], list[NDArray[np.float64]]]:
    """The terms of a vector of inputs, and the column of each of its elements."""
    inputs: list[Term] = []
    columns: list[NDArray[np.float64]] = []
    for term in op.terms:
        matrix, first = np.asarray(term.matrix), len(columns)
        at, factor = first, 1.0
        if matrix.shape[1] == 1:
            at, factor = _multiple(columns, matrix[:, 0])
        if at == first:
            columns += [*matrix.T]
        rows = slice(at, at + program.size(term.read))
        inputs.append(Term(term.read, None if factor == 1.0 else np.float64(factor), rows))
    return inputs, columns


def _multiple(columns: list[NDArray[np.float64]], column: NDArray[np.float64]) -> tuple[int, float]:
    """The index of a column of which this one is a multiple, and the factor; else the end."""
    for k, other in enumerate(columns):
        if not (column.strides[0] and other.strides[0]):  # of an outline, without its numbers
            continue
        place = int(np.argmax(np.abs(other)))
        factor = float(column[place] / other[place]) if other[place] else 0.0
        product = factor * other
        if factor and (np.abs(column - product) <= ROUNDING * np.abs(product)).all():
            return k, factor
    return len(columns), 1.0


def _groups(group: Group, added: dict[int, int]) -> list[Group]:
    """A group with the operations that were added, each before the one that reads it."""
    ops = [j for i in group.ops for j in ((added[i], i) if i in added else (i,))]
    if group.loop:
        return [Group(tuple(ops), True)]
    return [Group((j,), False) for j in ops]
