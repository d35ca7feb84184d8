"""Matrices with blocks on their diagonal: one term for each block.

A transform such as ``np.kron(np.eye(32), M)`` sends each part of a vector to the same part of
another.  All its other elements are 0, so that a product with each block alone is enough.  Sums
have fewer addends, and last digits may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.program.operations import Index, Op, Program, Sum, Term

Array = NDArray[np.float64]
Block = tuple[slice, slice]

#: Fewest numbers of a matrix that is divided; its blocks have at most this share of them.
FEWEST_NUMBERS, LARGEST_SHARE = 4096, 0.25

#: Fewest numbers of a block in the mean: a small product takes as long as its call.
FEWEST_OF_BLOCK = 64


def in_blocks(program: Program) -> Program:
    """A program whose matrices with blocks on their diagonal are a term for each block.

    Parameters
    ----------
    program : Program
        The operations.

    Returns
    -------
    Program
        A program with the same signals and values; the same object if nothing is divided.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim.program import ProgramBuilder, Read, Term
    >>> builder = ProgramBuilder(dt=0.001)
    >>> x, y = builder.sum("x", 80, np.ones(80)), builder.sum("y", 80)
    >>> builder.add_term(y, Term(Read(x), np.kron(np.eye(4), np.ones((20, 20)))))
    >>> [len(op.terms) for op in in_blocks(builder.finish()).ops]
    [0, 4]
    """
    ops = tuple(map(_divided, program.ops))
    same = all(new is old for new, old in zip(ops, program.ops, strict=True))
    return program if same else replace(program, ops=ops)


def _divided(op: Op) -> Op:
    if not isinstance(op, Sum) or not any(map(_is_large, op.terms)):
        return op
    terms = tuple(part for term in op.terms for part in _parts(term))
    return op if len(terms) == len(op.terms) else replace(op, terms=terms)


def blocks(matrix: Array) -> list[Block]:
    """The blocks on the diagonal of a matrix, (rows, columns) of each, from top to bottom.

    They have all elements that are not 0.  Rows and columns of zeros may be in none.
    """
    filled = np.asarray(matrix) != 0
    rows = np.flatnonzero(filled.any(axis=1))
    firsts = filled[rows].argmax(axis=1)
    ends = matrix.shape[1] - filled[rows, ::-1].argmax(axis=1)
    found: list[list[int]] = []  # first row, row after the last, and the same of columns
    for row, first, end in zip(rows.tolist(), firsts.tolist(), ends.tolist(), strict=True):
        new = [row, row + 1, first, end]
        while found and new[2] < found[-1][3]:  # joins all blocks that share its columns
            top, _, left, right = found.pop()
            new = [top, row + 1, min(left, new[2]), max(right, new[3])]
        found.append(new)
    return [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in found]


def _is_large(term: Term) -> bool:
    matrix = term.matrix
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.size < FEWEST_NUMBERS:
        return False
    return all(matrix.strides)  # others repeat one number, as those of a network's outline


def _parts(term: Term) -> Iterator[Term]:
    """The terms of the blocks of a matrix, or the term itself."""
    matrix: Any = term.matrix
    if not _is_large(term) or np.count_nonzero(matrix) > LARGEST_SHARE * matrix.size:
        yield term
        return
    found = blocks(matrix)
    size = sum(matrix[block].size for block in found)
    if not 0 < FEWEST_OF_BLOCK * len(found) <= size <= LARGEST_SHARE * matrix.size:
        yield term
        return
    for rows, columns in found:
        read = replace(term.read, columns=_within(term.read.columns, columns))
        part = np.ascontiguousarray(matrix[rows, columns])
        yield Term(read, part, _within(term.rows, rows))


def _within(index: Index | None, part: slice) -> Index:
    """A part of the elements that an index selects."""
    if index is None:
        return part
    if not isinstance(index, slice):
        return index[part]
    assert index.step in (None, 1) and index.start is not None and index.start >= 0
    return slice(index.start + part.start, index.start + part.stop)
