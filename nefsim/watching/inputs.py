"""Inputs of populations, found from the rows that a back end holds of a chunk of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering import Built
from nefsim.network import Ensemble
from nefsim.program import Program, Sum, Term

Array = NDArray[Any]
Places = NDArray[np.intp]

#: Inputs of more nonzero weights than this in all are not looked at.
LARGEST = 1 << 20


class Entries(NamedTuple):
    """Addends of a vector: ``target += factor * signal[column]``, of this step or one before."""

    signal: Places
    delay: Places
    column: Places
    factor: Array
    target: Places

    def through(self, to: Places, source: Places, weight: Array) -> Entries:
        """What they are behind a matrix of the elements ``weight`` at (to, source)."""
        order = np.argsort(self.target, kind="stable")
        first, end = (np.searchsorted(self.target[order], source, s) for s in ("left", "right"))  # type: ignore[call-overload]
        n = end - first
        chosen = order[np.repeat(first - (np.cumsum(n) - n), n) + np.arange(n.sum())]
        signal, delay, column, factor, _ = (part[chosen] for part in self)
        return Entries(signal, delay, column, factor * np.repeat(weight, n), np.repeat(to, n))


def _of_rows(signal: int, delay: int, size: int) -> Entries:
    """A signal as it is."""
    every = np.arange(size)
    return Entries(np.full(size, signal), np.full(size, delay), every, np.ones(size), every)


def _joined(parts: Sequence[Entries]) -> Entries:
    return Entries(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class Inputs:
    """How to find the inputs of populations from the rows of a chunk.

    Parameters
    ----------
    built : Built
        What runs.
    rows : sequence of ndarray or None
        The rows of each signal, where it has any.
    reach : dict of Ensemble to float
        How long the input of each population may be.

    Attributes
    ----------
    ensembles : tuple of Ensemble
        Those whose inputs can be found.
    reach : (E,) ndarray
        Of each, how long its input may be.
    n : int
        Numbers that are read for a step.
    """

    def __init__(self, built: Built, rows: Sequence[Any], reach: dict[Ensemble, float]) -> None:
        found: list[Entries] = []
        ensembles: list[Ensemble] = []
        sizes, offsets = [0], [np.zeros(0)]
        self.n = 0
        for ensemble in reach:
            expanded = _expanded(built.program, rows, built.represented[ensemble])
            if expanded is None or self.n + len(expanded[0].target) > LARGEST:
                continue
            entries, offset = expanded
            found.append(entries._replace(target=entries.target + sum(sizes)))
            ensembles.append(ensemble)
            sizes.append(ensemble.dimensions)
            offsets.append(offset)
            self.n += len(entries.target)
        self.ensembles = (*ensembles,)
        self.reach = np.array([reach[ensemble] for ensemble in ensembles])
        self._first = np.cumsum(sizes)[:-1].astype(np.intp)
        self._offset = np.concatenate(offsets)
        self._arrays = _by_array(rows, _joined(found)) if found else []

    def lengths(self, steps: Places) -> Array:
        """The length of each population's input at some rows of the chunk, (S, E)."""
        x = np.tile(self._offset, (len(steps), 1))
        for flat, first, stride, factor, to in self._arrays:
            values = flat[np.multiply.outer(steps, stride) + first] * factor
            at = np.flatnonzero(np.diff(to, prepend=-1))
            x[:, to[at]] += np.add.reduceat(values, at, axis=1)
        return np.asarray(np.sqrt(np.add.reduceat(x * x, self._first, axis=1)))


def _by_array(
    rows: Sequence[Any], entries: Entries
) -> list[tuple[Array, Places, Places, Array, Places]]:
    """Entries by the array that they read: it, places, the way to a next row, factors, targets.

    Rows are views of a few large arrays, so that all numbers of one are gathered at once.
    """
    wholes: dict[int, Array] = {}
    signals = np.unique(entries.signal)
    table = np.zeros((len(rows), 4), np.intp)  # of each signal: its array, first row, strides
    for signal in signals:
        mine = rows[signal] if rows[signal].ndim == 2 else rows[signal][:, 0]  # the first trial
        whole = mine
        while isinstance(whole.base, np.ndarray) and whole.base.dtype == whole.dtype:
            whole = whole.base  # but not the bytes of an aligned array
        wholes[id(whole)] = whole
        places = [array.__array_interface__["data"][0] for array in (mine, whole)]
        apart = np.array([places[0] - places[1], *mine.strides]) // mine.itemsize
        table[signal] = [*wholes].index(id(whole)), *apart
    order = np.argsort(entries.target, kind="stable")
    signal, delay, column, factor, target = (part[order] for part in entries)
    array, start, stride, across = table[signal].T
    first = start + column * across - delay * stride
    groups = []
    for i, whole in enumerate(wholes.values()):
        mine = array == i
        groups.append((whole.reshape(-1), first[mine], stride[mine], factor[mine], target[mine]))
    return groups


def _expanded(
    program: Program, rows: Sequence[Any], signal: int, delay: int = 0
) -> tuple[Entries, Array] | None:
    """A signal as a sum of numbers that have rows, and its constant part.

    None where something has no rows and is no sum.
    """
    size = program.signals[signal].size
    if rows[signal] is not None:
        return _of_rows(signal, delay, size), np.zeros(size)
    op = program.ops[program.writer[signal]]
    if not isinstance(op, Sum) or delay:
        return None
    offset = np.zeros(size) if op.offset is None else np.array(op.offset, float)
    found = [Entries(*(part[:0] for part in _of_rows(0, 0, 1)))]
    for term in op.terms:
        inner = _expanded(program, rows, term.read.signal, term.read.delay)
        if inner is None:
            return None
        entries, constant = inner
        to, source, weight = _weights(program, term, size)
        np.add.at(offset, to, weight * constant[source])
        found.append(entries.through(to, source, weight))
    return _joined(found), offset


def _weights(program: Program, term: Term, size: int) -> tuple[Places, Places, Array]:
    """The nonzero weights of a term: rows of its output, elements of its signal, values."""
    every = np.arange(program.signals[term.read.signal].size)
    columns = every if term.read.columns is None else every[term.read.columns]
    targets = np.arange(size) if term.rows is None else np.arange(size)[term.rows]
    matrix: Any = 1.0 if term.matrix is None else term.matrix
    if hasattr(matrix, "tocoo"):
        sparse = matrix.tocoo()
        return targets[sparse.row], columns[sparse.col], np.asarray(sparse.data, float)
    if np.ndim(matrix) == 2:
        to, source = np.nonzero(matrix)
        return targets[to], columns[source], np.asarray(matrix[to, source], float)
    return targets, columns, np.broadcast_to(np.asarray(matrix, float), targets.shape)
