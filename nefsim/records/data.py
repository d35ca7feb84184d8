"""The arrays of a simulator by object, ``sim.data``, and the labels of its probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import _habits as habits
from nefsim import _html as html
from nefsim.learned import learned_connection, learned_ensemble
from nefsim.lowering import Built
from nefsim.network import Connection, Ensemble, Neurons, Node, Probe
from nefsim.network.objects import View
from nefsim.program import State
from nefsim.records.events import Events
from nefsim.records.records import Records

Array = NDArray[np.float64]

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
    run : object
        The back end, which has rows of steps that are not recorded yet.

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
        self,
        probes: Sequence[Probe],
        built: Built,
        state: State,
        records: Records,
        run: object = None,
    ) -> None:
        self._run = run
        self._probes, self._built, self._state, self._records = probes, built, state, records

    def __getitem__(self, key: Any) -> Any:
        """Records of a probe or its label, or the built arrays of an ensemble or a connection."""
        if isinstance(key, str):
            key = self._labelled(key)
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

    def _labelled(self, label: str) -> Probe:
        """The probe with a label; an error about that of an ensemble names its arrays."""
        labels = labels_of(self._probes)
        if label not in labels:
            things: tuple[Any, ...] = (*self._built.ensembles, *self._built.connections)
            for thing in things:
                if thing.label == label:
                    name = label if label.isidentifier() else type(thing).__name__.lower()
                    do = (
                        f"write sim.data[{name}] for the arrays of {thing!r}, or make a probe of it"
                    )
                    must = "be the label of a probe"
                    check.fail("Simulator.data", "key", must, check.show(label), do)
        return self._probes[index_of("Simulator.data", self._probes, label)]

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

    def _repr_html_(self) -> str:
        labels = labels_of(self._probes)
        rows = ((label, str(self._shape(i)), self._probes[i]) for i, label in enumerate(labels))
        built = (
            (str(key), repr(self[key]), "")
            for key in [*self._built.ensembles, *self._built.connections]
        )
        return html.table(repr(self), [*rows, *built], ("of", "arrays", "probe"))

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
