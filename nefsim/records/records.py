"""Records of the probes of a simulator, while it runs and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakMethod

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import sampled
from nefsim.files import Saved
from nefsim.program import Neurons as Population
from nefsim.program import Op, Program, Sum
from nefsim.records.events import Events
from nefsim.records.stores import Rows, Spikes, Store
from nefsim.records.stream import Stream

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


def _is_of_spikes(program: Program, signal: int) -> bool:
    """Whether a signal is spikes, or a copy of those of some neurons."""
    op = _writer_of(program, signal)
    if isinstance(op, Sum) and len(op.terms) == 1 and op.offset is None:
        term = op.terms[0]
        if term.matrix is None and term.rows is None and term.read.columns is not None:
            signal = term.read.signal
            op = _writer_of(program, signal)
    return isinstance(op, Population) and op.neuron.spiking and op.output == signal


def _writer_of(program: Program, signal: int) -> Op | None:
    """The operation that writes a signal; None if it is constant."""
    return program.ops[program.writer[signal]] if signal in program.writer else None


class Records:
    """The records of all probes: spikes as events, other quantities as rows.

    Parameters
    ----------
    program : Program
        The program with the probes.
    batch_size : int or None
        Number of trials.
    dtype : str
        Precision of the records.
    start : int
        Number of steps before the first record.

    Attributes
    ----------
    pending : WeakMethod or None
        A method that adds the rows of complete steps which a back end has not added yet; it is
        called before records are read.
    """

    def __init__(
        self, program: Program, batch_size: int | None, dtype: str, start: int = 0
    ) -> None:
        self.dt, self.start = program.dt, start
        self.stream: Stream | None = None
        self.pending: WeakMethod[Callable[[], None]] | None = None
        self._every = [record.every for record in program.records]
        self._stores: list[Store] = []
        self._settled = start
        self._pending = False  # whether rows must be streamed
        for record in program.records:
            size = program.size(record.read)
            shape = (size,) if batch_size is None else (batch_size, size)
            kind = Spikes if _is_of_spikes(program, record.read.signal) else Rows
            self._stores.append(kind(shape, dtype))

    # -- while running -----------------------------------------------------------------

    def reserve(self, n_steps: int) -> None:
        """Allocate memory for steps to come.

        Parameters
        ----------
        n_steps : int
            Number of steps.
        """
        if self.stream is None:
            counts = self._counts(self._settled, n_steps)
            for store, every in zip(self._stores, self._every, strict=True):
                store.reserve(counts[every])

    def add(self, probe: int, rows: Array) -> None:
        """Append rows to the records of a probe.

        Parameters
        ----------
        probe : int
            Index of the probe.
        rows : (n, [trials,] size) ndarray
            The rows.
        """
        self._stores[probe].add(rows)

    def settle(self, n_steps: int) -> None:
        """Complete the records up to a step, and stream them to disk.

        Parameters
        ----------
        n_steps : int
            Number of steps so far.
        """
        n_done = n_steps - self._settled
        # Fewer steps than before, if steps could not be repeated after an error.
        counts = self._counts(min(n_steps, self._settled), abs(n_done))
        for store, every in zip(self._stores, self._every, strict=True):
            store.settle(counts[every] if n_done >= 0 else -counts[every])
        self._settled = n_steps
        if n_done:
            self._pending = True
            self.flush()

    def _counts(self, first_step: int, n_steps: int) -> dict[float, int]:
        """The number of records in a range of steps, by the interval between records."""
        return {every: _count(first_step, n_steps, every) for every in set(self._every)}

    def _add_pending(self) -> None:
        """Add the rows of complete steps that are not added yet."""
        add = None if self.pending is None else self.pending()
        if add is not None:
            add()

    def flush(self, sync: bool = False) -> None:
        """Write the remaining records to disk, for example after the disk was full.

        Parameters
        ----------
        sync : bool
            Whether to wait until the operating system has written them to the disk.
        """
        if self.stream is None or not (self._pending or sync):
            return
        for i, store in enumerate(self._stores):
            if self.stream.n_rows(i) < store.n_rows:
                self.stream.append(i, store.arrays(), store.n_rows)
            store.clear()
        self.stream.commit(self._settled, sync)
        self._pending = False

    # -- afterwards --------------------------------------------------------------------

    def described(self) -> list[dict[str, Any]]:
        """The description of each probe for the list of a stream.

        Returns
        -------
        list of dict
        """
        return [
            {"every": every, "shape": store.shape, "arrays": store.kinds()}
            for every, store in zip(self._every, self._stores, strict=True)
        ]

    def steps(self, probe: int, n_steps: int) -> NDArray[np.intp]:
        """Indices of the steps at which a probe records, from 0.

        Parameters
        ----------
        probe : int
            Index of the probe.
        n_steps : int
            Number of steps so far.

        Returns
        -------
        (n_records,) ndarray of int
        """
        return self.start + sampled(self.start, n_steps - self.start, self._every[probe])

    def latest(self, probe: int) -> Array | None:
        """The newest record of a probe, or None if there is none.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        ([trials,] size) ndarray or None
        """
        arrays, store = self.arrays(probe), self._stores[probe]
        if not store.n_rows:
            return None
        if "" in arrays:
            return arrays[""][-1]
        row = np.zeros(store.shape, arrays["values"].dtype)
        steps, cells = arrays["steps"], arrays["cells"]
        first = int(np.searchsorted(steps, store.n_rows - 1))
        values = np.broadcast_to(arrays["values"], steps.shape)
        row.reshape(-1)[cells[first:]] = values[first:]
        return row

    @property
    def settled(self) -> int:
        """The step up to which records are complete."""
        self._add_pending()
        return self._settled

    def arrays(self, probe: int) -> Arrays:
        """Read-only arrays of the records of a probe.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        dict of str to ndarray
        """
        self._add_pending()
        if self.stream is None:
            return self._stores[probe].arrays()
        self.flush()
        return self.stream.read(probe)

    def of(self, probe: int) -> Array | Events:
        """Records of a probe: rows, with trials first in a batch, or events.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        ([trials,] n_records, size) ndarray or Events
        """
        self._add_pending()
        store = self._stores[probe]
        times = np.multiply(self.steps(probe, self._settled) + 1, self.dt, dtype=np.float64)
        return recorded(self.arrays(probe), store.shape, times)

    def shape(self, probe: int) -> tuple[int, ...]:
        """The shape of the records of a probe, without reading them.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        tuple of int
        """
        self._add_pending()
        size, n = self._stores[probe].shape, len(self.steps(probe, self._settled))
        return (*size[:-1], n, size[-1])

    def take_over(self, saved: Saved, n_steps: int, start: int) -> bool:
        """Read the records of a saved simulator, if its probes are the same.

        Parameters
        ----------
        saved : Saved
            The open file.
        n_steps : int
            Number of steps in the file.
        start : int
            Number of steps before its first record.

        Returns
        -------
        bool
            Whether the records fit and were read.
        """
        kinds = {
            f"record {i} {part}": (i, *kind)
            for i, store in enumerate(self._stores)
            for part, kind in self._kinds(saved, i, store).items()
        }
        if kinds.keys() != {name for name in saved.names if name.startswith("record ")}:
            return False
        for name, (i, kind, shape) in kinds.items():
            dtype, got = saved.header(name)
            # The number of rows is checked before steps are listed.
            n_rows = (n_steps - start) / max(self._every[i], 1.0)
            is_rows = name == f"record {i} "
            if is_rows and (not got or abs(got[0] - n_rows) > 2):
                return False
            if dtype != np.dtype(kind) or (got and got[1:] != shape):
                return False
        read = (
            {part: saved.array(f"record {i} {part}") for part in self._kinds(saved, i, store)}
            for i, store in enumerate(self._stores)
        )
        return self.put(read, n_steps, start)

    @staticmethod
    def _kinds(saved: Saved, i: int, store: Store) -> dict[str, tuple[str, tuple[int, ...]]]:
        """The arrays of a store in a file: the spikes of some neurons were rows in 0.2."""
        if f"record {i} " in saved.names:
            return {"": (store.dtype.str, store.shape)}
        return store.kinds()

    def put(self, arrays: Iterable[Arrays], n_steps: int, start: int) -> bool:
        """Set the arrays of each probe, if they fit.

        Parameters
        ----------
        arrays : iterable of dict
            Arrays of each probe, by name.
        n_steps : int
            Number of steps so far.
        start : int
            Number of steps before the first record.

        Returns
        -------
        bool
            Whether they fit and were set.
        """
        self.start = self._settled = start
        for i, (store, parts) in enumerate(zip(self._stores, arrays, strict=True)):
            try:
                n_rows = len(self.steps(i, n_steps))
            except (MemoryError, ValueError):  # ValueError beyond the longest axis
                return False
            if not store.put(parts, n_rows):
                return False
        self.settle(n_steps)
        return True


def _count(first_step: int, n_steps: int, every: float) -> int:
    """The number of records in ``n_steps`` steps."""
    return n_steps if every <= 1 else len(sampled(first_step, n_steps, every))


def recorded(arrays: Arrays, shape: tuple[int, ...], times: Array) -> Array | Events:
    """The public form of the arrays of a store: rows or events, with trials first in a batch.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays of a store.
    shape : tuple of int
        Shape of the records.
    times : (n_records,) ndarray [s]
        Times of the records.

    Returns
    -------
    ndarray or Events
    """
    if "" in arrays:
        return arrays[""] if len(shape) == 1 else np.moveaxis(arrays[""], 1, 0)
    full = (*shape[:-1], len(times), shape[-1])
    return Events(**arrays, shape=full, times=times)
