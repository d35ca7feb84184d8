"""Path integration: a position is updated by a velocity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._functions import LimitCycle
from nefsim.networks._part import Part, count, part
from nefsim.networks.attractors import Attractor, loop
from nefsim.networks.systems import SOLVER
from nefsim.processes import Piecewise
from nefsim.spa.spaces import Space

Array = NDArray[np.float64]

#: Largest amplitude that an oscillator represents, in terms of that of its circle.
MARGIN = 1.2

#: Evaluation points of an oscillator, which are near its circle, and their spread around it.
POINTS, SPREAD = 2500, 0.15


@dataclass(frozen=True, eq=False, repr=False)
class PathIntegrator(Part):
    """A position that is updated by a velocity.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    space : Space
        The space of the position.
    velocity : Node
        The velocity, (domain_dimensions,) [1/s].
    correction : Node
        Input that is added to the derivative of the vector, (D,) [1/s]; such as five times the
        difference between the vector of a seen position and the output.
    output : Node
        The vector of the position, (D,).
    oscillators : tuple of Attractor
        A population for each frequency of the space.
    """

    space: Space
    velocity: Node
    correction: Node
    output: Node
    oscillators: tuple[Attractor, ...]


@explained
def path_integrator(
    net: Network,
    space: Space,
    n_neurons: int = 500,
    max_speed: float = 1.0,
    start: ArrayLike | None = None,
    tau: float = 0.1,
    growth: float = 5.0,
    dt: float = 0.001,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> PathIntegrator:
    r"""Add oscillators that integrate a velocity to a position, as a vector of a space.

    .. math:: \dot z_k = i \, \frac{k \cdot v}{\ell} \, z_k + g (1 - |z_k|^2) z_k, \qquad
              S = F^{-1} (1, z_1, z_2, \dots)

    The phase of the oscillator of a frequency k is :math:`k \cdot x / \ell`.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    space : Space
        The space.
    n_neurons : int
        Number of neurons of each oscillator; there is one for each frequency of the space.
    max_speed : float [1/s]
        Largest speed.
    start : (domain_dimensions,) array_like or None
        The position at the start; None is the origin.  An input sets it in the first ``tau``.
    tau : float [s]
        Time constant of the recurrent synapses.
    growth : float [1/s]
        Rate g, half of that at which errors of the amplitudes decay.
    dt : float [s]
        Time step of the simulation.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    PathIntegrator
        With ``velocity``, ``correction`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    nefsim.networks.controlled_oscillator

    References
    ----------
    N. S.-Y. Dumont, J. Orchard and C. Eliasmith, A model of path integration that connects
    neural and symbolic representation, CogSci 2022.

    Examples
    --------
    >>> import nefsim as nef
    >>> net, space = nef.Network(seed=1), nef.spa.HexagonalSSP(2, 3, 2, length_scale=0.4)
    >>> here = nef.spa.path_integrator(net, space, 300, start=[-0.5, 0.0])
    >>> c = net.connect(net.node([0.5, 0.2]), here.velocity, synapse=None)
    >>> y = net.probe(here.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(2.0)
    >>> bool(abs(space.decode(sim.data[y][-1]) - [0.5, 0.4]).max() < 0.1)
    True
    """
    who = "path_integrator"
    do = "pass such as HexagonalSSP(2)"
    check.instance(who, "space", space, Space, "a space", do)
    n = count(who, "n_neurons", n_neurons)
    speed = check.positive(who, "max_speed", max_speed)
    waves = space._waves()
    m, d = waves.shape[1], space.dimensions
    first = check.array(who, "start", np.zeros(m) if start is None else start, (m,))
    slow = check.seconds(who, "tau", tau)
    rate = check.positive(who, "growth", growth)
    given = {"tau": slow, "radii": MARGIN, "centre": 0.0, "dt": dt, "method": "rk4"}
    options = {"radius": np.sqrt(2), "eval_points": _points() / np.sqrt(2)} | options
    with part(who, net, label, seed, "path integrator") as inner:
        velocity = inner.node(size_in=m, label="velocity")
        correction, output = (inner.node(size_in=d, label=s) for s in ("correction", "output"))
        ways = _fourier(d)
        back = ways * np.array([2.0, 2.0]) / d
        begun = np.exp(1j * waves @ first)
        oscillators = []
        for i, wave in enumerate(waves):
            hertz = max(float(np.linalg.norm(wave)) * speed / (2 * np.pi), 1e-6)
            with part(who, inner, f"frequency {i}", None, "frequency") as group:
                slope = LimitCycle(rate, 1.0)
                made = loop(who, group, n, 2, slope, SOLVER, given, dict(options), hertz)
                push = np.array([begun[i].real, begun[i].imag])
                shift = Piecewise({0.0: push / slow, slow: [0.0, 0.0]})
                group.connect(group.node(shift, label="start"), made.input, synapse=None)
            turn = wave[None] / (2 * np.pi)
            assert made.control is not None
            inner.connect(velocity, made.control, transform=turn, synapse=None)
            inner.connect(correction, made.input, transform=ways[i].T, synapse=None)
            inner.connect(made.output, output, transform=back[i], synapse=None)
            oscillators.append(made)
        one = inner.node(np.full(d, 1 / d), label="constant")
        inner.connect(one, output, synapse=None)
    return PathIntegrator(inner, space, velocity, correction, output, tuple(oscillators))


def _fourier(d: int) -> Array:
    """For each frequency but 0, the matrix (d, 2) of a cosine and a negative sine."""
    k, n = np.arange(1, (d + 1) // 2), np.arange(d)
    angles = 2 * np.pi * k[:, None] * n / d
    return np.stack([np.cos(angles), -np.sin(angles)], axis=-1)


def _points() -> Array:
    """Points (n, 3): most near a circle of radius 1 / MARGIN, some within; heights -1 to 1."""
    rng = np.random.default_rng(0)
    radius = np.abs(rng.normal(1.0, SPREAD, POINTS))
    radius[::5] = np.sqrt(rng.uniform(size=len(radius[::5])))
    circle = radius / MARGIN * np.exp(2j * np.pi * rng.uniform(size=POINTS))
    return np.stack([circle.real, circle.imag, rng.uniform(-1, 1, POINTS)], axis=1)
