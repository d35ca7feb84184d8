"""Gates: populations that silence a state unless a signal opens them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.network import Network, Node
from nefsim.networks import EnsembleArray, thresholding
from nefsim.spa.states import State

#: Current by which a closed gate silences the neurons of a state.
SILENCE = -10.0

#: One minus the signal above which a gate closes.
CLOSED = 0.3


def gates(
    net: Network, n_neurons: int, signal: Node, choice: NDArray[np.float64], **options: Any
) -> EnsembleArray:
    """Add populations of ``1 - choice @ signal``, a gate for each row."""
    n = len(choice)
    closed = thresholding(net, n_neurons, n, CLOSED, label="gates", **options)
    one = net.node(1.0, label="bias")
    net.connect(one, closed.input, transform=np.ones((n, 1)), synapse=None)
    net.connect(signal, closed.input, transform=-choice)
    return closed


def silence(net: Network, closed: EnsembleArray, place: int, target: State) -> None:
    """Connect a gate to all neurons of a state, which are silent while it is closed."""
    inhibition = net.node(size_in=1, label="inhibition")  # filtered once for all populations
    net.connect(closed.output[place], inhibition)
    for ensemble in target.populations:
        weights = np.full((ensemble.n_neurons, 1), SILENCE)
        net.connect(inhibition, ensemble.neurons, transform=weights, synapse=None)
