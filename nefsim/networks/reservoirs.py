"""Reservoirs: randomly connected neurons, from which a readout is trained."""

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
    """A reservoir of randomly connected neurons.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The input u, (dimensions,).
    ensemble : Ensemble
        The population of all neurons.
    weights : (n_neurons, n_neurons) ndarray
        Recurrent weights W, from the neuron of a column to the neuron of a row.
    """

    input: Node
    ensemble: Ensemble
    weights: NDArray[np.float64]

    @property
    def neurons(self) -> Neurons:
        """The neurons; probe their filtered spikes to train a readout."""
        return self.ensemble.neurons

    def add_output(
        self, decoders: ArrayLike, synapse: Any = None, label: str | None = None
    ) -> Node:
        """Add a node with a trained readout.

        Parameters
        ----------
        decoders : (n_neurons, k) array_like [1/Hz]
            Decoders of the readout, such as the result of :func:`nefsim.solve_decoders` for
            filtered spikes and targets.
        synapse : Synapse, number [s] or None
            Synapse of the connection to the node.
        label : str or None
            Label of the node.

        Returns
        -------
        Node
            The readout, (k,).

        Raises
        ------
        ValueError
            If there is not a row of decoders for each neuron.
        TypeError
            If ``synapse`` is not a synapse, number or None.

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
    r"""Add a reservoir of spiking neurons with sparse random weights (a liquid state machine).

    .. math:: J = \alpha \, (E u + W \, (h * a) / r) + J^{bias}

    Spikes a are filtered by the synapse h and divided by the rate r.  Nonzero weights W are
    drawn from a normal distribution and scaled to a spectral radius.  Train a readout as in
    the example.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons.
    dimensions : int
        Number of dimensions of the input.
    spectral_radius : float
        Largest absolute eigenvalue of W; a larger one extends the memory for past inputs.
    density : float
        Share of nonzero weights, above 0 and at most 1.
    rate : float [Hz]
        Firing rate r that corresponds to an activity of 1.
    synapse : Synapse or number [s]
        Synapse h of the recurrent connections.
    seed : int
        Seed of the weights, and of the subnetwork.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    Reservoir
        With ``input``, ``neurons`` and :meth:`~Reservoir.add_output`.

    Raises
    ------
    ValueError, TypeError
        If all eigenvalues of W are 0 because of a low density, or an argument is out of range.

    References
    ----------
    W. Maass, T. Natschläger and H. Markram, Real-time computing without stable states, Neural
    Computation 14, 2002.

    Examples
    --------
    A readout of the input 0.05 s ago:

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
