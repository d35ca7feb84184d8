"""Delay lines, which represent a signal over a window of past time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.dynamics import legendre, legendre_readout
from nefsim.network import Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.networks.systems import MOST_TURN, SOLVER, System, system
from nefsim.neurons import LIF
from nefsim.solvers import Solver
from nefsim.synapses import Lowpass, as_synapse

#: Of LIF neurons with rates of 200 to 400 Hz [s], measured in delays of 1 s of signals to 1 Hz.
LAG = -0.001


@dataclass(frozen=True, eq=False, repr=False)
class Delay(Part):
    """A delay line: populations that represent the last ``theta`` seconds of a signal.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input, output : Node
        The signal u(t), and the delayed signal u(t - theta), (1,).
    state : Node
        Coefficients of the signal in Legendre polynomials over the window, (order,).
    theta : float [s]
        Length of the window.
    system : System
        The populations of the coefficients.
    """

    input: Node
    output: Node
    state: Node
    theta: float
    system: System

    def at(self, seconds: ArrayLike, label: str | None = None) -> Node:
        """Add a node with the signal delayed by other times within the window.

        Parameters
        ----------
        seconds : float or (k,) array_like [s]
            The delays, from 0 to theta.
        label : str or None
            Label of the node.

        Returns
        -------
        Node
            The delayed signals, (k,).

        Raises
        ------
        ValueError
            If a delay is outside the window.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> window = nef.networks.delay(net, 600, theta=0.2, order=6)
        >>> window.at([0.05, 0.1]).size_out
        2
        """
        who, do = "Delay.at", "pass seconds from 0 to theta"
        ago = check.array(who, "seconds", seconds, None, do, 0.0, self.theta)
        if ago.ndim > 1 or not ago.size:
            got = f"shape {ago.shape}"
            check.fail(who, "seconds", "be a number or a list of numbers", got, do)
        rows = legendre_readout(self.state.size_out, np.ravel(ago) / self.theta)
        node = self.network.node(size_in=len(rows), label=check.label(who, label))
        self.network.connect(self.state, node, transform=rows, synapse=None)
        return node


@explained
def delay(
    net: Network,
    n_neurons: int,
    theta: float,
    order: int = 6,
    synapse: Any = 0.1,
    radii: ArrayLike = 1.0,
    sample: ArrayLike | None = None,
    dt: float = 0.001,
    lag: float | None = None,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Delay:
    r"""Add a delay line for one signal.

    It represents the signal u over the last theta seconds by coefficients m of Legendre
    polynomials P,

    .. math:: u(t - r \theta) \approx \sum_{i=0}^{q-1} P_i(2r - 1)\, m_i(t), \qquad
              \dot m = A m + B u

    with a population for each coefficient; :func:`nefsim.dynamics.legendre` has A and B.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Total number of neurons.
    theta : float [s]
        Length of the window.
    order : int
        Number of coefficients q; frequencies up to about ``q / (4 theta)`` pass unchanged.
    synapse : Synapse or number [s]
        Synapse of the recurrent connection.
    radii : float or (order,) array_like
        Largest expected absolute value of each coefficient; 1 is right for signals from -1 to
        1 with frequencies up to the highest that pass.
    sample : (T,) or (T, 1) array_like or None
        An example of the signal, in steps of dt, from which to choose the radii.
    dt : float [s]
        Time step of the simulation.
    lag : float or None [s]
        Time by which decoded values lag behind the state, to be compensated; see
        :func:`system`.  None means -0.001 for spiking LIF neurons with a lowpass and slow
        states, and 0 otherwise.
    solver : Solver
        Solver for the decoders of the recurrent connection.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Delay
        With ``input``, ``output``, ``state`` and :meth:`~Delay.at`.

    Raises
    ------
    ValueError, TypeError
        If theta is not above 0, or an argument of :func:`system` is out of range.

    See Also
    --------
    system, nefsim.dynamics.legendre

    References
    ----------
    A. R. Voelker and C. Eliasmith, Improving spiking dynamical networks: accurate delays,
    higher-order synapses, and time cells, Neural Computation 30, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> window = nef.networks.delay(net, 1200, theta=0.5)
    >>> c = net.connect(net.node(lambda t: np.sin(4 * t)), window.input, synapse=None)
    >>> y = net.probe(window.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(3.0)
    >>> error = sim.data[y][1000:, 0] - np.sin(4 * (sim.time[1000:] - 0.5))
    >>> bool(np.sqrt(np.mean(error**2)) < 0.15)
    True
    """
    who = "delay"
    q = count(who, "order", order)
    seconds = check.seconds(who, "theta", theta)
    A, B = legendre(q, seconds)
    if sample is not None:
        sample = check.array(who, "sample", sample, do="pass a number for each step")
        sample = sample.reshape(-1, 1) if sample.ndim == 1 else sample
    if lag is None:
        neurons = options.get("neuron_type", LIF())
        leads = type(neurons) is LIF and isinstance(as_synapse(who, synapse), Lowpass)
        slow = abs(LAG) * np.abs(np.linalg.eigvals(A)).max() <= MOST_TURN
        lag = LAG if leads and slow else 0.0
    with part(who, net, label, seed, "delay", saturates=True) as inner:
        made = system(
            inner,
            n_neurons,
            A,
            B,
            synapse,
            radii,
            sample=sample,
            dt=dt,
            lag=lag,
            solver=solver,
            **options,
        )
        output = inner.node(size_in=1, label="output")
        inner.connect(made.output, output, transform=legendre_readout(q, [1.0]), synapse=None)
    return Delay(inner, made.input, output, made.output, seconds, made)
