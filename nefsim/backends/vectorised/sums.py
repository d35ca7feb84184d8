"""Run many sums by few NumPy calls.

Terms of a batch of sums become one product if they read the same buffer and their matrices have
one shape.  Their vectors are stacked, multiplied by the stack of matrices, and the products are
added to the columns of their sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.engine import Advance
from nefsim.backends.vectorised.layout import Layout, as_slice, picker
from nefsim.program import Sum, Term

Array = NDArray[Any]

#: ``product(rows, into)``: the matrices times rows, written to ``into`` unless that is None.
Product = Callable[[Array, Array | None], Array]

#: Fewest elements of a matrix whose product with a sparse vector, such as the spikes of a step,
#: uses only the vector's nonzero elements, and the largest share of these.
MIN_SIZE_FOR_GATHERING, MAX_SHARE_OF_SPIKES = 20_000, 0.125

#: The same of a sparse matrix, whose columns SciPy takes some 20 µs to gather.
MIN_STORED_FOR_GATHERING = 80_000


@dataclass
class _Pool:
    """Terms that become one product: their matrices, the columns that they read and add to."""

    matrices: list[Any] = field(default_factory=list)
    read: list[NDArray[np.intp]] = field(default_factory=list)
    targets: list[NDArray[np.intp]] = field(default_factory=list)


def sums(layout: Layout, buffers: Sequence[Array], ops: Sequence[Sum]) -> Advance:
    """The ``advance`` of sums whose outputs are adjacent in one buffer."""
    out = layout.span(buffers, [op.output for op in ops])
    start, width = layout.columns(ops[0].output).start, out.shape[-1]
    offset = np.zeros(width, out.dtype)
    for op in ops:
        if op.offset is not None:
            offset[_within(layout, op, start)] = op.offset
    has_offset = any(op.offset is not None for op in ops)
    more_terms = []
    whole = None
    for (nth, buffer, delay, *_), pool in _pools(layout, ops, start).items():
        pick = picker(buffers[buffer], as_slice(np.concatenate(pool.read)))
        target = as_slice(np.concatenate(pool.targets))
        product = _product(pool.matrices, out.dtype)
        covers = isinstance(target, slice) and target == slice(0, width)
        if nth == 0 and covers:
            whole = pick, delay, product
        else:
            more_terms.append((pick, delay, product, target))

    def advance(lo: int, hi: int) -> None:
        now: Any = hi if hi - lo == 1 else slice(lo + 1, hi + 1)
        before: Any = lo if hi - lo == 1 else slice(lo, hi)
        total = out[now]
        if whole is None:
            total[...] = offset
        else:
            pick, delay, product = whole
            product(pick(before if delay else now), total)
            if has_offset:
                np.add(total, offset, total)
        for pick, delay, product, target in more_terms:
            value = product(pick(before if delay else now), None)
            if isinstance(target, slice):
                part = total[..., target]
                np.add(part, value, part)
            else:
                total[..., target] += value

    return advance


def _within(layout: Layout, op: Sum, start: int) -> slice:
    columns = layout.columns(op.output)
    return slice(columns.start - start, columns.stop - start)


def _pools(layout: Layout, ops: Sequence[Sum], start: int) -> dict[tuple[Any, ...], _Pool]:
    """Group the terms of sums into pools; each pool is one product.

    No two terms of a pool add to the same column, and pools are added in the order of terms.
    So the result of a sum is the same bit for bit, whatever sums it is grouped with.
    """
    pools: dict[tuple[Any, ...], _Pool] = {}
    n_before = np.zeros(layout.columns(ops[-1].output).stop - start, np.intp)
    for number, (op, term) in enumerate(_terms(ops)):
        columns = _within(layout, op, start)
        targets = np.arange(columns.start, columns.stop)
        targets = targets if term.rows is None else targets[term.rows]
        nth = int(n_before[targets].max(initial=0))
        n_before[targets] = nth + 1
        source = layout.buffer(term.read.signal), term.read.delay
        pool = pools.setdefault((nth, *source, *_shape(term.matrix, number)), _Pool())
        pool.matrices.append(_stacked(term.matrix, len(targets)))
        pool.read.append(layout.column_numbers(term.read))
        pool.targets.append(targets)
    return dict(sorted(pools.items(), key=lambda item: item[0][0]))


def _terms(ops: Sequence[Sum]) -> Iterator[tuple[Sum, Term]]:
    for op in ops:
        for term in op.terms:
            yield op, term


def _shape(matrix: Any, number: int) -> tuple[Any, ...]:
    """A key that is equal for matrices that can be stacked; a number counts as a diagonal.

    A sparse or large matrix is not stacked, so its key contains the ``number`` of its term.
    """
    if hasattr(matrix, "tocsr") or np.size(matrix) >= MIN_SIZE_FOR_GATHERING:
        return ("alone", number)
    return () if np.ndim(matrix) < 2 else np.shape(matrix)


def _stacked(matrix: Any, size: int) -> Any:
    """A matrix in the form in which it is stacked; a number becomes a diagonal."""
    if hasattr(matrix, "tocsr") or np.ndim(matrix) == 2:
        return matrix
    return np.broadcast_to(1.0 if matrix is None else matrix, (size,))


def _product(matrices: Sequence[Any], dtype: np.dtype[Any]) -> Product:
    """A function that multiplies each matrix of a stack by its vector, in all rows."""
    if hasattr(matrices[0], "tocsr"):
        return _sparse(matrices[0].astype(dtype))
    if matrices[0].ndim == 1:
        return _diagonal(np.concatenate(matrices).astype(dtype))
    stack = np.array(matrices, dtype)
    if stack.shape[2] == 1:
        return _columns(stack[:, :, 0])
    if len(stack) == 1:
        return _dense(np.ascontiguousarray(stack[0].T))
    return _dense_stack(np.ascontiguousarray(stack.swapaxes(1, 2)))


def _diagonal(diagonal: Array) -> Product:
    if (diagonal == 1.0).all():

        def copy(rows: Array, into: Array | None) -> Array:
            if into is None:
                return rows
            into[...] = rows
            return into

        return copy
    return lambda rows, into: np.multiply(rows, diagonal, into)


def _columns(stack: Array) -> Product:
    """A faster product for matrices of one column, such as encoders of one dimension."""
    if len(stack) == 1:
        return lambda rows, into: np.multiply(rows, stack[0], into)

    def multiply(rows: Array, into: Array | None) -> Array:
        parts = None if into is None else into.reshape(*into.shape[:-1], *stack.shape)
        product = np.multiply(rows[..., None], stack, parts)
        return product.reshape(*rows.shape[:-1], stack.size)

    return multiply


def _dense(matrix: Array) -> Product:
    if matrix.size < MIN_SIZE_FOR_GATHERING:
        return lambda rows, into: np.matmul(rows, matrix, into)

    def multiply(rows: Array, into: Array | None) -> Array:
        if _may_repeat(rows):
            new = np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=-1)])
            value = (rows[new] @ matrix)[np.cumsum(new) - 1]
            if into is None:
                return np.asarray(value)
            into[...] = value
            return into
        if rows.size == len(matrix):
            (nonzero,) = (rows.reshape(-1) != 0.0).nonzero()  # faster than of numbers
            if len(nonzero) < MAX_SHARE_OF_SPIKES * len(matrix):
                row = rows.reshape(-1)[nonzero] @ matrix[nonzero]
                if into is None:
                    return np.asarray(row.reshape(*rows.shape[:-1], -1))
                into[...] = row
                return into
        return np.matmul(rows, matrix, into)

    return multiply


def _may_repeat(rows: Array) -> bool:
    """Whether successive rows are likely equal, as while an image is shown; tests the first."""
    few = rows[:8]
    return rows.ndim == 2 and len(rows) > 8 and bool((few[1:] == few[:-1]).all(axis=-1).any())


def _dense_stack(stack: Array) -> Product:
    n, d, size = stack.shape

    def multiply(rows: Array, into: Array | None) -> Array:
        parts = rows.reshape(-1, n, d).swapaxes(0, 1)
        out = None if into is None else into.reshape(-1, n, size).swapaxes(0, 1)
        value = np.matmul(parts, stack, out)
        return value.swapaxes(0, 1).reshape(*rows.shape[:-1], n * size)

    return multiply


def _sparse(matrix: Any) -> Product:
    n_out, n_in = matrix.shape
    matrix = matrix.tocsr()
    gathers = matrix.nnz >= MIN_STORED_FOR_GATHERING
    by_column = cache(matrix.tocsc)  # a second copy, where neurons spike

    def multiply(rows: Array, into: Array | None) -> Array:
        flat = rows.reshape(-1, n_in).T
        nonzero = (flat[:, 0] != 0.0).nonzero()[0] if gathers and flat.shape[1] == 1 else None
        if nonzero is not None and len(nonzero) < MAX_SHARE_OF_SPIKES * n_in:
            flat = by_column()[:, nonzero] @ flat[nonzero]
        else:
            flat = matrix @ flat
        value = np.asarray(flat.T.reshape(*rows.shape[:-1], n_out))
        if into is None:
            return value
        into[...] = value
        return into

    return multiply
