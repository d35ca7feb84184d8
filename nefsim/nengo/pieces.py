"""Blocks of memory whose parts feed one another within a step: a signal for each part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from nengo.builder.operator import Copy, Operator
from nengo.builder.signal import Signal

from nefsim.nengo.signals import Memory, as_index, places
from nefsim.program import ProgramBuilder, Read, Term


def in_parts(memory: Memory, base: Signal) -> bool:
    """Whether a block is made anew in each step and used in parts."""
    if base in memory.updates or base not in memory.incs or base not in memory.reads:
        return False
    if base.initial_value.any():
        return False
    touched = [*memory.incs[base], *memory.reads[base]]
    return any(np.size(_touched(op, signal)) < base.size for op, signal in touched)


def _touched(op: Operator, signal: Signal) -> Any:
    """The places that an operator reads or writes."""
    at = places(signal)
    if isinstance(op, Copy):
        chosen = op.dst_slice if signal is op.dst else op.src_slice
        at = at if chosen is None else at[np.asarray(chosen)]
    return np.ravel(at)


class Pieces:
    """The parts of a block: elements that everybody uses together.

    Parameters
    ----------
    builder : ProgramBuilder
        Where the signals are made.
    memory : Memory
        Who reads and writes the block.
    base : Signal
        The block.
    """

    def __init__(self, builder: ProgramBuilder, memory: Memory, base: Signal) -> None:
        self._builder = builder
        label = np.zeros(base.size, np.int64)
        for op, signal in [*memory.incs[base], *memory.reads[base]]:
            touched = np.zeros(base.size, np.int64)
            touched[_touched(op, signal)] = 1
            label = np.unique(2 * label + touched, return_inverse=True)[1]
        self._of = label
        self._place = np.zeros(base.size, np.int64)
        self._numbers: list[tuple[int, int]] = []
        for piece in range(int(label.max()) + 1):
            mine = np.flatnonzero(label == piece)
            self._place[mine] = np.arange(len(mine))
            name = f"{base.name}[{mine[0]}...]"
            self._numbers.append((builder.sum(name, len(mine)), len(mine)))

    def read(self, at: Any) -> Read:
        """The elements at these places, from one part or joined from several."""
        parts = list(self._parts(at))
        if len(parts) == 1:
            number, size, _, inside = parts[0]
            return Read(number, 0, as_index(inside, size))
        joined = self._builder.sum("joined", len(at))
        for number, size, chosen, inside in parts:
            read = Read(number, 0, as_index(inside, size))
            self._builder.add_term(joined, Term(read, None, as_index(chosen, len(at))))
        return Read(joined)

    def add(self, at: Any, term: Term) -> None:
        """Share a term out among the parts that it is added to."""
        for number, size, chosen, inside in self._parts(at):
            rows = as_index(inside, size)
            self._builder.add_term(number, replace(self._some(term, chosen), rows=rows))

    def add_constant(self, at: Any, value: Any) -> None:
        """Share numbers out."""
        for number, _, chosen, inside in self._parts(at):
            self._builder.add_offset(number, inside, np.ravel(value)[chosen])

    def _parts(self, at: Any) -> Any:
        for piece in np.unique(self._of[at]):
            chosen = np.flatnonzero(self._of[at] == piece)
            number, size = self._numbers[piece]
            yield number, size, chosen, self._place[np.asarray(at)[chosen]]

    def _some(self, term: Term, chosen: Any) -> Term:
        """The rows of a term that go into one part."""
        matrix = term.matrix
        if hasattr(matrix, "tocsr") or np.ndim(matrix) == 2:
            return replace(term, matrix=matrix[chosen])
        size = self._builder.signals[term.read.signal].size
        all_of_it = np.arange(size)
        columns = all_of_it if term.read.columns is None else all_of_it[term.read.columns]
        read = replace(term.read, columns=as_index(columns[chosen], size))
        return replace(term, read=read, matrix=matrix if np.ndim(matrix) == 0 else matrix[chosen])
