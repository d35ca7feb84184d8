"""The filters that decoded values pass on their way to where they are read."""

from __future__ import annotations

from functools import reduce
from operator import mul

from nefsim.network import Connection, Network, Node, Probe
from nefsim.network.objects import Endpoint, Ensemble, whole
from nefsim.neurons import Direct, NeuronType
from nefsim.spike_noise import Spikes
from nefsim.synapses import Lowpass, PerElement, Synapse

#: The filter behind which values are read that reach a population or a learning rule, which pass
#: them on more slowly, and of values that meet no filter in the network.
ASSUMED = Lowpass(0.01)

#: Filters on a way, and whether it ends in a population or a learning rule.
Way = tuple[tuple[Synapse, ...], bool]


class Onward:
    """Finds how spikes reach those who read them.

    A way leads from a connection through nodes that add up their inputs and pass them on, with
    the filters of the connections that leave them.  Of several ways the fastest counts, as most
    noise is left there.  Probes of nodes do not count: a probe changes no decoders.

    Parameters
    ----------
    network : Network
        The model.
    dt : float [s]
        The step of the simulation.
    """

    def __init__(self, network: Network, dt: float) -> None:
        self._dt = dt
        self._leaving: dict[object, list[Connection]] = {}
        for connection in network.all_connections:
            self._leaving.setdefault(whole(connection.pre), []).append(connection)
        self._found: dict[object, Way | None] = {}

    def __call__(self, reader: Connection | Probe, neuron_type: NeuronType) -> Spikes:
        """How the spikes of some neurons reach the end of a connection, or a probe."""
        way = self._after(reader.post) if isinstance(reader, Connection) else None
        later, onward = way or ((), False)
        filters = _filters(reader.synapse) + later or (ASSUMED,)
        return Spikes(reduce(mul, filters), self._dt, neuron_type, onward)

    def _after(self, post: Endpoint) -> Way | None:
        """The way after the end of a connection; None where nothing in the network reads it."""
        end = whole(post)
        if not isinstance(end, Node) and not _is_direct(end):
            return (ASSUMED,), True
        if isinstance(end, Node) and end.output is not None:
            return (), False
        if end not in self._found:
            self._found[end] = None  # for loops of nodes
            ways = [self._along(connection) for connection in self._leaving.get(end, ())]
            read = [way for way in ways if way is not None]
            self._found[end] = min(read, key=lambda way: _slowness(way[0]), default=None)
        return self._found[end]

    def _along(self, connection: Connection) -> Way | None:
        """The way that begins with a connection from a node."""
        if connection.function is not None:
            return (), False
        way = self._after(connection.post)
        return way and (_filters(connection.synapse) + way[0], way[1])


def _is_direct(end: object) -> bool:
    return isinstance(end, Ensemble) and isinstance(end.neuron_type, Direct)


def _filters(synapse: Synapse | None) -> tuple[Synapse, ...]:
    """A synapse, unless it passes values on unchanged; of those of elements, the fastest."""
    if isinstance(synapse, PerElement):
        return min((_filters(each) for each in synapse.synapses), key=_slowness)
    is_none = synapse is None or (isinstance(synapse, Lowpass) and synapse.tau == 0.0)
    return () if is_none or synapse is None else (synapse,)


def _slowness(filters: tuple[Synapse, ...]) -> float:
    """The sum of time constants; another filter than a lowpass counts as slow."""
    return sum(f.tau if isinstance(f, Lowpass) else 1.0 for f in filters)
