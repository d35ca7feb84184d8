"""Indices of dimensions, and products of gains with matrices of any form."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.program import Index


def as_index(chosen: tuple[int, ...] | None) -> Index | None:
    """The chosen dimensions as a slice if they are consecutive, else as an index array."""
    if chosen is None:
        return None
    first, last = chosen[0], chosen[-1]
    if chosen == tuple(range(first, last + 1)):
        return slice(first, last + 1)
    return np.array(chosen, dtype=np.intp)


def scaled(gain: Any, matrix: Any) -> Any:
    """``diag(gain) @ matrix``, for a number, a diagonal, a matrix or a sparse array.

    A ``matrix`` of None is the identity.
    """
    if np.ndim(gain) == 0 and gain == 1.0:
        return matrix
    if matrix is None:
        return gain
    if hasattr(matrix, "tocsr"):
        return matrix.multiply(gain[:, None]).tocsr()
    return np.asarray(gain * matrix if np.ndim(matrix) < 2 else gain[:, None] * matrix)
