"""Where signals lie: those of like operations side by side, so that one call serves all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.vectorised.batching import Stage
from nefsim.program import Filter, Index, Neurons, Program, Read, outputs

Array = NDArray[Any]


class Layout:
    """A place for each signal: a buffer, and columns in it."""

    def __init__(self, program: Program, stages: Sequence[Stage]) -> None:
        self._signals = program.signals
        self._place: dict[int, tuple[int, int]] = {}
        self._n_buffers = 0
        batches = [[program.ops[i] for i in batch] for s in stages for batch in s.batches]
        # Currents are laid out for the neurons that take them, whoever writes them.
        for batch in batches:
            self._put(op.current for op in batch if isinstance(op, Neurons))
        for batch in batches:
            # Filters that read one buffer lie side by side, in the order of what they read.
            read = {op.output: self._place[op.input] for op in batch if isinstance(op, Filter)}
            written = [outputs(op) for op in batch]
            first = (signals[0] for signals in written if signals)
            self._put(sorted(first, key=lambda signal: read.get(signal, (0, 0))))
            for signals in written:
                for signal in signals[1:]:
                    self._put([signal])

    def _put(self, signals: Iterable[int]) -> None:
        """A new buffer for signals that have no place yet."""
        width = 0
        new = [signal for signal in signals if signal not in self._place]
        for signal in new:
            self._place[signal] = self._n_buffers, width
            width += self._signals[signal].size
        self._n_buffers += bool(new)

    def buffer(self, signal: int) -> int:
        """The buffer that a signal lies in."""
        return self._place[signal][0]

    def columns(self, signal: int) -> slice:
        """The columns of a signal in its buffer."""
        start = self._place[signal][1]
        return slice(start, start + self._signals[signal].size)

    def chosen(self, read: Read) -> NDArray[np.intp]:
        """The columns of a buffer that are read, as numbers."""
        columns = self.columns(read.signal)
        found = np.arange(columns.start, columns.stop)
        return found if read.columns is None else found[read.columns]

    def buffers(self, signals: Sequence[Array], n_rows: int) -> list[Array]:
        """Rows for all signals, still empty."""
        widths = [0] * self._n_buffers
        for signal, (buffer, _) in self._place.items():
            widths[buffer] += self._signals[signal].size
        like = signals[0] if signals else np.zeros(0)
        return [np.zeros((n_rows, *like.shape[:-1], width), like.dtype) for width in widths]

    def view(self, buffers: Sequence[Array], signal: int) -> Array:
        """A signal in the buffers."""
        return buffers[self.buffer(signal)][..., self.columns(signal)]

    def span(self, buffers: Sequence[Array], signals: Sequence[int]) -> Array:
        """Signals that lie side by side, as one."""
        columns = slice(self.columns(signals[0]).start, self.columns(signals[-1]).stop)
        return buffers[self.buffer(signals[0])][..., columns]

    def runs(self, ops: Iterable[int], *signals: Sequence[int]) -> list[list[int]]:
        """Operations in runs whose signals, one or more of each, lie side by side."""
        found: list[list[int]] = []
        ends: list[tuple[int, int]] = []
        rows = sorted(zip(ops, *signals, strict=True), key=lambda row: self._place[row[1]])
        for op, *mine in rows:
            if [self._place[signal] for signal in mine] != ends:
                found.append([])
            found[-1].append(op)
            ends = [(self.buffer(signal), self.columns(signal).stop) for signal in mine]
        return found


def as_slice(columns: NDArray[np.intp]) -> Index:
    """Columns as a slice where they lie side by side."""
    if len(columns) and (np.diff(columns) == 1).all():
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns


def picking(buffer: Array, columns: Index) -> Callable[[Any], Array]:
    """``pick(rows)``: some columns of one row or of a slice of rows.

    They are a view where the columns are a slice, else a copy in order.
    """
    if isinstance(columns, slice):
        return buffer[..., columns].__getitem__
    return lambda rows: buffer[rows].take(columns, axis=-1)


def joined(memories: Sequence[dict[str, Any]]) -> dict[str, Array]:
    """The memories of like operations in common arrays, of which theirs become views."""
    whole = {}
    for name in memories[0]:
        parts = [memory[name] for memory in memories]
        whole[name] = np.concatenate(parts, axis=-1)
        end = 0
        for memory, part in zip(memories, parts, strict=True):
            memory[name] = whole[name][..., end : end + part.shape[-1]]
            end += part.shape[-1]
    return whole
