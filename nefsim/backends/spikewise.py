"""Weights that are added up spike by spike: by their columns, or by runs within columns.

Where the weights of a spike lie one under the other, as in convolutions with the channels of
a place side by side, they are added with vectors; runs of the same numbers are kept once,
so that the kernels of a convolution take no more room than they do in a convolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import codes as k
from nefsim.backends.populations import is_compiled
from nefsim.neurons import InverseLIF
from nefsim.program import Neurons, Op, Program, Sum, Term

if TYPE_CHECKING:
    from nefsim.backends.table import Place, Table

#: Runs of so many weights in the mean are worth a loop of their own.
WORTH_RUNS = 4


def is_phase(op: Op, name: str) -> bool:
    """Whether a memory is the step of inverse leaky neurons, one number for all of them."""
    return isinstance(op, Neurons) and type(op.neuron) is InverseLIF and name == "steps_done"


def accumulators(program: Program, shared: set[int]) -> dict[int, int]:
    """Currents of inverse leaky neurons that are spikes alone, and who steps these neurons.

    Such spikes are added to what the neurons have accumulated, and there are no currents.
    """
    spiking = {
        op.output
        for op in program.ops
        if isinstance(op, Neurons) and is_compiled(op.neuron) and op.neuron.spiking
    }
    sums = {op.output: op for op in program.ops if isinstance(op, Sum)}
    return {
        op.current: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons)
        and type(op.neuron) is InverseLIF
        and not op.neuron.samples
        and op.current not in shared
        and program.n_readers[op.current] == 1
        and op.current in sums
        and _only_spikes(sums[op.current], spiking)
    }


def _only_spikes(op: Sum, spiking: set[int]) -> bool:
    return not np.any(op.offset) and all(
        term.read.signal in spiking
        and term.read.columns is None
        and not term.read.delay
        and term.rows is None
        and (np.ndim(term.matrix) == 2 or hasattr(term.matrix, "tocsc"))
        for term in op.terms
    )


def emit_spikes(
    table: Table,
    term: Term,
    out: Place,
    n: int,
    source: Place,
    done: int = 0,
    worth: Any = 1.0,
) -> None:
    """The row of one term; the spikes of step ``done`` count as much as ``worth`` says."""
    from scipy.sparse import csc_array

    matrix = csc_array(term.matrix)
    matrix.sort_indices()
    starts = _starts(matrix)
    runs = len(starts) * WORTH_RUNS <= matrix.nnz
    if runs:
        ends = np.searchsorted(starts, matrix.indptr)
        places, values = _runs(matrix, starts)
    else:
        ends, places, values = matrix.indptr, matrix.indices, matrix.data
    c = table.constant(worth)
    index = [table.constant(values) - c, matrix.shape[1]]
    fired, count = table.listed(term.read)
    m = table.index(np.concatenate([index, ends, np.ravel(places)]))
    kind = k.RUNS if runs else k.SPARSE_SPIKES
    table.op(kind, out, n, source, C=c, X=fired, S=count, M=m, SCRATCH=done)


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
