"""Spikes as events: index of record and neuron, in place of a dense array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]

#: Number of events that are checked at a time.
AT_ONCE = 1_000_000


class Events:
    """The spikes of a probe as events, in order of time.

    ``dense[..., steps, neurons] = values``, with ``trials`` first in a batch; all other
    elements are 0.

    Parameters
    ----------
    steps, cells, values : ndarray
        Record, cell and value of each event; ``values`` may be one number for all.
    shape : tuple of int
        Shape of the dense record, (n_records, size) or (batch_size, n_records, size).
    times : (n_records,) ndarray [s]
        Times of the records.

    Attributes
    ----------
    steps : (n_events,) ndarray of int
        The record that each event falls into, from 0: the step, unless the probe has
        ``sample_every``.
    cells : (n_events,) ndarray of int
        ``trial * size + neuron``.
    record_times : (n_records,) ndarray [s]
        Times of the records.

    See Also
    --------
    nefsim.Result.events, Data.events : Methods that return events.
    nefsim.plot.raster : Plot of the spikes.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.array([0.001, 0.002, 0.003])
    >>> events = Events(np.array([0, 2]), np.array([1, 0]), 1000.0, (3, 2), times)
    >>> events.times, events.neurons
    (array([0.001, 0.003]), array([1, 0]))
    >>> events.dense()[0]
    array([   0., 1000.])
    """

    def __init__(
        self, steps: NDArray[Any], cells: NDArray[Any], values: Any, shape: Any, times: Array
    ) -> None:
        self.steps, self.cells = steps, cells
        self.shape: tuple[int, ...] = tuple(int(n) for n in shape)
        self.record_times, self._values = times, values

    def misfit(self) -> str:
        """The first error in events from a file, as text; empty if they are valid.

        Returns
        -------
        str
        """
        n_cells = math.prod(self.shape[:-2]) * self.shape[-1]
        if n_cells > np.iinfo(self.cells.dtype).max:
            return f"cells of type {self.cells.dtype} are too few"
        last = 0
        for start in range(0, len(self), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            steps, cells = self.steps[part], self.cells[part]
            if steps.min() < 0 or steps.max() >= self.shape[-2]:
                return f"steps must be from 0 below {self.shape[-2]}"
            if cells.min() < 0 or cells.max() >= n_cells:
                return f"cells must be from 0 below {n_cells}"
            if steps[0] < last or (steps[1:] < steps[:-1]).any():
                return "steps must be in order of time"
            last = steps[-1]
        return ""

    @property
    def times(self) -> Array:
        """Times of the events [s]."""
        return self.record_times[self.steps]

    @property
    def neurons(self) -> NDArray[Any]:
        """Index of the neuron of each event, from 0; in a view, its index in the view."""
        return self.cells if len(self.shape) == 2 else self.cells % self.shape[-1]

    @property
    def trials(self) -> NDArray[Any]:
        """Trial of each event, from 0."""
        return self.cells // self.shape[-1]

    @property
    def values(self) -> NDArray[Any]:
        """Value of each event: ``amplitude / dt`` for a spike, a multiple for several in a step."""
        return np.broadcast_to(self._values, self.steps.shape)

    def trial(self, number: int) -> Events:
        """The events of one trial of a batch.

        Parameters
        ----------
        number : int
            The trial, from 0.

        Returns
        -------
        Events

        Raises
        ------
        ValueError, TypeError
            If there is no such trial.
        """
        n_trials = int(np.prod(self.shape[:-2]))
        do = "pass the number of a trial, from 0"
        number = check.integer("Events.trial", "number", number, do, 0, n_trials - 1)
        selection = self.trials == number
        values = self._values[selection] if np.ndim(self._values) else self._values
        cells = self.cells[selection] - number * self.shape[-1]
        return Events(self.steps[selection], cells, values, self.shape[-2:], self.record_times)

    def dense(self) -> Array:
        """The records as a read-only dense array, of ``shape``.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If the array does not fit into memory.
        """
        n_records, size = self.shape[-2:]
        n_trials = math.prod(self.shape[:-2])
        try:
            out = np.zeros((n_records, n_trials * size), np.asarray(self._values).dtype)
        except (MemoryError, ValueError):  # ValueError beyond the longest axis
            do = "read them as events"
            got = f"shape {self.shape}"
            check.fail("Events", "records with their zeros", "fit into memory", got, do)
        out[self.steps, self.cells] = self._values
        rows = out.reshape(n_records, *self.shape[:-2], size)
        rows = rows if len(self.shape) == 2 else np.moveaxis(rows, 1, 0)
        rows.setflags(write=False)
        return rows

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to save: steps, cells and values.

        Returns
        -------
        dict of str to ndarray
        """
        return {"steps": self.steps, "cells": self.cells, "values": np.asarray(self._values)}

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<{len(self)} spikes in records of shape {self.shape}>"
