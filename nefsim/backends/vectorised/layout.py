"""Place signals in buffers so that signals of similar operations are adjacent.

One call can then compute the signals of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.vectorised.batching import Stage
from nefsim.program import Filter, Index, Neurons, Program, Read, outputs

Array = NDArray[Any]


class Layout:
    """The buffer of each signal, and its columns in the buffer."""

    def __init__(self, program: Program, stages: Sequence[Stage]) -> None:
        self._signals = program.signals
        self._position: dict[int, tuple[int, int]] = {}
        self._n_buffers = 0
        batches = [[program.ops[i] for i in batch] for s in stages for batch in s.batches]
        # Currents are in the order of the populations that read them.
        for batch in batches:
            self._add_buffer(op.current for op in batch if isinstance(op, Neurons))
        for batch in batches:
            # Outputs of filters are in the order of their inputs.
            read = {op.output: self._position[op.input] for op in batch if isinstance(op, Filter)}
            outs = [outputs(op) for op in batch]
            first = (signals[0] for signals in outs if signals)
            self._add_buffer(sorted(first, key=lambda signal: read.get(signal, (0, 0))))
            for signals in outs:
                for signal in signals[1:]:
                    self._add_buffer([signal])

    def _add_buffer(self, signals: Iterable[int]) -> None:
        """Add a buffer for those of ``signals`` that have none."""
        width = 0
        new = [signal for signal in signals if signal not in self._position]
        for signal in new:
            self._position[signal] = self._n_buffers, width
            width += self._signals[signal].size
        self._n_buffers += bool(new)

    def buffer(self, signal: int) -> int:
        """The number of the buffer of a signal."""
        return self._position[signal][0]

    def columns(self, signal: int) -> slice:
        """The columns of a signal in its buffer."""
        start = self._position[signal][1]
        return slice(start, start + self._signals[signal].size)

    def column_numbers(self, read: Read) -> NDArray[np.intp]:
        """The indices of the columns of a buffer that an operation reads."""
        columns = self.columns(read.signal)
        numbers = np.arange(columns.start, columns.stop)
        return numbers if read.columns is None else numbers[read.columns]

    def buffers(self, signals: Sequence[Array], n_rows: int) -> list[Array]:
        """Make the buffers, with ``n_rows`` rows of zeros."""
        widths = [0] * self._n_buffers
        for signal, (buffer, _) in self._position.items():
            widths[buffer] += self._signals[signal].size
        like = signals[0] if signals else np.zeros(0)
        return [np.zeros((n_rows, *like.shape[:-1], width), like.dtype) for width in widths]

    def view(self, buffers: Sequence[Array], signal: int) -> Array:
        """The rows of a signal, as a view of its buffer."""
        return buffers[self.buffer(signal)][..., self.columns(signal)]

    def span(self, buffers: Sequence[Array], signals: Sequence[int]) -> Array:
        """The rows of adjacent signals, as one view of their buffer."""
        columns = slice(self.columns(signals[0]).start, self.columns(signals[-1]).stop)
        return buffers[self.buffer(signals[0])][..., columns]

    def runs(self, ops: Iterable[int], *signals: Sequence[int]) -> list[list[int]]:
        """Split operations into sequences whose signals are adjacent in a buffer."""
        runs: list[list[int]] = []
        ends: list[tuple[int, int]] = []
        rows = sorted(zip(ops, *signals, strict=True), key=lambda row: self._position[row[1]])
        for op, *of_op in rows:
            if [self._position[signal] for signal in of_op] != ends:
                runs.append([])
            runs[-1].append(op)
            ends = [(self.buffer(signal), self.columns(signal).stop) for signal in of_op]
        return runs


def as_slice(columns: NDArray[np.intp]) -> Index:
    """Columns as a slice if they are adjacent."""
    if len(columns) and (np.diff(columns) == 1).all():
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns


def picker(buffer: Array, columns: Index) -> Callable[[Any], Array]:
    """A function ``pick(rows)`` that returns ``columns`` of one row or of a slice of rows.

    The result is a view if ``columns`` is a slice, else a copy.
    """
    if isinstance(columns, slice):
        return buffer[..., columns].__getitem__
    return lambda rows: buffer[rows].take(columns, axis=-1)


def join(memories: Sequence[dict[str, Any]]) -> dict[str, Array]:
    """Concatenate the state variables of similar operations, whose arrays become views."""
    whole = {}
    for name in memories[0]:
        parts = [memory[name] for memory in memories]
        whole[name] = np.concatenate(parts, axis=-1)
        end = 0
        for memory, part in zip(memories, parts, strict=True):
            memory[name] = whole[name][..., end : end + part.shape[-1]]
            end += part.shape[-1]
    return whole
