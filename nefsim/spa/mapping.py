"""A memory of things at places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.spa.algebras import HRR
from nefsim.spa.binding import bind
from nefsim.spa.gates import gates, silence
from nefsim.spa.spaces import Space
from nefsim.spa.states import State, state
from nefsim.spa.vocabularies import Vocabulary, as_vocabulary

#: Synapse of the recurrent connection of the memory [s].
SLOW = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class SpatialMemory(Part):
    """A memory of things at places.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    vocabulary : Vocabulary
        The vocabulary of the things.
    space : Space
        The space of the places.
    item, place : Node
        The thing and the place to store, (D,).
    store : Node
        1 while the thing is stored, else 0; (1,).
    cue, answer : Node
        A thing, and its place; or a place, and the things there; (D,).
    memory : State
        The sum of all stored pairs.
    """

    vocabulary: Vocabulary
    space: Space
    item: Node
    place: Node
    store: Node
    cue: Node
    answer: Node
    memory: State


@explained
def spatial_memory(
    net: Network,
    vocabulary: Vocabulary,
    space: Space,
    n_neurons: int = 50,
    rate: float = 5.0,
    magnitude: float = 1.5,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> SpatialMemory:
    r"""Add a memory of things at places, which answers where a thing is and what is at a place.

    .. math:: \dot m = r \, s \; (a \circledast S(x)), \qquad
              \text{answer} = m \circledast \sim \text{cue}

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    vocabulary : Vocabulary
        The vocabulary of the things, with HRR and as many dimensions as the space.
    space : Space
        The space of the places.
    n_neurons : int
        Number of neurons of each dimension of a state, and half of those of each product.
    rate : float [1/s]
        Rate r: a pair has its full strength after ``1 / rate``.
    magnitude : float
        Largest expected length of the memory, about the square root of the number of pairs.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    SpatialMemory
        With ``item``, ``place``, ``store``, ``cue`` and ``answer``.

    Raises
    ------
    ValueError, TypeError
        If the vocabulary does not fit the space, or an argument is out of range.

    See Also
    --------
    path_integrator, bind

    Examples
    --------
    >>> import nefsim as nef
    >>> net, space = nef.Network(seed=1), nef.spa.HexagonalSSP(2, 4, 3, length_scale=0.5)
    >>> v = nef.spa.Vocabulary(space.dimensions, seed=1)
    >>> v.populate("HOME; FOOD")
    >>> memory = nef.spa.spatial_memory(net, v, space)
    >>> item = nef.spa.stimulus(net, v, {0.0: "HOME", 0.2: "FOOD", 0.4: "Zero"})
    >>> places = {0.0: space.encode([0.5, 0.5]), 0.2: space.encode([-0.5, 0.0])}
    >>> seen = net.node(nef.Piecewise(places))
    >>> store, cue = net.node(nef.Piecewise({0.0: 1.0, 0.4: 0.0})), v["HOME"]
    >>> ends = [memory.item, memory.place, memory.store, memory.cue]
    >>> for source, end in zip([item.output, seen, store, net.node(cue)], ends):
    ...     c = net.connect(source, end, synapse=None)
    >>> y = net.probe(memory.answer, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.8)
    >>> bool(abs(space.decode(sim.data[y][-1]) - [0.5, 0.5]).max() < 0.15)
    True
    """
    who = "spatial_memory"
    v, do = as_vocabulary(who, vocabulary), "pass such as HexagonalSSP(2)"
    check.instance(who, "space", space, Space, "a space", do)
    if not isinstance(v.algebra, HRR) or v.dimensions != space.dimensions:
        must = f"have {space.dimensions} dimensions and the algebra hrr"
        check.fail(who, "vocabulary", must, f"{v!r}", f"pass Vocabulary({space.dimensions})")
    n, speed = count(who, "n_neurons", n_neurons), check.positive(who, "rate", rate)
    size = check.positive(who, "magnitude", magnitude)
    with part(who, net, label, seed, "spatial memory", saturates=True) as inner:
        pair = bind(inner, v, 2 * n, **options)
        channel = state(inner, v, n, label="channel", **options)
        memory = state(
            inner,
            v,
            n,
            feedback=1.0,
            feedback_synapse=SLOW,
            magnitude=size,
            label="memory",
            **options,
        )
        released = bind(inner, v, 2 * n, unbind=True, magnitude=size, **options)
        store = inner.node(size_in=1, label="store")
        closed = gates(inner, n, store, np.eye(1), **options)
        silence(inner, closed, 0, channel)
        inner.connect(pair.output, channel.input)
        inner.connect(channel.output, memory.input, transform=SLOW * speed, synapse=SLOW)
        inner.connect(memory.output, released.a)
    ports = pair.a, pair.b, store, released.b, released.output
    return SpatialMemory(inner, v, space, *ports, memory)
