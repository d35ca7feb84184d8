"""A decision between two: evidence with noise drifts to one of two bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.networks.integrators import integrator
from nefsim.networks.systems import System
from nefsim.processes import WhiteNoise
from nefsim.sampling import Choice, Gaussian, Uniform

#: How far the bounds reach into the population's ball.
ROOM = 1.5


@dataclass(frozen=True, eq=False, repr=False)
class Decision(Part):
    """Evidence that drifts to one of two bounds.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input : Node
        The drift, a, (1,).
    output : Node
        1 for the bound that was passed, upper and lower, (2,).
    evidence : Node
        x, (1,).
    integrator : System
        The population of the evidence.
    bounds : EnsembleArray
        Populations near the bounds.
    """

    input: Node
    output: Node
    evidence: Node
    integrator: System
    bounds: EnsembleArray


@explained
def decision(
    net: Network,
    n_neurons: int,
    noise: float = 1.0,
    bound: float = 1.0,
    tau: float = 0.1,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Decision:
    r"""Add a decision between two by drift and diffusion.

    .. math:: dx = a\,dt + c\,dW \quad\text{until}\quad |x| = z

    The bound that is passed first is the decision, which then keeps itself.  From x = 0 the
    share of errors and the mean time of the equation are

    .. math:: \frac{1}{1 + e^{2 a z / c^2}}, \qquad \frac{z}{a} \tanh\frac{a z}{c^2}

    and those of neurons come near them (see benchmarks/networks.py).

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons of the evidence; the bounds take two fifths of as many each.
    noise : float [1/sqrt(s)]
        c, the standard deviation of the evidence after a second of noise alone.
    bound : float
        z, where x is decided.
    tau : float [s]
        Time constant of the loop.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Decision
        With ``input``, ``output`` and ``evidence``.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than 3 neurons, or a number or option does not fit.

    References
    ----------
    R. Bogacz, E. Brown, J. Moehlis, P. Holmes and J. D. Cohen, The physics of optimal decision
    making, Psychological Review 113, 2006.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> choice = nef.networks.decision(net, 500, noise=0.3)
    >>> c = net.connect(net.node(2.0), choice.input, synapse=None)
    >>> y = net.probe(choice.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(1.0)
    >>> sim.data[y][-1].round().tolist()
    [1.0, 0.0]
    """
    who = "decision"
    n = count(who, "n_neurons", n_neurons, 3)
    c = check.real(who, "noise", noise, low=0.0)
    z = check.positive(who, "bound", bound)
    # Neurons from a fifth below the bound on see it coming.
    near: dict[str, Any] = {
        "radius": ROOM,
        "encoders": Choice([[1.0]]),
        "intercepts": Uniform(0.8 / ROOM, 1.1 / ROOM),
        "eval_points": Uniform(0.8 / ROOM, 1.0),
    }
    with part(who, net, label, seed, "decision", saturates=True) as inner:
        x = integrator(inner, n, tau=tau, radius=ROOM * z, **options)
        if c:
            source = inner.node(WhiteNoise(Gaussian(0.0, c)), label="noise")
            inner.connect(source, x.input, synapse=None)
        bounds = ensemble_array(inner, max(1, 2 * n // 5), 2, label="bounds", **near | options)
        passed = bounds.add_output("passed", _step_at_1)
        inner.connect(x.output, bounds.input, transform=np.array([[1.0], [-1.0]]) / z)
        inner.connect(passed, x.input, transform=np.array([[3.0, -3.0]]) * z / tau)
    return Decision(inner, x.input, passed, x.output, x, bounds)


def _step_at_1(x: Any) -> Any:
    """A step as sharp as neurons decode without delay."""
    return 1 / (1 + np.exp(-20.0 * (x - 1.0)))
