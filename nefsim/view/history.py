"""The last minutes of the records of a plot, to scroll back and to export."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from nefsim.view.taps import Piece, part_of

Array = NDArray[np.float64]

#: Model time that can be scrolled back [s], and the most numbers of one plot.
LONGEST, MOST_NUMBERS = 300.0, 4_000_000

#: Times that differ by less are equal, as they are multiples of the time step [s].
ROUNDING = 1e-9


class History:
    """Collects pieces of records, and forgets the oldest ones.

    Attributes
    ----------
    start : float [s]
        Time of the first record.
    """

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._n = 0

    def add(self, piece: Piece) -> None:
        """Add new records."""
        if not len(piece.times):
            return
        self._pieces.append(piece)
        self._n += _size(piece)
        oldest = piece.times[-1] - LONGEST
        while self._n > MOST_NUMBERS or self._pieces[0].times[-1] < oldest:
            if len(self._pieces) == 1:
                break
            self._n -= _size(self._pieces.popleft())

    def clear(self) -> None:
        """Forget all records."""
        self._pieces.clear()
        self._n = 0

    @property
    def start(self) -> float:
        """Time of the oldest record [s]; 0 without one."""
        return float(self._pieces[0].times[0]) if self._pieces else 0.0

    def window(self, start: float, end: float) -> Piece | None:
        """The records after ``start`` up to ``end`` as one piece; None if there are none.

        Parameters
        ----------
        start, end : float [s]
            Limits of the time.

        Returns
        -------
        Piece or None
        """
        start, end = start + ROUNDING, end + ROUNDING
        some: list[Piece] = []
        for piece in reversed(self._pieces):  # a page asks for the newest ones
            if piece.times[-1] <= start:
                break
            if piece.times[0] <= end:
                some.append(piece)
        if not some:
            return None
        some.reverse()
        times = np.concatenate([p.times for p in some])
        first, last = np.searchsorted(times, [start, end], side="right")
        chosen = slice(int(first), int(last))
        rows = neurons = None
        if some[0].rows is not None:
            rows = np.concatenate([p.rows for p in some if p.rows is not None])[chosen]
        if some[0].neurons is not None:
            neurons = np.concatenate([p.neurons for p in some if p.neurons is not None])[chosen]
        return part_of(some[-1], times[chosen], rows, neurons)


def _size(piece: Piece) -> int:
    """Numbers of a piece."""
    return len(piece.times) + (0 if piece.rows is None else piece.rows.size)
