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

    If the population writes bits or values only, a row that lists its spikes is added, once.
    """
    signal = read.signal
    if signal not in table.lists:
        n = table.program.signals[signal].size
        columns = table.spike_list(signal, n)
        first, count = columns["X"], columns["COUNT"]
        if signal in table.bits:
            table.op(k.LIST_SPIKES, (0, 0), n, X=first, S=count, BITS=table.bits[signal][0])
        else:
            table.op(k.LIST_NONZERO, (0, 0), n, table.addresses[signal], X=first, S=count)
    return table.lists[signal]


def place_values(neuron: InverseLIF) -> NDArray[np.float64]:
    """The value of an input spike in each step of an inverse LIF neuron's period, (period,)."""
    return np.pad(neuron.digits, (0, neuron.period - neuron.n_steps))


def emit_events(
    table: Table,
    term: Term,
    out: Address,
    n: int,
    steps_done: int = 0,
    values: Any = 1.0,
    slots: int = 0,
) -> None:
    """The row of one term; a spike has the place value ``values[steps_done]``.

    Outputs in turn, ``slots`` of them, are adjacent.
    """
    matrix, is_binary = _columns(table, term), 0
    if term.read.signal in table.bits and not steps_done:
        matrix.data, is_binary = matrix.data * table.bits[term.read.signal][1], 1
    starts = _starts(matrix)
    fired, count = spike_list(table, term.read)
    source, c = table.addresses[term.read.signal], table.constant(values)
    columns = {"X": fired, "S": count, "STEPS_DONE": steps_done, "SLOTS": slots}
    if len(starts) * MIN_RUN_LENGTH <= matrix.nnz:
        kind, ends = k.SPARSE_SPIKE_RUNS, np.searchsorted(starts, matrix.indptr)
        entries, weights = _runs(matrix, starts)
        header, places = [matrix.shape[1]], np.ravel(entries)
    else:
        kind, ends, weights = k.SPARSE_SPIKES, matrix.indptr, matrix.data
        shared = _value_of_columns(ends, weights)
        weights = weights if shared is None else shared
        narrow = np.uint16 if n <= 1 << 16 else np.int32
        header = [matrix.shape[1], shared is not None, narrow is np.uint16]
        places = packed(matrix.indices.astype(narrow))
    header = [table.constant(weights) - c, *header]
    m = table.index(np.concatenate([header, ends, places]))
    table.op(kind, out, n, source, C=c, M=m, IS_BINARY=is_binary, **columns)


def _columns(table: Table, term: Term) -> Any:
    """The weights of a term by columns, one for each neuron of the population."""
    from scipy.sparse import csc_array, csr_array

    matrix, chosen = term.matrix, term.read.columns
    if chosen is not None:
        size = table.program.signals[term.read.signal].size
        places = np.arange(size)[chosen]
        entries = np.ones(len(places)), (np.arange(len(places)), places)
        matrix = csr_array(matrix) @ csr_array(entries, shape=(len(places), size))
    columns = csc_array(matrix)
    columns.sort_indices()
    return columns


def _value_of_columns(ends: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any] | None:
    """One weight of each column, if all of its weights are equal."""
    counts = np.diff(ends)
    values = np.zeros(len(counts))
    values[counts > 0] = weights[ends[:-1][counts > 0]]
    return values if np.array_equal(np.repeat(values, counts), weights) else None


def packed(values: NDArray[Any]) -> NDArray[np.int64]:
    """Short integers, several in each integer of 64 bits."""
    per_whole = 8 // values.itemsize
    return np.pad(values, (0, -len(values) % per_whole)).view(np.int64)


def _starts(matrix: Any) -> NDArray[np.intp]:
    """Indices of the values of a matrix at which a run starts."""
    rows = matrix.indices
    begins = np.ones(len(rows), bool)
    begins[1:] = np.diff(rows) != 1
    begins[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    return np.flatnonzero(begins)


def _runs(matrix: Any, starts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The first row, length and offset of each run, and the values that runs share."""
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
