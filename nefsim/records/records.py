"""Records of the probes of a simulator, while it runs and afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import _habits as habits
from nefsim.backends import sampled
from nefsim.files import Saved
from nefsim.learned import learned_connection, learned_ensemble
from nefsim.lowering import Built
from nefsim.network import Connection, Ensemble, Neurons, Node, Probe
from nefsim.network.objects import View
from nefsim.program import Neurons as Population
from nefsim.program import Program, State
from nefsim.records.events import Events
from nefsim.records.stores import Rows, Spikes, Store
from nefsim.records.stream import Stream

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


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
    """

    def __init__(
        self, program: Program, batch_size: int | None, dtype: str, start: int = 0
    ) -> None:
        self.dt, self.start = program.dt, start
        self.stream: Stream | None = None
        self._every = [record.every for record in program.records]
        self._stores: list[Store] = []
        self._settled = start
        self._pending = False  # whether rows must be streamed
        of_spikes = {
            op.output for op in program.ops if isinstance(op, Population) and op.neuron.spiking
        }
        for record in program.records:
            size = program.size(record.read)
            shape = (size,) if batch_size is None else (batch_size, size)
            kind = Spikes if record.read.signal in of_spikes else Rows
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
            for store, every in zip(self._stores, self._every, strict=True):
                store.reserve(_count(self._settled, n_steps, every))

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
        for store, every in zip(self._stores, self._every, strict=True):
            store.settle(_count(self._settled, n_done, every))
        self._settled = n_steps
        if n_done:
            self._pending = True
            self.flush()

    def flush(self, sync: bool = False) -> None:
        """Write the remaining records to disk, such as after an error of a full disk.

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
            for part, kind in store.kinds().items()
        }
        if kinds.keys() != {name for name in saved.names if name.startswith("record ")}:
            return False
        for name, (i, kind, shape) in kinds.items():
            dtype, got = saved.header(name)
            # The number of rows is checked before steps are listed.
            n_rows = (n_steps - start) / max(self._every[i], 1.0)
            if isinstance(self._stores[i], Rows) and (not got or abs(got[0] - n_rows) > 2):
                return False
            if dtype != np.dtype(kind) or (got and got[1:] != shape):
                return False
        read = (
            {part: saved.array(f"record {i} {part}") for part in store.kinds()}
            for i, store in enumerate(self._stores)
        )
        return self.put(read, n_steps, start)

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


#: Maximum number of probes in ``repr``.
MOST_SHOWN = 4


class Data(Mapping[Any, Any]):
    """Arrays of a simulator by object: probes, ensembles and connections.

    The label of a probe is a key, too, as in a :class:`~nefsim.Result`.

    Parameters
    ----------
    probes : sequence of Probe
        The probes of the simulator.
    built : Built
        The arrays of ensembles and connections.
    state : State
        The state, with learned weights.
    records : Records
        The records of the probes.

    See Also
    --------
    nefsim.Result : Records without the simulator.
    Events : Spikes as events.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> y = net.probe(a, label="y")
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.01)
    >>> sim.data[y].shape, sim.data["y"].shape, sim.data[a].encoders.shape
    ((10, 1), (10, 1), (50, 1))
    """

    def __init__(
        self, probes: Sequence[Probe], built: Built, state: State, records: Records
    ) -> None:
        self._probes, self._built, self._state, self._records = probes, built, state, records

    def __getitem__(self, key: Any) -> Any:
        """Records of a probe or its label, or the built arrays of an ensemble or a connection."""
        if isinstance(key, str):
            key = self._probes[index_of("Simulator.data", self._probes, key)]
        if isinstance(key, Probe) and key in self._probes:
            rows, shape = self.kept(key), self._built.shapes.get(key)
            if isinstance(rows, Events):
                return rows.dense()
            return rows if shape is None else rows.reshape(*rows.shape[:-1], *shape)
        if isinstance(key, Ensemble) and key in self._built.learned:
            return learned_ensemble(self._built, self._state, key)
        if isinstance(key, Connection) and key in self._built.learned:
            return learned_connection(self._built, self._state, key)
        if isinstance(key, Ensemble) and key in self._built.ensembles:
            return self._built.ensembles[key]
        if isinstance(key, Connection) and key in self._built.connections:
            return self._built.connections[key]
        must = "be a probe, ensemble or connection of this simulator's network"
        check.fail("Simulator.data", "key", must, check.show(key), _cure(key), TypeError)

    def events(self, probe: Probe | str) -> Events:
        """The spikes of a probe of spiking neurons, as events.

        Parameters
        ----------
        probe : Probe or str
            The probe, or its label.

        Returns
        -------
        Events

        Raises
        ------
        ValueError, TypeError
            If it is no probe of this simulator, or not one of spikes.
        """
        events = self.kept(probe)
        if not isinstance(events, Events):
            do = "read other probes as data[probe]"
            got = check.show(probe)
            check.fail("Simulator.data.events", "probe", "be a probe of spikes", got, do)
        return events

    def kept(self, probe: Any) -> Array | Events:
        """The records of a probe as they are stored: rows, or events.

        Parameters
        ----------
        probe : Probe or str
            The probe, or its label.

        Returns
        -------
        ndarray or Events

        Raises
        ------
        ValueError, TypeError
            If it is no probe of this simulator.
        """
        return self._records.of(index_of("Simulator.data", self._probes, probe))

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return key in labels_of(self._probes)
        return any(key is other for other in self)

    def __iter__(self) -> Iterator[Any]:
        yield from (*self._probes, *self._built.ensembles, *self._built.connections)

    def __len__(self) -> int:
        return len(self._probes) + len(self._built.ensembles) + len(self._built.connections)

    def __repr__(self) -> str:
        labels = labels_of(self._probes)
        sizes = [f"{label!r} {self._shape(i)}" for i, label in enumerate(labels[:MOST_SHOWN])]
        more = ", ..." if len(labels) > MOST_SHOWN else ""
        kinds = (self._probes, "probe"), (self._built.ensembles, "ensemble")
        counts = (*kinds, (self._built.connections, "connection"))
        summary = ", ".join(f"{len(of)} {word}{'' if len(of) == 1 else 's'}" for of, word in counts)
        return f"<data of {summary}" + (f": {', '.join(sizes)}{more}>" if sizes else ">")

    def _shape(self, probe: int) -> tuple[int, ...]:
        rows, matrix = self._records.shape(probe), self._built.shapes.get(self._probes[probe])
        return rows if matrix is None else (*rows[:-1], *matrix)


def _cure(key: object) -> str:
    """Advice in place of a key that has no data."""
    of = {Node: "probe its values: net.probe(node)", Neurons: "pass its ensemble"}
    if isinstance(key, View):
        return f"pass all of it, {key.obj!r}"
    for kind, do in of.items():
        if isinstance(key, kind):
            return do
    return habits.instead_of_nengos(key) or "make probes before the simulator"


def index_of(who: str, probes: Sequence[Probe], probe: object) -> int:
    """The index of a probe, or of the probe with a label.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    probes : sequence of Probe
        The probes.
    probe : Probe or str
        One of them, or its label.

    Returns
    -------
    int

    Raises
    ------
    ValueError, TypeError
        If it is none of them.
    """
    if isinstance(probe, str):
        labels = labels_of(probes)
        if probe not in labels:
            options = ", ".join(map(repr, labels[:8])) + (", ..." if len(labels) > 8 else "")
            do = f"pass one of {options}" if labels else "make probes before the simulator"
            check.fail(who, "probe", "be one or the label of one", check.show(probe), do)
        return labels.index(probe)
    if not isinstance(probe, Probe) or probe not in probes:
        must, do = "be a probe of this simulator's network", "make probes before the simulator"
        check.fail(who, "probe", must, check.show(probe), do, TypeError)
    return probes.index(probe)


def labels_of(probes: Sequence[Probe]) -> list[str]:
    """The labels of probes; from the second probe with a label on, a number is appended.

    Parameters
    ----------
    probes : sequence of Probe
        The probes.

    Returns
    -------
    list of str
    """
    labels: list[str] = []
    for probe in probes:
        label, n = probe.label, 1
        while label in labels:
            label, n = f"{probe.label} {n}", n + 1
        labels.append(label)
    return labels
