"""What the probes of a running simulator have recorded so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import Recording, n_sampled, sampled
from nefsim.build import Built
from nefsim.learned import learned_connection, learned_ensemble
from nefsim.network import Connection, Ensemble, Probe
from nefsim.program import Program, State

Array = NDArray[np.float64]


class Records:
    """Pieces of record of each probe, joined when they are asked for.

    Parameters
    ----------
    program : Program
        Whose records these are.
    batch_size : int or None
        Number of trials.
    dtype : str
        Precision of what is recorded.
    """

    def __init__(self, program: Program, batch_size: int | None, dtype: str) -> None:
        self._dtype = dtype
        self._every = [record.every for record in program.records]
        self._shapes: list[tuple[int, ...]] = []
        for record in program.records:
            size, columns = program.signals[record.read.signal].size, record.read.columns
            size = size if columns is None else len(np.arange(size)[columns])
            self._shapes.append((size,) if batch_size is None else (batch_size, size))
        self._kept: list[list[Array]] = [[] for _ in self._shapes]

    def room(self, start: int, n_steps: int) -> list[Recording]:
        """Empty rows for ``n_steps`` steps after ``start``."""
        return [
            Recording(every, np.empty((n_sampled(start, n_steps, every), *shape), self._dtype))
            for every, shape in zip(self._every, self._shapes, strict=True)
        ]

    def keep(self, recordings: Sequence[Recording], start: int, n_done: int) -> None:
        """Keep the rows of the ``n_done`` steps after ``start`` that were completed."""
        for kept, recording in zip(self._kept, recordings, strict=True):
            kept.append(recording.data[: n_sampled(start, n_done, recording.every)])

    def steps(self, probe: int, n_steps: int) -> NDArray[np.intp]:
        """Which of the first ``n_steps`` steps a probe records, counted from 0."""
        return sampled(0, n_steps, self._every[probe])

    def of(self, probe: int) -> Array:
        """All rows of a probe, (n, [trials,] size), not to be written to."""
        kept = self._kept[probe]
        if len(kept) != 1:
            empty = np.empty((0, *self._shapes[probe]), self._dtype)
            self._kept[probe] = kept = [np.concatenate([empty, *kept])]
        kept[0].setflags(write=False)
        return kept[0]

    def take_over(self, rows: Sequence[Array], n_steps: int) -> bool:
        """Take the rows of a saved simulator, unless they are of other probes."""
        shapes = [(len(self.steps(i, n_steps)), *shape) for i, shape in enumerate(self._shapes)]
        if [values.shape for values in rows] != shapes:
            return False
        self.put_back(rows)
        return True

    def put_back(self, rows: Sequence[Array]) -> None:
        """Keep just these rows of each probe."""
        self._kept = [[values] for values in rows]


class Data(Mapping[Any, Any]):
    """What a simulator knows, by object: arrays of probes, ensembles and connections.

    Parameters
    ----------
    probes : sequence of Probe
        What is recorded.
    built : Built
        The arrays of ensembles and connections.
    state : State
        What is learned.
    recorded : callable
        From a probe to its records.
    """

    def __init__(
        self,
        probes: Sequence[Probe],
        built: Built,
        state: State,
        recorded: Callable[[Probe], Array],
    ) -> None:
        self._probes, self._built, self._state, self._recorded = probes, built, state, recorded

    def __getitem__(self, key: Any) -> Any:
        """Records of a probe, or the built arrays of an ensemble or a connection."""
        if isinstance(key, Probe) and key in self._probes:
            rows, shape = self._recorded(key), self._built.shapes.get(key)
            return rows if shape is None else rows.reshape(*rows.shape[:-1], *shape)
        if isinstance(key, Ensemble) and key in self._built.learned:
            return learned_ensemble(self._built, self._state, key)
        if isinstance(key, Connection) and key in self._built.learned:
            return learned_connection(self._built, self._state, key)
        if isinstance(key, Ensemble) and key in self._built.ensembles:
            return self._built.ensembles[key]
        if isinstance(key, Connection) and key in self._built.connections:
            return self._built.connections[key]
        what = "a probe, ensemble or connection of this simulator's network"
        do = "make probes before the simulator"
        check.fail("Simulator.data", "key", f"be {what}", check.show(key), do, TypeError)

    def __contains__(self, key: object) -> bool:
        return any(key is known for known in self)

    def __iter__(self) -> Iterator[Any]:
        yield from (*self._probes, *self._built.ensembles, *self._built.connections)

    def __len__(self) -> int:
        return len(self._probes) + len(self._built.ensembles) + len(self._built.connections)
