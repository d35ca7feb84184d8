"""A decision between two alternatives by drift and diffusion."""

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
    """A decision: noisy evidence that drifts to an upper or a lower bound.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The drift a, (1,).
    output : Node
        The decision, (2,): 1 for the bound that was passed, the upper or the lower, else 0.
    evidence : Node
        The evidence x, (1,).
    integrator : System
        The population that integrates the evidence.
    bounds : EnsembleArray
        Populations that detect evidence near the bounds.
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
    r"""Add a decision between two alternatives by drift and diffusion.

    .. math:: dx = a\,dt + c\,dW \quad\text{until}\quad |x| = z

    The bound that the evidence x passes first is the decision, which then remains.  From x = 0
    the share of wrong decisions and the mean time to a decision are, by the equation,

    .. math:: \frac{1}{1 + e^{2 a z / c^2}}, \qquad \frac{z}{a} \tanh\frac{a z}{c^2}

    Populations of neurons come near these values (see benchmarks/networks.py).

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons that integrate evidence; each bound has two fifths as many in addition.
    noise : float [1/sqrt(s)]
        Strength c of the noise: the standard deviation of x after a second without drift.
    bound : float
        Value z at which the evidence is a decision.
    tau : float [s]
        Time constant of the recurrent synapse.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
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
        If there are fewer than 3 neurons, or an argument is out of range or of a wrong type.

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
        bounds = ensemble_array(inner, 2 * n // 5, 2, label="bounds", **near | options)
        passed = bounds.add_output("passed", _step_at_1)
        inner.connect(x.output, bounds.input, transform=np.array([[1.0], [-1.0]]) / z)
        inner.connect(passed, x.input, transform=np.array([[3.0, -3.0]]) * z / tau)
    return Decision(inner, x.input, passed, x.output, x, bounds)


def _step_at_1(x: Any) -> Any:
    """A smooth step at 1, about as steep as neurons can decode."""
    return 1 / (1 + np.exp(-20.0 * (x - 1.0)))
