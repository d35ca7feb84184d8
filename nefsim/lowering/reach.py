"""A warning of constant inputs beyond the radius of an ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.synapses import Alpha, Box, Delay, DoubleExp, Lowpass, Triangle

Array = NDArray[np.float64]

#: Length of a constant input from which on a warning is given, in radii.  There, 200 leaky
#: neurons of the default rates fall short by 0.24 to 0.37 radii (one to three dimensions); at
#: 1.2, by 0.14.
FAR = 1.5

#: Filters with a gain of 1 for constants.
SETTLING = (Lowpass, Alpha, DoubleExp, Triangle, Box, Delay, type(None))


def warn_of_distant_constants(network: Network, replaced: Mapping[Node, Node]) -> None:
    """Warn of ensembles that get only constants, whose sum is far beyond the radius.

    ``replaced`` maps nodes that this run replaces to the nodes that replace them.
    """
    sums: dict[Ensemble, Array] = {}
    unknown: set[Ensemble] = set()
    for connection in network.all_connections:
        post, value = whole(connection.post), _constant(connection, replaced)
        if not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct):
            continue
        if value is None:
            unknown.add(post)
            continue
        into = indices(connection.post) or range(post.dimensions)
        sums.setdefault(post, np.zeros(post.dimensions))[[*into]] += value
    for ensemble, total in sums.items():
        length = float(np.linalg.norm(total))
        if ensemble not in unknown and length > FAR * ensemble.radius:
            check.warn(
                f"{ensemble!r}: input must stay within its radius of {ensemble.radius:g} to be "
                f"represented, got constants of length {length:.3g}; pass radius={length:.3g} to "
                "net.ensemble, or a transform that makes it smaller."
            )


def _constant(connection: Connection, replaced: Mapping[Node, Node]) -> Any:
    """The value of a connection from a constant node, after its filter has settled; else None."""
    pre = whole(connection.pre)
    pre = replaced.get(pre, pre) if isinstance(pre, Node) else pre
    if not isinstance(pre, Node) or not isinstance(pre.output, np.ndarray):
        return None
    if connection.function is not None or not isinstance(connection.synapse, SETTLING):
        return None
    chosen = indices(connection.pre)
    value = pre.output if chosen is None else pre.output[[*chosen]]
    transform = connection.transform
    return transform @ value if np.ndim(transform) == 2 else transform * value
