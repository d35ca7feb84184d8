"""Integrators, without a leak and with a leak that an input controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._functions import product
from nefsim.networks._part import Part, count, part
from nefsim.networks.systems import SOLVER, System, system
from nefsim.sampling import Uniform
from nefsim.solvers import Solver


@explained
def integrator(
    net: Network,
    n_neurons: int,
    dimensions: int = 1,
    tau: float = 0.1,
    radius: float = 1.0,
    array: bool = False,
    dt: float = 0.001,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> System:
    r"""Add an integrator, :math:`\dot x = u`, which holds its value without input.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Total number of neurons.
    dimensions : int
        Number of dimensions of x.
    tau : float [s]
        Time constant of the recurrent synapse; a larger one reduces drift.
    radius : float
        Largest expected absolute value of x.
    array : bool
        Whether to use a population for each dimension, instead of one for all.
    dt : float [s]
        Time step of the simulation.
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
        If an argument of :func:`system` is out of range or of a wrong type.

    See Also
    --------
    controlled_integrator, system

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> memory = nef.networks.integrator(net, 500)
    >>> c = net.connect(net.node(lambda t: 2.5 * (t < 0.2)), memory.input, synapse=None)
    >>> y = net.probe(memory.output, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(1.0)
    >>> bool(abs(sim.data[y][-1, 0] - 0.5) < 0.05)
    True
    """
    who = "integrator"
    d = count(who, "dimensions", dimensions)
    radius = check.positive(who, "radius", radius)
    options |= {"array": array, "dt": dt, "solver": solver, "seed": seed}
    options["label"] = "integrator" if label is None else label
    return system(net, n_neurons, np.zeros((d, d)), np.eye(d), tau, radius, **options)


@dataclass(frozen=True, eq=False, repr=False)
class ControlledIntegrator(Part):
    """An integrator whose leak is controlled by an input.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input, output : Node
        The input u and the state x, (dimensions,).
    control : Node
        The control c, (1,): x is held at 1 and decays with the time constant tau at 0.
    ensembles : tuple of Ensemble
        A population for each dimension, which represents x / radius and the control.
    """

    input: Node
    output: Node
    control: Node
    ensembles: tuple[Ensemble, ...]


@explained
def controlled_integrator(
    net: Network,
    n_neurons: int,
    dimensions: int = 1,
    tau: float = 0.1,
    radius: float = 1.0,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> ControlledIntegrator:
    r"""Add an integrator with a controlled leak, :math:`\dot x = u + (c - 1)\,x / \tau`.

    A population for each dimension represents x and the control c; its recurrent connection
    decodes their product.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Total number of neurons.
    dimensions : int
        Number of dimensions of x.
    tau : float [s]
        Time constant of the recurrent synapse, and of the decay of x while c is 0.
    radius : float
        Largest expected absolute value of x.
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
    ControlledIntegrator
        With ``input``, ``control`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If there are fewer neurons than dimensions, or an argument is out of range.

    See Also
    --------
    integrator

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering, MIT Press, 2003, chapter 8.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> memory = nef.networks.controlled_integrator(net, 300)
    >>> c1 = net.connect(net.node(lambda t: 2.5 * (t < 0.2)), memory.input, synapse=None)
    >>> c2 = net.connect(net.node(lambda t: t < 0.5), memory.control, synapse=None)
    >>> y = net.probe(memory.output, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(1.2)
    >>> (abs(sim.data[y][[450, -1], 0] - [0.5, 0.0]) < 0.1).tolist()
    [True, True]
    """
    who = "controlled_integrator"
    d = count(who, "dimensions", dimensions)
    n = count(who, "n_neurons", n_neurons, d)
    tau = check.seconds(who, "tau", tau)
    radius = check.positive(who, "radius", radius)
    # Points in the square of x and c, whose corners are on the sphere.
    options = {"radius": np.sqrt(2), "eval_points": Uniform(-np.sqrt(0.5), np.sqrt(0.5))} | options
    with part(who, net, label, seed, "controlled integrator") as inner:
        source, sink = (inner.node(size_in=d, label=name) for name in ("input", "output"))
        control = inner.node(size_in=1, label="control")
        ensembles = tuple(inner.ensemble(n // d, 2, **options) for _ in range(d))
        for i, ensemble in enumerate(ensembles):
            inner.connect(source[i], ensemble[0], transform=tau / radius, synapse=tau)
            inner.connect(control, ensemble[1])
            inner.connect(ensemble, ensemble[0], product, synapse=tau, solver=solver)
            inner.connect(ensemble[0], sink[i], transform=radius, synapse=None, solver=solver)
    return ControlledIntegrator(inner, source, sink, control, ensembles)
