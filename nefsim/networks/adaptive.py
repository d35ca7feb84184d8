"""Adaptive control: a population learns a correction of a controller's commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.learning import PES
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.networks._functions import Zeros
from nefsim.networks._part import Part, count, part
from nefsim.networks.systems import radii_of


@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveControl(Part):
    """A population that learns a term to add to the commands of a controller.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    state : Node
        Variables on which the term depends, such as angles and velocities, (dimensions,).
    control : Node
        The commands of the controller, (size_out,), from which the term is learned.
    output : Node
        The learned term, (size_out,); connect it to the plant.
    ensemble : Ensemble
        The population, which represents state / radii.
    learned : Connection
        The connection that learns.  Connect 0 to ``learned.learning_rule.gate`` to stop it.
    """

    state: Node
    control: Node
    output: Node
    ensemble: Ensemble
    learned: Connection


@explained
def adaptive_control(
    net: Network,
    n_neurons: int,
    dimensions: int,
    size_out: int = 1,
    learning_rate: float = 1e-4,
    radii: ArrayLike = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> AdaptiveControl:
    r"""Add a population that learns to compensate for forces unknown to a controller.

    .. math:: u_{plant} = u + D^T a(x), \qquad \dot D = \kappa \, a(x) \, u^T

    The decoders D start at 0 and are learned by PES, with the command u of a controller of
    position and velocity as the error.  The learned term grows until u is 0 on average.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons.
    dimensions : int
        Dimensions of the state x.
    size_out : int
        Number of commands.
    learning_rate : float
        Learning rate kappa of :class:`nefsim.PES`.
    radii : float or (dimensions,) array_like
        Largest expected absolute value of each state variable.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    AdaptiveControl
        With ``state``, ``control`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    nefsim.PES

    References
    ----------
    T. DeWolf, T. C. Stewart, J.-J. Slotine and C. Eliasmith, A spiking neural model of adaptive
    arm control, Proceedings of the Royal Society B 283, 2016.

    Examples
    --------
    A constant force pulls a mass away from 0.  Without the learned term a controller would
    hold it at -0.2:

    >>> import nefsim as nef
    >>> def moved(t, u, x=[0.0, 0.0]):
    ...     x[1] += 0.001 * (u[0] - 4.0 - x[1])
    ...     x[0] += 0.001 * x[1]
    ...     return list(x)
    >>> net = nef.Network(seed=1)
    >>> plant, command = net.node(moved, size_in=1), net.node(size_in=1)
    >>> c1 = net.connect(plant, command, transform=[[-20.0, -10.0]])
    >>> adaptive = nef.networks.adaptive_control(net, 200, dimensions=1, learning_rate=1e-3)
    >>> c2 = net.connect(plant[0], adaptive.state)
    >>> c3 = net.connect(command, adaptive.control)
    >>> c4 = net.connect(command, plant), net.connect(adaptive.output, plant)
    >>> y = net.probe(plant)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(4.0)
    >>> bool(abs(sim.data[y][-1, 0]) < 0.02)
    True
    """
    who = "adaptive_control"
    d, k = count(who, "dimensions", dimensions), count(who, "size_out", size_out)
    size = radii_of(who, radii, d)
    with part(who, net, label, seed, "adaptive control") as inner:
        state, control, output = (
            inner.node(size_in=m, label=name)
            for m, name in ((d, "state"), (k, "control"), (k, "output"))
        )
        ensemble = inner.ensemble(n_neurons, d, **options)
        inner.connect(state, ensemble, transform=1 / size, synapse=None)
        learned = inner.connect(
            ensemble,
            output,
            function=Zeros(k),
            learning_rule=PES(check.positive(who, "learning_rate", learning_rate)),
        )
        inner.connect(control, learned.learning_rule, transform=-1, synapse=None)
    return AdaptiveControl(inner, state, control, output, ensemble, learned)
