"""Cleanup memories in neurons: a noisy vector becomes the most similar one of a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks import associative_memory, winner_take_all
from nefsim.networks._part import Part, part
from nefsim.spa.twins import equal_populations
from nefsim.spa.vocabularies import Vocabulary, as_vocabulary

#: Evaluation points of an item, whose value has one dimension and no steep parts.
EVAL_POINTS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Cleanup(Part):
    """A cleanup memory.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    vocabulary : Vocabulary
        The vocabulary of the output.
    input, output : Node
        The noisy vector, and the recognised one.
    utilities : Node
        The activity of each item, (n_items,), in the order of ``items``.
    reset : Node
        Input that silences or empties all items while it is 1, (1,).
    items : tuple of str
        The names that are recognised.
    """

    vocabulary: Vocabulary
    input: Node
    output: Node
    utilities: Node
    reset: Node
    items: tuple[str, ...]


@explained
def cleanup(
    net: Network,
    vocabulary: Vocabulary,
    items: Mapping[str, str] | Iterable[str] | None = None,
    to: Vocabulary | None = None,
    n_neurons: int = 50,
    threshold: float = 0.3,
    accumulate: bool = False,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Cleanup:
    """Add a cleanup memory, which recognises names and outputs their vectors, or others.

    Each item has a population that is silent below the threshold.  With ``accumulate``, items are
    independent accumulators: the first that passes its threshold silences all others, until
    ``reset`` is 1.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    vocabulary : Vocabulary
        The vocabulary of the input.
    items : dict of str to str, iterable of str or None
        Names to recognise, or a dict from each to an expression of the output; None means all.
    to : Vocabulary or None
        The vocabulary of the output; None means that of the input.
    n_neurons : int
        Number of neurons of each item.
    threshold : float
        Dot product above which an item is active, without ``accumulate``.
    accumulate : bool
        Whether items are independent accumulators.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :func:`nefsim.networks.associative_memory` or
        :func:`nefsim.networks.winner_take_all`.

    Returns
    -------
    Cleanup
        With ``input``, ``output``, ``utilities`` and ``reset``.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown, or an argument is out of range or of a wrong type.

    See Also
    --------
    Vocabulary.nearest, cleanup_probability

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(64, seed=1)
    >>> v.populate("CAT; DOG; BIRD")
    >>> clean = nef.spa.cleanup(net, v)
    >>> noisy = nef.spa.stimulus(net, v, "0.8 * CAT + 0.2 * DOG")
    >>> c = net.connect(noisy.output, clean.input, synapse=None)
    >>> y = net.probe(clean.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.2)
    >>> v.similarities(sim.data[y][-1]).round(1).tolist()[0]
    1.0
    """
    who = "cleanup"
    v = as_vocabulary(who, vocabulary)
    target = v if to is None else as_vocabulary(who, to, "to")
    pairs = _pairs(who, v, items)
    keys = np.array([v.vector(who, "items", name) for name in pairs])
    values = np.array([target.vector(who, "items", text) for text in pairs.values()])
    level = check.real(who, "threshold", threshold)
    accumulates = check.flag(who, "accumulate", accumulate)
    options |= {"n_neurons": n_neurons}
    if not accumulates:  # accumulators differ, so that equal items do not tie
        options = {"equal": equal_populations(options), "n_eval_points": EVAL_POINTS} | options
    with part(who, net, label, seed, "cleanup", saturates=True) as inner:
        if not accumulates:
            memory = associative_memory(inner, keys, values, threshold=level, **options)
            ports = memory.input, memory.output, memory.utilities, memory.inhibit
        else:
            race = winner_take_all(inner, dimensions=len(keys), **options)
            source = inner.node(size_in=v.dimensions, label="input")
            sink = inner.node(size_in=target.dimensions, label="output")
            inner.connect(source, race.input, transform=keys, synapse=None)
            inner.connect(race.output, sink, transform=values.T, synapse=None)
            ports = source, sink, race.output, race.reset
    return Cleanup(inner, target, *ports, tuple(pairs))


def _pairs(who: str, vocabulary: Vocabulary, items: Any) -> dict[str, Any]:
    """The names to recognise, with the expression of each output."""
    if items is None:
        items = vocabulary.names
    if not check.is_iterable(items):
        do = "pass such as ['CAT', 'DOG']"
        check.fail(who, "items", "be names", check.show(items), do, TypeError)
    names = [*items]
    for name in names:
        check.instance(who, "items", name, str, "names", "pass such as ['CAT', 'DOG']")
    pairs = dict(items) if isinstance(items, Mapping) else dict(zip(names, names, strict=True))
    if not pairs:
        check.fail(who, "items", "hold a name", "none", "populate the vocabulary")
    return pairs
