"""Translate products of sparse weights with spikes; the kernel adds a column for each spike.

A run is a sequence of weights in adjacent rows of a column, as in convolutions whose channels are
adjacent; the kernel adds it by vector instructions.  Runs of equal numbers are stored once, so
that the weights of a convolution need no more memory than its filters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.table import Address, Table
from nefsim.neurons import InverseLIF
from nefsim.program import Read, Term

#: Smallest mean length of runs at which they are added by runs.
MIN_RUN_LENGTH = 4


def spike_list(table: Table, read: Read) -> tuple[int, int]:
    """Offset of the list of neurons that fired, and index of their number.

    If the population writes spike bits, a row that converts them to a list is added once.
    """
    signal = read.signal
    if signal not in table.lists:
        n = table.program.size(read)
        columns = table.spike_list(signal, n)
        bits, _ = table.bits[signal]
        table.op(k.LIST_SPIKES, (0, 0), n, X=columns["X"], S=columns["COUNT"], BITS=bits)
    return table.lists[signal]


def place_values(neuron: InverseLIF) -> NDArray[np.float64]:
    """The value of an input spike in each step of an inverse LIF neuron's period, (period,)."""
    return np.pad(neuron.digits, (0, neuron.period - neuron.n_steps))


def emit_sparse_spikes(
    table: Table,
    term: Term,
    out: Address,
    n: int,
    source: Address,
    steps_done: int = 0,
    values: Any = 1.0,
) -> None:
    """Add the row of one term; a spike counts as ``values[steps_done]``."""
    from scipy.sparse import csc_array

    matrix = csc_array(term.matrix)
    matrix.sort_indices()
    starts = _starts(matrix)
    runs = len(starts) * MIN_RUN_LENGTH <= matrix.nnz
    if runs:
        ends = np.searchsorted(starts, matrix.indptr)
        entries, weights = _runs(matrix, starts)
    else:
        ends, entries, weights = matrix.indptr, matrix.indices, matrix.data
    c = table.constant(values)
    index = [table.constant(weights) - c, matrix.shape[1]]
    fired, count = spike_list(table, term.read)
    m = table.index(np.concatenate([index, ends, np.ravel(entries)]))
    kind = k.SPARSE_SPIKE_RUNS if runs else k.SPARSE_SPIKES
    table.op(kind, out, n, source, C=c, X=fired, S=count, M=m, STEPS_DONE=steps_done)


def _starts(matrix: Any) -> NDArray[np.intp]:
    """Indices of the values of a matrix at which a run of adjacent rows of a column starts."""
    rows = matrix.indices
    begins = np.ones(len(rows), bool)
    begins[1:] = np.diff(rows) != 1
    begins[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    return np.flatnonzero(begins)


def _runs(matrix: Any, starts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The first row, length and offset of values of each run, and the distinct values."""
    lengths = np.diff(starts, append=matrix.nnz)
    entries = np.stack([matrix.indices[starts], lengths, np.zeros_like(starts)], axis=1)
    values: list[NDArray[Any]] = [np.zeros(0)]
    size = 0
    for length in np.unique(lengths).tolist():
        which = np.flatnonzero(lengths == length)
        runs = matrix.data[starts[which, None] + np.arange(length)]
        raw = runs.view(np.dtype((np.void, runs.itemsize * length))).ravel()
        _, first, same = np.unique(raw, return_index=True, return_inverse=True)
        distinct = np.pad(runs[first], ((0, 0), (0, -length % k.LINE)))
        entries[which, 2] = size + same * distinct.shape[1]
        values.append(distinct.ravel())
        size += distinct.size
    return entries, np.concatenate(values)
