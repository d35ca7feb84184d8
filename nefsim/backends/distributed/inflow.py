"""Values that arrive from another share, until all steps that use them are done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Fewest steps of free memory, so that rows seldom move.
ROOM = 64


class Inflow:
    """The rows of values from one sender, of the last steps.

    Before the first step all values are 0.

    Parameters
    ----------
    lags : sequence of int
        The lag of each column, ascending.
    lead : tuple of int
        The shape of a batch.
    dtype : dtype
        Type of the values.

    Attributes
    ----------
    have : int
        The last step whose values have arrived.
    """

    def __init__(self, lags: Sequence[int], lead: tuple[int, ...], dtype: Any) -> None:
        values, starts = np.unique(lags, return_index=True)
        ends = [*starts[1:], len(lags)]
        self._parts = [
            (int(lag), slice(int(start), int(end)))
            for lag, start, end in zip(values, starts, ends, strict=True)
        ]
        self.least, self._most = self._parts[0][0], self._parts[-1][0]
        self.have, self._first = 0, -self._most  # the step before the first row
        self._used = 0  # the last step that has used values
        self._rows = np.zeros((self._most + ROOM, *lead, len(lags)), dtype)
        self._row = self._rows[:1].copy()

    def empty(self, n: int) -> Array:
        """An array for the rows of ``n`` steps; for one row always the same array."""
        if n == 1:
            return self._row
        return np.empty((n, *self._rows.shape[1:]), self._rows.dtype)

    def push(self, rows: Array) -> None:
        """Add the rows of the next steps."""
        end = self.have - self._first
        if end + len(rows) > len(self._rows):
            self._make_room(len(rows))
            end = self.have - self._first
        self._rows[end : end + len(rows)] = rows
        self.have += len(rows)

    def _make_room(self, n: int) -> None:
        """Forget rows that no step will use, and lengthen the memory if that is not enough."""
        kept = self._most + max(self.have - self._used, 0)
        last = self._rows[self.have - self._first - kept : self.have - self._first]
        rows = self._rows
        if kept + n > len(rows):
            rows = np.zeros((kept + n + ROOM, *rows.shape[1:]), rows.dtype)
        rows[:kept] = last.copy()
        self._rows, self._first = rows, self.have - kept

    def fill(self, out: Array, start: int, end: int) -> None:
        """Write the values that steps ``start + 1`` to ``end`` use."""
        self._used = end
        for lag, columns in self._parts:
            rows = self._rows[start - lag - self._first : end - lag - self._first]
            out[..., columns] = rows[..., columns]
