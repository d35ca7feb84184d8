"""Reservoirs: neurons with random connections, from which a readout is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.network.objects import Neurons
from nefsim.networks._part import Part, count, part
from nefsim.synapses import as_synapse


@dataclass(frozen=True, eq=False, repr=False)
class Reservoir(Part):
    """Neurons with random connections.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input : Node
        u, (dimensions,).
    ensemble : Ensemble
        The population.
    weights : (n_neurons, n_neurons) ndarray
        From column to row.
    """

    input: Node
    ensemble: Ensemble
    weights: NDArray[np.float64]

    @property
    def neurons(self) -> Neurons:
        """The neurons, whose filtered spikes a readout is solved from."""
        return self.ensemble.neurons

    def add_output(
        self, decoders: ArrayLike, synapse: Any = None, label: str | None = None
    ) -> Node:
        """Add a readout.

        Parameters
        ----------
        decoders : (n_neurons, k) array_like [1/Hz]
            For instance of :func:`nefsim.solve_decoders`, from filtered spikes and targets.
        synapse : Synapse, number [s] or None
            The filter on the way to the node.
        label : str or None
            A name.

        Returns
        -------
        Node
            The readout, (k,).

        Raises
        ------
        ValueError
            If there is not a row for each neuron.
        TypeError
            If the synapse is none.

        Examples
        --------
        >>> import numpy as np
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> pool = nef.networks.reservoir(net, 100, 1, seed=2)
        >>> pool.add_output(np.zeros((100, 3))).size_out
        3
        """
        who, n = "Reservoir.add_output", self.ensemble.n_neurons
        matrix = check.array(who, "decoders", decoders, (n, None), "pass a row for each neuron")
        if not matrix.size:
            check.fail(who, "decoders", "have a column", "none", "pass one for each output")
        filtered = as_synapse(who, synapse)
        node = self.network.node(size_in=matrix.shape[1], label=check.label(who, label))
        self.network.connect(self.neurons, node, transform=matrix.T, synapse=filtered)
        return node


@explained
def reservoir(
    net: Network,
    n_neurons: int,
    dimensions: int,
    spectral_radius: float = 0.9,
    density: float = 0.1,
    rate: float = 300.0,
    synapse: Any = 0.05,
    seed: int = 0,
    label: str | None = None,
    **options: Any,
) -> Reservoir:
    r"""Add a liquid state machine: spiking neurons with sparse random weights.

    .. math:: J = \alpha \, (E u + W \, (h * a) / r) + J^{bias}

    with the spikes a, a rate r that stands for 1, and normal weights W of which a share is
    other than 0, scaled to a spectral radius.  A readout is trained as in the example.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Number of neurons, N.
    dimensions : int
        Dimensions of the input.
    spectral_radius : float
        Largest size of an eigenvalue of W; it sets how long an input is remembered.
    density : float
        Share of weights other than 0, above 0 and at most 1.
    rate : float [Hz]
        r, the rate of a neuron that counts as 1.
    synapse : Synapse or number [s]
        The synapse of the recurrent connections.
    seed : int
        Seed of the weights, and of the subnetwork.
    label : str or None
        A name.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    Reservoir
        With ``input``, ``neurons`` and :meth:`~Reservoir.add_output`.

    Raises
    ------
    ValueError, TypeError
        If a number or option does not fit, or too few weights are left to have an eigenvalue.

    References
    ----------
    W. Maass, T. Natschläger and H. Markram, Real-time computing without stable states, Neural
    Computation 14, 2002.

    Examples
    --------
    A readout of the input of a twentieth of a second ago:

    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> pool = nef.networks.reservoir(net, 300, 1)
    >>> u = net.node(nef.WhiteSignal(4.0, high=3, rms=0.4, seed=5))
    >>> c = net.connect(u, pool.input, synapse=None)
    >>> signal, spikes = net.probe(u), net.probe(pool.neurons, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(4.0)
    >>> A, target = sim.data[spikes][500:], sim.data[signal][450:-50]
    >>> decoders = nef.solve_decoders(A[:2500], target[:2500], reg=0.01)
    >>> error = A[2500:] @ decoders - target[2500:]
    >>> bool(error.std() < 0.3 * target[2500:].std())
    True
    >>> pool.add_output(decoders, synapse=0.05).size_out
    1
    """
    who = "reservoir"
    n, d = count(who, "n_neurons", n_neurons), count(who, "dimensions", dimensions)
    size = check.real(who, "spectral_radius", spectral_radius, low=0.0)
    do = "pass a share, such as 0.1"
    share = check.real(who, "density", density, do, 0.0, 1.0, open_low=True)
    unit = check.positive(who, "rate", rate, "pass hertz")
    rng = np.random.default_rng(check.integer(who, "seed", seed, high=2**64 - 1))
    weights = rng.standard_normal((n, n)) * (rng.random((n, n)) < share)
    largest = np.abs(np.linalg.eigvals(weights)).max()
    if largest < 1e-9:
        got = f"{n} neurons and a density of {share:g}"
        check.fail(who, "n_neurons", "leave weights in a circle", got, "pass more of either")
    weights *= size / largest
    with part(who, net, label, seed, "reservoir") as inner:
        source = inner.node(size_in=d, label="input")
        ensemble = inner.ensemble(n, d, **options)
        inner.connect(source, ensemble, synapse=None)
        inner.connect(ensemble.neurons, ensemble.neurons, transform=weights / unit, synapse=synapse)
    return Reservoir(inner, source, ensemble, weights)
