"""Compute the inputs of populations from the signals that a back end has stored for a chunk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering import Built
from nefsim.network import Ensemble
from nefsim.program import Index, Program, Sum, Term

Array = NDArray[Any]
Places = NDArray[np.intp]

#: Numbers that are read for a step at most: populations beyond that are not looked at.
LARGEST = 1 << 17


class Addend(NamedTuple):
    """``vector[target] += factor * signal[column]``, of this step or of the one before."""

    signal: int
    delay: int
    column: int
    factor: float
    target: int


class Gathered(NamedTuple):
    """Addends in one array: their places in row 0, the distance of rows and their factors.

    From each of ``begin`` on they add up to one of the ``targets``.
    """

    flat: Array
    first: Places
    stride: Places
    factor: Array
    begin: Places
    targets: Places


class Inputs:
    """Computes the lengths of the inputs of populations in steps of a chunk.

    Parameters
    ----------
    built : Built
        The network that runs.
    rows : sequence of ndarray or None
        The rows of each signal; None for a signal that is not stored.
    reach : mapping of Ensemble to float
        The largest allowed length of the input of each population.
    unknown : collection of int
        Signals whose values are unknown where they have no rows.

    Attributes
    ----------
    ensembles : tuple of Ensemble
        The populations whose inputs can be computed.
    reach : (E,) ndarray
        The largest allowed length of the input of each of them.
    n : int
        Number of stored values that are read for a step.
    """

    def __init__(
        self,
        built: Built,
        rows: Sequence[Any],
        reach: Mapping[Ensemble, float],
        unknown: Collection[int] = (),
    ) -> None:
        addends: list[Addend] = []
        ensembles: list[Ensemble] = []
        starts, constant = [], [0.0] * sum(ensemble.dimensions for ensemble in reach)
        start = 0
        expansion = _Expansion(built.program, rows, unknown)
        for ensemble in reach:
            found = expansion.of(built.represented[ensemble])
            if found is None:
                continue
            if len(addends) + sum(map(len, found.addends.values())) > LARGEST:
                continue
            for target, some in found.addends.items():
                addends += [Addend(*each[:4], start + target) for each in some]
            for target, value in found.constant.items():
                constant[start + target] = value
            ensembles.append(ensemble)
            starts.append(start)
            start += ensemble.dimensions
        self.ensembles = (*ensembles,)
        self.reach = np.array([reach[ensemble] for ensemble in ensembles])
        self.n = len(addends)
        self._starts = np.array(starts, np.intp)
        self._constant = np.array(constant[:start])
        self._arrays = [*_by_array(rows, addends)] if addends else []

    def lengths(self, steps: Places) -> Array:
        """The length of each population's input at some rows of the chunk, (S, E)."""
        x = np.tile(self._constant, (len(steps), 1))
        for flat, first, stride, factor, begin, targets in self._arrays:
            values = flat[np.multiply.outer(steps, stride) + first] * factor
            x[:, targets] += np.add.reduceat(values, begin, axis=1)
        return np.asarray(np.sqrt(np.add.reduceat(x * x, self._starts, axis=1)))


def _by_array(rows: Sequence[Any], addends: list[Addend]) -> Iterator[Gathered]:
    """Addends by the array that they read, in the order of their targets.

    Rows are views of a few large arrays, so that all numbers of one are gathered at once.
    """
    wholes: dict[int, tuple[int, Array]] = {}  # by address: a number and the array
    table = np.zeros((len(rows), 4), np.intp)  # of each signal: its array, first row, strides
    for signal in {addend.signal for addend in addends}:
        mine = rows[signal] if rows[signal].ndim == 2 else rows[signal][:, 0]  # the first trial
        whole = _whole(mine)
        address, start = (a.__array_interface__["data"][0] for a in (whole, mine))
        number, _ = wholes.setdefault(address, (len(wholes), whole))
        apart = [n // mine.itemsize for n in (start - address, *mine.strides)]
        table[signal] = number, *apart
    addends.sort(key=lambda addend: addend.target)
    columns = [*zip(*addends, strict=True)]
    signals, delay, column, target = (np.array(columns[i], np.intp) for i in (0, 1, 2, 4))
    factor = np.array(columns[3])
    array, begin, stride, across = table[signals].T
    first = begin + column * across - delay * stride
    for i, whole in wholes.values():
        chosen = array == i
        at = np.flatnonzero(np.diff(target[chosen], prepend=-1))
        places = first[chosen], stride[chosen], factor[chosen]
        yield Gathered(whole, *places, at, target[chosen][at])


def _whole(view: Array) -> Array:
    """The numbers of the array that owns the memory of a view, flat."""
    whole: Any = view
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    flat: Array = whole.ravel(order="K")  # a view, as an array with its own memory has no gaps
    if flat.dtype == np.uint8:  # the bytes of an aligned array
        flat = flat[: len(flat) // view.itemsize * view.itemsize].view(view.dtype)
    return flat


class Expanded(NamedTuple):
    """A signal as sums of elements of stored signals, and a constant, for its elements."""

    addends: dict[int, list[Addend]]
    constant: dict[int, float]


class _Expansion:
    """Finds the stored signals of which others are sums.

    Each signal is expanded once: that behind a convolution is read by hundreds of populations.
    """

    def __init__(self, program: Program, rows: Sequence[Any], unknown: Collection[int]) -> None:
        self._program, self._rows, self._unknown = program, rows, unknown
        self._found: dict[int, Expanded | None] = {}

    def of(self, signal: int) -> Expanded | None:
        """The expansion of a signal in this step.

        None if a part of it is neither stored nor a sum.
        """
        if signal not in self._found:
            self._found[signal] = self._expanded(signal)
        return self._found[signal]

    def _expanded(self, signal: int) -> Expanded | None:
        if self._rows[signal] is not None:
            every = range(self._program.signals[signal].size)
            return Expanded({i: [Addend(signal, 0, i, 1.0, i)] for i in every}, {})
        op = self._program.ops[self._program.writer[signal]]
        if not isinstance(op, Sum) or signal in self._unknown:
            return None
        constant = {} if op.offset is None else dict(enumerate(op.offset.tolist()))
        found: dict[int, list[Addend]] = {}
        for term in op.terms:
            read = term.read
            weights = _weights(self._program, term, self._program.signals[signal].size)
            if self._rows[read.signal] is not None:
                for i, j, w in weights:
                    found.setdefault(i, []).append(Addend(read.signal, read.delay, j, w, i))
                continue
            inner = None if read.delay else self.of(read.signal)
            if inner is None:
                return None
            for i, j, w in weights:
                some = inner.addends.get(j, ())
                found.setdefault(i, []).extend(Addend(s, d, c, w * f, i) for s, d, c, f, _ in some)
                constant[i] = constant.get(i, 0.0) + w * inner.constant.get(j, 0.0)
        return Expanded(found, constant)


def _weights(program: Program, term: Term, size: int) -> Iterable[tuple[int, int, float]]:
    """The nonzero weights of a term: rows of its output, elements of its signal, values."""
    columns = _chosen(program.signals[term.read.signal].size, term.read.columns)
    targets = _chosen(size, term.rows)
    matrix: Any = 1.0 if term.matrix is None else term.matrix
    if hasattr(matrix, "tocoo"):
        sparse = matrix.tocoo()
        places = zip(sparse.row.tolist(), sparse.col.tolist(), sparse.data.tolist(), strict=True)
        return ((targets[i], columns[j], w) for i, j, w in places)
    if np.ndim(matrix) == 2:
        i, j = np.nonzero(matrix)
        places = zip(i.tolist(), j.tolist(), matrix[i, j].tolist(), strict=True)
        return ((targets[i], columns[j], w) for i, j, w in places)
    weights = matrix.tolist() if np.ndim(matrix) else repeat(float(matrix))
    return zip(targets, columns, weights, strict=False)


def _chosen(size: int, index: Index | None) -> Sequence[int]:
    """The elements that an index selects."""
    if index is None:
        return range(size)
    chosen: Sequence[int] = range(size)[index] if isinstance(index, slice) else index.tolist()
    return chosen
