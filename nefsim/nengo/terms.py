"""Nengo's linear operators as terms of sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nengo.builder.operator import Copy, DotInc, ElementwiseInc, Operator, Reset
from nengo.builder.signal import Signal

from nefsim.nengo.signals import Memory, as_index, elements, places
from nefsim.program import Term

if TYPE_CHECKING:
    from nefsim.nengo.lower import Lowering


def is_linear(op: Operator, memory: Memory) -> bool:
    """Whether an operator multiplies by nothing that changes, and only adds or sets once."""
    if isinstance(op, Copy):
        return op.inc or op.dst_slice is None
    if isinstance(op, (DotInc, ElementwiseInc)):
        fixed = memory.is_constant(op.A.base)
        if isinstance(op, ElementwiseInc):
            return fixed and _scale(op) is not None
        return (fixed and op.A.size == op.Y.size * op.X.size) or (fixed and op.A.sparse)
    return True


def emit(lowering: Lowering, op: Operator) -> None:
    """Add what an operator adds."""
    if isinstance(op, Reset):
        if op.value:
            rows = elements(op.dst)
            lowering.add_constant(op.dst, rows, np.full(op.dst.size, op.value))
        elif lowering.pieces(op.dst.base) is None:
            lowering.number(op.dst.base)
    elif isinstance(op, Copy):
        _copy(lowering, op)
    elif isinstance(op, ElementwiseInc):
        _product(lowering, op.X, op.Y, _scale(op))
    elif isinstance(op, DotInc):
        A = op.A.initial_value
        matrix = sparse(A) if op.A.sparse else np.reshape(A, (op.Y.size, op.X.size))
        _product(lowering, op.X, op.Y, matrix)


def _rows_of_copy(op: Copy) -> Any:
    at = places(op.dst)
    return at if op.dst_slice is None else at[np.asarray(op.dst_slice)]


def _repeats(at: Any) -> bool:
    return np.unique(at).size < np.size(at)


def _copy(lowering: Lowering, op: Copy) -> None:
    chosen = None if op.src_slice is None else np.asarray(op.src_slice)
    rows_at = _rows_of_copy(op)
    source_at = places(op.src) if chosen is None else places(op.src)[chosen]
    rows = as_index(rows_at, op.dst.base.size)
    if lowering.memory.is_constant(op.src.base):
        value = np.ravel(op.src.base.initial_value)[source_at]
        lowering.add_constant(op.dst, rows, np.broadcast_to(value, np.shape(rows_at)))
        return
    if np.size(source_at) == np.size(rows_at) and not _repeats(rows_at):
        lowering.add(op.dst, Term(lowering.read(op.src, chosen), None, rows))
        return
    # One number into many places, or many into one.
    read = lowering.read(op.src, chosen)
    order = np.broadcast_to(
        np.arange(np.size(source_at)).reshape(np.shape(source_at)), np.shape(rows_at)
    )
    shape = (op.dst.base.size, np.size(source_at))
    lowering.add(op.dst, Term(read, _selection(np.ravel(rows_at), np.ravel(order), shape)))


def _selection(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def sparse(A: Any) -> Any:
    """Sparse weights, in SciPy's form."""
    from scipy.sparse import csr_array

    return csr_array(A if hasattr(A, "tocsr") else A.allocate())


def _scale(op: ElementwiseInc) -> Any:
    """A diagonal or a column that does what the elementwise product does, if there is one."""
    A, X, Y = op.A.initial_value, op.X, op.Y
    if A.size == 1 and X.size == Y.size:
        return float(np.ravel(A)[0])
    if A.shape == X.shape == Y.shape:
        return np.ravel(A)
    if X.size == 1 and A.size == Y.size:
        return np.reshape(A, (-1, 1))
    return None


def _product(lowering: Lowering, x: Signal, y: Signal, matrix: Any) -> None:
    rows = elements(y)
    if lowering.memory.is_constant(x.base):
        value = np.ravel(x.initial_value)
        alone = np.ndim(matrix) < 2 and not hasattr(matrix, "tocsr")
        product = matrix * value if alone else matrix @ value
        lowering.add_constant(y, rows, product)
        return
    lowering.add(y, Term(lowering.read(x), matrix, rows))
