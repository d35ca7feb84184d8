"""Linear systems in populations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.dynamics import Realisation, realise
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.solvers import LstsqL2, Solver

Array = NDArray[np.float64]

#: Of loops through slow synapses, which let less noise pass than those between populations.
SOLVER = LstsqL2(reg=0.02)


@dataclass(frozen=True, eq=False, repr=False)
class System(Part):
    """A linear system in one population, or in one for each state.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        The input u, (m,), and the state x, (q,), in their units.
    ensembles : tuple of Ensemble
        The population, or one for each state, which represent x / radii.
    radii : (q,) ndarray
        How large each state is expected to be.
    realisation : Realisation
        The connections: transforms and synapses.
    """

    input: Node
    output: Node
    ensembles: tuple[Ensemble, ...]
    radii: Array
    realisation: Realisation

    @property
    def ensemble(self) -> Ensemble:
        """The population, where there is only one."""
        if len(self.ensembles) > 1:
            do = "see ensembles"
            check.fail("System.ensemble", "system", "have one population", "several", do)
        return self.ensembles[0]


@explained
def system(
    net: Network,
    n_neurons: int,
    A: ArrayLike,
    B: ArrayLike,
    synapse: Any = 0.1,
    radii: ArrayLike = 1.0,
    array: bool = True,
    sample: ArrayLike | None = None,
    dt: float = 0.001,
    method: str = "exact",
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> System:
    r"""Add a linear system, :math:`\dot x = A x + B u`, by principle 3 of the framework.

    The states are divided by ``radii`` and fed back by the transform that
    :func:`nefsim.dynamics.realise` finds for the synapse, so that without neurons
    (``neuron_type=nefsim.Direct()``) the states are those of the system up to rounding.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons in all.
    A : (q, q) array_like [1/s]
        The system.
    B : (q, m) or (q,) array_like
        How the input enters.
    synapse : Synapse or number [s]
        The synapse of the loop; a slow one averages over more spikes.
    radii : float or (q,) array_like
        The largest value that each state is expected to have.
    array : bool
        Whether each state has a population, or one has all.
    sample : (T, m) array_like or None
        An input like those to come, in steps of dt: the system is stepped through it, the radii
        are 1.3 times the largest states, and one population of all states has its evaluation
        points among them.
    dt : float [s]
        The step of the simulator.
    method : "exact" or "continuous"
        Whether transforms are those for the step, or for a very short one.
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
    System
        With ``input``, ``output`` and ``ensembles``.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, a radius is not above 0, there is less than a neuron for each
        population, or the synapse cannot carry the system.

    See Also
    --------
    integrator, delay, attractor, nefsim.dynamics.realise

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering, MIT Press, 2003, chapter 8;
    A. R. Voelker and C. Eliasmith, Improving spiking dynamical networks, Neural Computation
    30, 2018.

    Examples
    --------
    A leaky integrator, which rises to 1 within a second:

    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> leaky = nef.networks.system(net, 200, A=[[-5.0]], B=[[5.0]])
    >>> c = net.connect(net.node(1.0), leaky.input, synapse=None)
    >>> y = net.probe(leaky.output, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(1.0)
    >>> bool(abs(sim.data[y][-1, 0] - 1) < 0.1)
    True
    """
    who = "system"
    real = realise(A, B, synapse, dt, method=method)  # type: ignore[arg-type]
    q = len(real.A)
    several = check.flag(who, "array", array) and q > 1
    if sample is None:
        size = radii_of(who, radii, q)
    else:
        states = _visited(who, real, sample)
        size = radii_of(who, 1.3 * np.abs(states).max(axis=0) + 1e-6, q)
        if not several:
            points = states[:: -(-len(states) // 2500)] / size
            radius = max(1.0, np.linalg.norm(points, axis=1).max())
            options = {"radius": radius, "eval_points": points / radius} | options
    n = count(who, "n_neurons", n_neurons, q if several else 1)
    with part(who, net, label, seed, "system") as inner:
        source, sink = (
            inner.node(size_in=k, label=name)
            for k, name in ((real.B.shape[1], "input"), (q, "output"))
        )
        into, state, ensembles = populations(inner, n, q, several, solver, **options)
        again = real.recurrent * size / size[:, None]
        inner.connect(state, into, transform=again, synapse=real.synapse)
        for matrix, filtered in real.inputs:
            inner.connect(source, into, transform=matrix / size[:, None], synapse=filtered)
        inner.connect(state, sink, transform=size, synapse=None)
    return System(inner, source, sink, ensembles, size, real)


def _visited(who: str, real: Realisation, sample: ArrayLike) -> Array:
    """The states of a system on the way through a sample of its input, (T, q)."""
    do = "pass a row for each step"
    inputs = check.array(who, "sample", sample, (None, real.B.shape[1]), do)
    if not len(inputs):
        check.fail(who, "sample", "have a step", "none", do)
    states = np.empty((len(inputs), len(real.A)))
    x = np.zeros(len(real.A))
    for i, u in enumerate(inputs):
        states[i] = x = real.A @ x + real.B @ u
    return check.array(who, "sample", states, None, "pass a sample that keeps it within bounds")


def populations(
    net: Network, n_neurons: int, dimensions: int, several: bool, solver: Solver, **options: Any
) -> tuple[Node, Node, tuple[Ensemble, ...]]:
    """One population or one for each dimension, between a node before and a node after them."""
    into, out = (net.node(size_in=dimensions, label=name) for name in ("into", "state"))
    n, d = (dimensions, 1) if several else (1, dimensions)
    ensembles = tuple(net.ensemble(n_neurons // n, d, **options) for _ in range(n))
    for i, ensemble in enumerate(ensembles):
        here = slice(i * d, (i + 1) * d)
        net.connect(into[here], ensemble, synapse=None)
        net.connect(ensemble, out[here], synapse=None, solver=solver)
    return into, out, ensembles


def radii_of(who: str, radii: ArrayLike, dimensions: int) -> Array:
    """A number above 0 for each dimension."""
    do = "pass the largest value of each state"
    size = check.array(who, "radii", radii, do=do)
    size = np.full(dimensions, float(size)) if size.ndim == 0 else size
    size = check.array(who, "radii", size, (dimensions,), do)
    if (size <= 0).any():
        check.fail(who, "radii", "be above 0", f"{size.min():g}", do)
    size.setflags(write=False)
    return size
