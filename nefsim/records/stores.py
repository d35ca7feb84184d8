"""Stores of the records of one probe: rows of numbers, or spikes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.records.events import Events

Array = NDArray[np.float64]

#: Number of pieces at which they are joined, for runs of single steps.
MOST_PIECES = 1024


class Store(ABC):
    """Base of stores: the records of one probe, to which rows are appended.

    Parameters
    ----------
    shape : tuple of int
        Shape of one record, ([trials,] size).
    dtype : str
        Precision of the numbers.

    Attributes
    ----------
    n_rows : int
        Number of records so far, including those that :meth:`clear` removed.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.n_rows = self._settled = 0

    def settle(self, n_rows: int) -> None:
        """Mark the next ``n_rows`` rows as complete, and drop the rows after them."""
        self._settled += n_rows
        self.trim(self._settled)

    @abstractmethod
    def kinds(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Data type and shape of a row of each array, by name."""

    @abstractmethod
    def reserve(self, n_rows: int) -> None:
        """Allocate memory for the next ``n_rows`` rows."""

    @abstractmethod
    def add(self, rows: Array) -> None:
        """Keep a copy of more rows."""

    @abstractmethod
    def trim(self, n_rows: int) -> None:
        """Drop all rows after the first ``n_rows``."""

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Read-only arrays of the store, by name."""

    @abstractmethod
    def clear(self) -> None:
        """Remove all rows, after they were written elsewhere."""

    @abstractmethod
    def put(self, arrays: dict[str, NDArray[Any]], n_rows: int) -> bool:
        """Start with the ``arrays`` of another store of this kind, and check that they fit."""


class Rows(Store):
    """Rows of numbers, in allocated pieces of which all but the last are full."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        super().__init__(shape, dtype)
        self._pieces: list[Array] = []
        self._before = 0  # rows in front of the last piece

    def kinds(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """One array of all rows."""
        return {"": (self.dtype.str, self.shape)}

    def reserve(self, n_rows: int) -> None:
        """Allocate memory for the next ``n_rows`` rows."""
        if self._pieces:
            if self.n_rows - self._before + n_rows <= len(self._pieces[-1]):
                return
            self._pieces[-1] = self._last()
        self._before = self.n_rows
        self._pieces.append(np.empty((n_rows, *self.shape), self.dtype))

    def _last(self) -> Array:
        return self._pieces[-1][: self.n_rows - self._before]

    def add(self, rows: Array) -> None:
        """Keep a copy of more rows."""
        at = self.n_rows - self._before
        if not self._pieces or at + len(rows) > len(self._pieces[-1]):
            # Twice the memory, so that records which are read after each step are moved rarely.
            self.reserve(max(len(rows), sum(map(len, self._pieces))))
            at = 0
        self._pieces[-1][at : at + len(rows)] = rows
        self.n_rows += len(rows)

    def trim(self, n_rows: int) -> None:
        """Drop all rows after the first ``n_rows``."""
        if n_rows < self._before and self._pieces:
            self._join()
        dropped, self.n_rows = n_rows < self.n_rows, n_rows
        if dropped and self._pieces:
            # The rows that follow get other memory, as these may have been handed out.
            self._pieces[-1] = self._last()

    def _join(self) -> None:
        """Move all rows to one piece, with the free memory of the last one."""
        free = len(self._pieces[-1]) - (self.n_rows - self._before)
        pieces = [*self._pieces[:-1], self._last()]
        n = sum(map(len, pieces))
        whole = np.empty((n + free, *self.shape), self.dtype)
        np.concatenate(pieces, out=whole[:n])
        self._pieces, self._before = [whole], self.n_rows - n

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the store."""
        if len(self._pieces) > 1:
            self._join()
        rows = self._last()[:] if self._pieces else np.empty((0, *self.shape), self.dtype)
        rows.setflags(write=False)
        return {"": rows}

    def clear(self) -> None:
        """Remove all rows."""
        self._pieces, self._before = [], self.n_rows

    def put(self, arrays: dict[str, NDArray[Any]], n_rows: int) -> bool:
        """Start with the rows of another store."""
        if arrays.keys() != {""} or arrays[""].shape != (n_rows, *self.shape):
            return False
        self._pieces, self._before, self.n_rows = [arrays[""]], 0, n_rows
        return True


class Spikes(Store):
    """Spikes: row, cell (``trial * size + neuron``) and value of each element that is not 0.

    While all values are equal, one number is stored.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        super().__init__(shape, dtype)
        self._n_cells = int(np.prod(shape))
        self._cell = np.dtype(np.int32 if self._n_cells < 2**31 else np.int64)
        self._pieces: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def kinds(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Three arrays with one number for each spike."""
        values = (self.dtype.str, ())
        return {"steps": ("<i8", ()), "cells": (self._cell.str, ()), "values": values}

    def reserve(self, n_rows: int) -> None:
        """Do nothing, as the number of spikes is unknown."""

    def add(self, rows: Array) -> None:
        """Append the spikes of rows."""
        flat = rows.reshape(len(rows), self._n_cells)
        # Of truth values NumPy finds those that are not 0 five to ten times as fast.
        at, cells = np.divmod(np.flatnonzero(flat != 0.0), self._n_cells)
        if len(at):
            values = _one_if_equal(flat[at, cells])
            self._pieces.append((at + self.n_rows, cells.astype(self._cell), values))
        self.n_rows += len(rows)
        if len(self._pieces) >= MOST_PIECES:
            self.arrays()

    def trim(self, n_rows: int) -> None:
        """Forget all but the first ``n_rows`` rows."""
        self.n_rows = n_rows
        while self._pieces and self._pieces[-1][0][-1] >= n_rows:
            steps, cells, values = self._pieces.pop()
            n = int(np.searchsorted(steps, n_rows))
            if n:
                values = values[:n] if values.ndim else values
                self._pieces.append((steps[:n], cells[:n], values))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the store."""
        if len(self._pieces) != 1:
            steps = np.concatenate([np.empty(0, np.int64), *(p[0] for p in self._pieces)])
            cells = np.concatenate([np.empty(0, self._cell), *(p[1] for p in self._pieces)])
            joined = (steps, cells, self._values())
            self._pieces = [joined] if len(steps) else []
        else:
            joined = self._pieces[0]
        for array in joined:
            array.setflags(write=False)
        return dict(zip(("steps", "cells", "values"), joined, strict=True))

    def _values(self) -> NDArray[Any]:
        heights = {float(values) for _, _, values in self._pieces if not values.ndim}
        if len(heights) <= 1 and all(not values.ndim for _, _, values in self._pieces):
            return np.array(heights.pop() if heights else 0.0, self.dtype)
        return np.concatenate([np.broadcast_to(v, s.shape) for s, _, v in self._pieces])

    def clear(self) -> None:
        """Remove all rows."""
        self._pieces = []

    def put(self, arrays: dict[str, NDArray[Any]], n_rows: int) -> bool:
        """Start with the spikes of another store, or those of rows."""
        if arrays.keys() == {""}:
            self.clear()
            self.n_rows = 0
            self.add(arrays[""])
            return self.n_rows == n_rows
        if arrays.keys() != {"steps", "cells", "values"}:
            return False
        steps, cells, values = (arrays[name] for name in ("steps", "cells", "values"))
        if steps.ndim != 1 or cells.shape != steps.shape or values.shape not in ((), steps.shape):
            return False
        full = (*self.shape[:-1], n_rows, self.shape[-1])
        if Events(**arrays, shape=full, times=steps).misfit():
            return False
        self._pieces = [(steps, cells, values)] if len(steps) else []
        self.n_rows = n_rows
        return True


def _one_if_equal(values: NDArray[Any]) -> NDArray[Any]:
    """One number if all values are equal, otherwise the values."""
    return np.array(values[0]) if (values == values[0]).all() else values
