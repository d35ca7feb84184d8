"""Linear dynamical systems in one or more populations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.dynamics import Realisation, realise
from nefsim.dynamics.realise import checked_system
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.solvers import LstsqL2, Solver
from nefsim.synapses import Lowpass

Array = NDArray[np.float64]

#: Of loops through slow synapses, which let less noise pass than those between populations.
SOLVER = LstsqL2(reg=0.02)

#: Longest lag as a share of the time constant of the fastest state: the second order is left out.
MOST_TURN = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class System(Part):
    """Populations that compute a linear dynamical system.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input, output : Node
        The input u, (m,), and the state x, (q,).
    ensembles : tuple of Ensemble
        One population of x / radii, or one for each of its elements.
    radii : (q,) ndarray
        Largest expected absolute value of each state variable.
    realisation : Realisation
        Transforms and synapses of the connections.
    """

    input: Node
    output: Node
    ensembles: tuple[Ensemble, ...]
    radii: Array
    realisation: Realisation

    @property
    def ensemble(self) -> Ensemble:
        """The population, if there is only one."""
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
    lag: float = 0.0,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> System:
    r"""Add populations that compute a linear system, :math:`\dot x = A x + B u`, by principle 3.

    Populations represent x / radii, with recurrent connections whose transforms follow from
    :func:`nefsim.dynamics.realise`.  Without neurons (``neuron_type=nefsim.Direct()``) the
    state is that of the system up to rounding.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Total number of neurons.
    A : (q, q) array_like [1/s]
        State matrix.
    B : (q, m) or (q,) array_like
        Input matrix.
    synapse : Synapse or number [s]
        Synapse of the recurrent connections; a slow one averages over more spikes.
    radii : float or (q,) array_like
        Largest expected absolute value of each state variable.
    array : bool
        Whether to use a population for each state variable, instead of one for all.
    sample : (T, m) array_like or None
        An example of the input, in steps of dt.  The system is computed for it; the radii are
        then 1.3 times the largest states, and a single population uses some of the states as
        evaluation points.
    dt : float [s]
        Time step of the simulation.
    method : "exact" or "continuous"
        Whether transforms are exact for the time step, or those of continuous time.
    lag : float [s]
        Time by which decoded values lag behind the state; transforms compensate for it.  It is
        negative for spiking LIF neurons, whose decoded values lead.  For lowpasses only.
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
    System
        With ``input``, ``output`` and ``ensembles``.

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, a radius is not above 0, there are fewer neurons than
        populations, or the synapse cannot realise the system.

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
    seconds = check.real(who, "lag", lag, "pass seconds near 0", -0.1, 0.1)
    if seconds:
        real = _with_lag(who, real, *checked_system(who, A, B), seconds)
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


def _with_lag(who: str, real: Realisation, A: Array, B: Array, lag: float) -> Realisation:
    r"""Change the transforms of a realisation such that they compensate for a lag.

    Decoded values are x(t - lag), to the first order :math:`x - \mathrm{lag}\, \dot x`.  From
    :math:`\tau \dot x + x = A' (x - \mathrm{lag}\, \dot x) + B' u` and
    :math:`\dot x = A x + B u`, the recurrent transform A' becomes
    :math:`A' (1 - \mathrm{lag}\, A)^{-1}`, and B' becomes :math:`B' + \mathrm{lag}\, A' B`.
    """
    if not isinstance(real.synapse, Lowpass):
        got = f"{lag:g} s with {real.synapse!r}"
        check.fail(who, "lag", "be 0 where the synapse is no lowpass", got, "leave it out")
    fastest = np.abs(np.linalg.eigvals(A)).max()
    if abs(lag) * fastest > MOST_TURN:
        must = f"be at most {MOST_TURN:g} of the time constant of the fastest state"
        do = f"pass at most {MOST_TURN / fastest:.2g} s"
        check.fail(who, "lag", must, f"{lag:g} s", do)
    solved = np.linalg.solve((np.eye(len(A)) - lag * A).T, real.recurrent.T).T
    recurrent = np.asarray(solved, dtype=np.float64)
    inputs = [(matrix + lag * recurrent @ B, synapse) for matrix, synapse in real.inputs]
    return replace(real, recurrent=recurrent, inputs=inputs)


def _visited(who: str, real: Realisation, sample: ArrayLike) -> Array:
    """The states (T, q) of a system for a sample of its input."""
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
    """Add an input node, one population (or one for each dimension), and an output node."""
    into, out = (net.node(size_in=dimensions, label=name) for name in ("into", "state"))
    n, d = (dimensions, 1) if several else (1, dimensions)
    ensembles = tuple(net.ensemble(n_neurons // n, d, **options) for _ in range(n))
    for i, ensemble in enumerate(ensembles):
        here = slice(i * d, (i + 1) * d)
        net.connect(into[here], ensemble, synapse=None)
        net.connect(ensemble, out[here], synapse=None, solver=solver)
    return into, out, ensembles


def radii_of(who: str, radii: ArrayLike, dimensions: int) -> Array:
    """Check the radii: one number above 0, or one for each dimension."""
    do = "pass the largest value of each state"
    size = check.array(who, "radii", radii, do=do)
    size = np.full(dimensions, float(size)) if size.ndim == 0 else size
    size = check.array(who, "radii", size, (dimensions,), do)
    if (size <= 0).any():
        check.fail(who, "radii", "be above 0", f"{size.min():g}", do)
    size.setflags(write=False)
    return size
