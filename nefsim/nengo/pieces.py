"""Split blocks of Nengo's memory whose parts depend on each other into several signals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from nengo.builder.operator import Copy, Operator
from nengo.builder.signal import Signal

from nefsim.nengo.signals import Memory, as_index, indices_of
from nefsim.program import ProgramBuilder, Read, Term


def in_parts(memory: Memory, base: Signal) -> bool:
    """Whether operators write a block in each step, and some use a part of it."""
    if base in memory.updates or base not in memory.incs or base not in memory.reads:
        return False
    if base.initial_value.any():
        return False
    uses = [*memory.incs[base], *memory.reads[base]]
    return any(np.size(_indices_used(op, signal)) < base.size for op, signal in uses)


def _indices_used(op: Operator, signal: Signal) -> Any:
    """The indices of the elements that an operator reads or writes."""
    indices = indices_of(signal)
    if isinstance(op, Copy):
        selection = op.dst_slice if signal is op.dst else op.src_slice
        indices = indices if selection is None else indices[np.asarray(selection)]
    return np.ravel(indices)


class Pieces:
    """The parts of a block, so small that each operator uses all elements of a part or none.

    Parameters
    ----------
    builder : ProgramBuilder
        The builder to which the signals are added.
    memory : Memory
        The operators that read and write each block.
    base : Signal
        The block.
    """

    def __init__(self, builder: ProgramBuilder, memory: Memory, base: Signal) -> None:
        self._builder = builder
        label = np.zeros(base.size, np.int64)
        for op, signal in [*memory.incs[base], *memory.reads[base]]:
            is_used = np.zeros(base.size, np.int64)
            is_used[_indices_used(op, signal)] = 1
            label = np.unique(2 * label + is_used, return_inverse=True)[1]
        self._label = label
        self._position = np.zeros(base.size, np.int64)
        self._numbers: list[tuple[int, int]] = []
        for piece in range(int(label.max()) + 1):
            members = np.flatnonzero(label == piece)
            self._position[members] = np.arange(len(members))
            name = f"{base.name}[{members[0]}...]"
            self._numbers.append((builder.sum(name, len(members)), len(members)))

    def read(self, indices: Any) -> Read:
        """The read of elements by their indices, from one part or from a copy of several."""
        parts = list(self._parts(indices))
        if len(parts) == 1:
            number, size, _, columns_of_part = parts[0]
            return Read(number, 0, as_index(columns_of_part, size))
        total = self._builder.sum("joined", len(indices))
        for number, size, rows_of_term, columns_of_part in parts:
            read = Read(number, 0, as_index(columns_of_part, size))
            self._builder.add_term(total, Term(read, None, as_index(rows_of_term, len(indices))))
        return Read(total)

    def add(self, indices: Any, term: Term) -> None:
        """Add each row of a term to the sum of its part."""
        for number, size, rows_of_term, columns_of_part in self._parts(indices):
            rows = as_index(columns_of_part, size)
            part = self._rows_in_part(term, rows_of_term)
            self._builder.add_term(number, replace(part, rows=rows))

    def add_constant(self, indices: Any, value: Any) -> None:
        """Add each of the numbers to the sum of its part."""
        for number, _, rows_of_term, columns_of_part in self._parts(indices):
            self._builder.add_offset(number, columns_of_part, np.ravel(value)[rows_of_term])

    def _parts(self, indices: Any) -> Any:
        for piece in np.unique(self._label[indices]):
            rows_of_term = np.flatnonzero(self._label[indices] == piece)
            number, size = self._numbers[piece]
            yield number, size, rows_of_term, self._position[np.asarray(indices)[rows_of_term]]

    def _rows_in_part(self, term: Term, rows_of_term: Any) -> Term:
        """The rows of a term that belong to one part."""
        matrix = term.matrix
        if hasattr(matrix, "tocsr") or np.ndim(matrix) == 2:
            return replace(term, matrix=matrix[rows_of_term])
        size = self._builder.signals[term.read.signal].size
        columns = np.arange(size)
        if term.read.columns is not None:
            columns = columns[term.read.columns]
        read = replace(term.read, columns=as_index(columns[rows_of_term], size))
        matrix = matrix if np.ndim(matrix) == 0 else matrix[rows_of_term]
        return replace(term, read=read, matrix=matrix)
