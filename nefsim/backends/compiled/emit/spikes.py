"""Weights that are added up spike by spike: by their columns, or by runs within columns.

Where the weights of a spike lie one under the other, as in convolutions with the channels of
a place side by side, they are added with vectors; runs of the same numbers are kept once,
so that the kernels of a convolution take no more room than they do in a convolution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.table import Address, Table
from nefsim.neurons import InverseLIF
from nefsim.program import Read, Term

#: Runs of so many weights in the mean are worth a loop of their own.
WORTH_RUNS = 4


def listed(table: Table, read: Read) -> tuple[int, int]:
    """Where the neurons that fired are listed, and counted; bits are listed when asked for."""
    signal = read.signal
    if signal not in table.lists:
        n = table.program.size(read)
        columns = table.spike_list(signal, n)
        bits, _ = table.bits[signal]
        table.op(k.LISTED, (0, 0), n, X=columns["X"], S=columns["SET"], M=bits)
    return table.lists[signal]


def place_values(neuron: InverseLIF) -> NDArray[np.float64]:
    """The value of a spike that comes in at each step of the period, (period,)."""
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
    """The row of one term; a spike counts ``values[steps_done]``."""
    from scipy.sparse import csc_array

    matrix = csc_array(term.matrix)
    matrix.sort_indices()
    starts = _starts(matrix)
    runs = len(starts) * WORTH_RUNS <= matrix.nnz
    if runs:
        ends = np.searchsorted(starts, matrix.indptr)
        places, weights = _runs(matrix, starts)
    else:
        ends, places, weights = matrix.indptr, matrix.indices, matrix.data
    c = table.constant(values)
    index = [table.constant(weights) - c, matrix.shape[1]]
    fired, count = listed(table, term.read)
    m = table.index(np.concatenate([index, ends, np.ravel(places)]))
    kind = k.RUNS if runs else k.SPARSE_SPIKES
    table.op(kind, out, n, source, C=c, X=fired, S=count, M=m, SCRATCH=steps_done)


def _starts(matrix: Any) -> NDArray[np.intp]:
    """Which of the values of a matrix begin a run of rows one under the other in a column."""
    rows = matrix.indices
    begins = np.ones(len(rows), bool)
    begins[1:] = np.diff(rows) != 1
    begins[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    return np.flatnonzero(begins)


def _runs(matrix: Any, starts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """For each run its first row, its length and where its values lie; all that differ."""
    lengths = np.diff(starts, append=matrix.nnz)
    places = np.stack([matrix.indices[starts], lengths, np.zeros_like(starts)], axis=1)
    values: list[NDArray[Any]] = [np.zeros(0)]
    size = 0
    for length in np.unique(lengths).tolist():
        which = np.flatnonzero(lengths == length)
        runs = matrix.data[starts[which, None] + np.arange(length)]
        raw = runs.view(np.dtype((np.void, runs.itemsize * length))).ravel()
        _, first, same = np.unique(raw, return_index=True, return_inverse=True)
        kept = np.pad(runs[first], ((0, 0), (0, -length % k.LINE)))
        places[which, 2] = size + same * kept.shape[1]
        values.append(kept.ravel())
        size += kept.size
    return places, np.concatenate(values)
