"""Run synaptic filters in NumPy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nefsim.backends.engine import Advance
from nefsim.backends.vectorised.layout import picker
from nefsim.filtering import COLUMNS_FOR_LFILTER, many_rows, one_row
from nefsim.program import Filter, Index

Array = NDArray[Any]


def filter_rows(op: Filter, source: Array, columns: Index, out: Array, z: Array) -> Advance:
    """A function ``advance(lo, hi)`` that filters rows of ``source``."""
    pick = picker(source, columns)
    one, many = one_row(op.form, z), many_rows(op.form, z)
    # To copy the scattered columns of all rows at once would need much memory.
    is_row_by_row = not isinstance(columns, slice) and out[0].size > COLUMNS_FOR_LFILTER

    def advance(lo: int, hi: int) -> None:
        if hi - lo > 1 and not is_row_by_row:
            many(pick(slice(lo + 1, hi + 1)), out[lo + 1 : hi + 1])
            return
        for k in range(lo + 1, hi + 1):
            one(pick(k), out[k])

    return advance
