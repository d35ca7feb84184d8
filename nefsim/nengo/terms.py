"""Nengo's linear operators as terms of sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from nengo.builder.operator import Copy, DotInc, ElementwiseInc, Operator, Reset
from nengo.builder.signal import Signal

from nefsim.nengo.blocks import Blocks
from nefsim.nengo.classify import scale_of
from nefsim.nengo.signals import as_index, elements, places
from nefsim.program import Term


def emit(blocks: Blocks, op: Operator) -> None:
    """Add what an operator adds."""
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
    at = places(op.dst)
    return at if op.dst_slice is None else at[np.asarray(op.dst_slice)]


def _repeats(at: Any) -> bool:
    return np.unique(at).size < np.size(at)


def _copy(blocks: Blocks, op: Copy) -> None:
    chosen = None if op.src_slice is None else np.asarray(op.src_slice)
    rows_at = _rows_of_copy(op)
    source_at = places(op.src) if chosen is None else places(op.src)[chosen]
    rows = as_index(rows_at, op.dst.base.size)
    if blocks.memory.is_constant(op.src.base):
        value = np.ravel(op.src.base.initial_value)[source_at]
        blocks.add_constant(op.dst, rows, np.broadcast_to(value, np.shape(rows_at)))
        return
    if np.size(source_at) == np.size(rows_at) and not _repeats(rows_at):
        blocks.add(op.dst, Term(blocks.read(op.src, chosen), None, rows))
        return
    # One number into many places, or many into one.
    read = blocks.read(op.src, chosen)
    order = np.broadcast_to(
        np.arange(np.size(source_at)).reshape(np.shape(source_at)), np.shape(rows_at)
    )
    shape = (op.dst.base.size, np.size(source_at))
    blocks.add(op.dst, Term(read, _selection(np.ravel(rows_at), np.ravel(order), shape)))


def _selection(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def sparse(A: Any) -> Any:
    """Sparse weights, in SciPy's form."""
    from scipy.sparse import csr_array

    return csr_array(A if hasattr(A, "tocsr") else A.allocate())


def _product(blocks: Blocks, x: Signal, y: Signal, matrix: Any) -> None:
    rows = elements(y)
    if blocks.memory.is_constant(x.base):
        value = np.ravel(x.initial_value)
        alone = np.ndim(matrix) < 2 and not hasattr(matrix, "tocsr")
        product = matrix * value if alone else matrix @ value
        blocks.add_constant(y, rows, product)
        return
    blocks.add(y, Term(blocks.read(x), matrix, rows))
