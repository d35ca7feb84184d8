"""The stream of random numbers of each object of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nefsim.network import Connection, Ensemble, Node
from nefsim.network.objects import Scope
from nefsim.program import Stream

#: Kinds of object; the kind is part of the key of a random stream.
ENSEMBLES, NODES, CONNECTIONS, NETWORKS = range(4)


def streams_of(network: Scope, stream: Stream) -> dict[Any, Stream]:
    """The random stream of every object.

    It follows from the object's seed, else from its kind and its number in the network.
    """
    streams: dict[Any, Stream] = {}
    kinds: tuple[tuple[int, Sequence[Ensemble | Node | Connection | Scope]], ...] = (
        (ENSEMBLES, network.ensembles),
        (NODES, network.nodes),
        (CONNECTIONS, network.connections),
        (NETWORKS, network.networks),
    )
    for kind, objects in kinds:
        for i, obj in enumerate(objects):
            streams[obj] = stream.child(kind, i)
            if obj.seed is not None:
                streams[obj] = Stream(obj.seed, (), True)
            if isinstance(obj, Scope):
                streams |= streams_of(obj, streams[obj])
    return streams
