"""Delays: a window of the past, from which any moment of it is read."""

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
from nefsim.networks.systems import SOLVER, System, system
from nefsim.solvers import Solver


@dataclass(frozen=True, eq=False, repr=False)
class Delay(Part):
    """A window of the past of a signal.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        u(t), and u(t - theta), (1,).
    state : Node
        Coefficients of the window in Legendre polynomials, (order,).
    theta : float [s]
        Length of the window.
    system : System
        The populations.
    """

    input: Node
    output: Node
    state: Node
    theta: float
    system: System

    def at(self, seconds: ArrayLike, label: str | None = None) -> Node:
        """Add a node with the input of other moments of the window.

        Parameters
        ----------
        seconds : float or (k,) array_like [s]
            How long ago, from 0 to theta.
        label : str or None
            A name.

        Returns
        -------
        Node
            The input of those moments, (k,).

        Raises
        ------
        ValueError
            If a moment is outside the window.

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
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Delay:
    r"""Add a delay line, or rolling window, of one signal.

    The window of the last theta seconds is held as coefficients of Legendre polynomials,

    .. math:: u(t - r \theta) \approx \sum_{i=0}^{q-1} P_i(2r - 1)\, m_i(t), \qquad
              \dot m = A m + B u

    of :func:`nefsim.dynamics.legendre`, one population for each.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons in all.
    theta : float [s]
        Length of the window.
    order : int
        q, the number of coefficients; a delay of theta passes frequencies up to about
        ``q / (4 theta)`` unchanged.
    synapse : Synapse or number [s]
        The synapse of the loop.
    radii : float or (order,) array_like
        The largest value that each coefficient is expected to have; 1 is right for signals
        that stay within -1 and 1 and need all coefficients.
    sample : (T,) or (T, 1) array_like or None
        A signal like those to come, in steps of dt, from which radii are found.
    dt : float [s]
        The step of the simulator.
    solver : Solver
        How the decoders of the loop are found.
    label : str or None
        A name.
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
        As :func:`system`, or if theta is not above 0.

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
    with part(who, net, label, seed, "delay", saturates=True) as inner:
        made = system(
            inner, n_neurons, A, B, synapse, radii, sample=sample, dt=dt, solver=solver, **options
        )
        output = inner.node(size_in=1, label="output")
        inner.connect(made.output, output, transform=legendre_readout(q, [1.0]), synapse=None)
    return Delay(inner, made.input, output, made.output, seconds, made)
