"""Lower Nengo's linear operators to terms of sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from nengo.builder.operator import Copy, DotInc, ElementwiseInc, Operator, Reset
from nengo.builder.signal import Signal

from nefsim.nengo.blocks import Blocks
from nefsim.nengo.classify import scale_of
from nefsim.nengo.signals import as_index, elements, indices_of
from nefsim.program import Term


def emit(blocks: Blocks, op: Operator) -> None:
    """Add the terms of a linear operator."""
    if isinstance(op, Reset):
        if op.value:
            rows = elements(op.dst)
            blocks.add_constant(op.dst, rows, np.full(op.dst.size, op.value))
        elif blocks.pieces(op.dst.base) is None:
            blocks.number(op.dst.base)
    elif isinstance(op, Copy):
        _copy(blocks, op)
    elif isinstance(op, ElementwiseInc):
        _product(blocks, op.X, op.Y, scale_of(op))
    elif isinstance(op, DotInc):
        A = op.A.initial_value
        matrix = sparse(A) if op.A.sparse else np.reshape(A, (op.Y.size, op.X.size))
        _product(blocks, op.X, op.Y, matrix)


def _rows_of_copy(op: Copy) -> Any:
    indices = indices_of(op.dst)
    return indices if op.dst_slice is None else indices[np.asarray(op.dst_slice)]


def _repeats(indices: Any) -> bool:
    return np.unique(indices).size < np.size(indices)


def _copy(blocks: Blocks, op: Copy) -> None:
    selection = None if op.src_slice is None else np.asarray(op.src_slice)
    row_indices = _rows_of_copy(op)
    source_indices = indices_of(op.src) if selection is None else indices_of(op.src)[selection]
    rows = as_index(row_indices, op.dst.base.size)
    if blocks.is_constant(op.src.base):
        value = np.ravel(op.src.base.initial_value)[source_indices]
        blocks.add_constant(op.dst, rows, np.broadcast_to(value, np.shape(row_indices)))
        return
    if np.size(source_indices) == np.size(row_indices) and not _repeats(row_indices):
        blocks.add(op.dst, Term(blocks.read(op.src, selection), None, rows))
        return
    # One number is copied to many elements, or several numbers to one.
    read = blocks.read(op.src, selection)
    order = np.broadcast_to(
        np.arange(np.size(source_indices)).reshape(np.shape(source_indices)), np.shape(row_indices)
    )
    shape = (op.dst.base.size, np.size(source_indices))
    blocks.add(op.dst, Term(read, _selection(np.ravel(row_indices), np.ravel(order), shape)))


def _selection(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def sparse(A: Any) -> Any:
    """Sparse weights as a SciPy array."""
    from scipy.sparse import csr_array

    return csr_array(A if hasattr(A, "tocsr") else A.allocate())


def _product(blocks: Blocks, x: Signal, y: Signal, matrix: Any) -> None:
    rows = elements(y)
    if blocks.is_constant(x.base):
        value = np.ravel(x.initial_value)
        is_diagonal = np.ndim(matrix) < 2 and not hasattr(matrix, "tocsr")
        product = matrix * value if is_diagonal else matrix @ value
        blocks.add_constant(y, rows, product)
        return
    blocks.add(y, Term(blocks.read(x), matrix, rows))
