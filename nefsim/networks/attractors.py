"""Nonlinear systems in a population."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.dynamics import realise_function
from nefsim.network import Ensemble, Network, Node
from nefsim.network.functions import result_size
from nefsim.networks._functions import Controlled, Scaled
from nefsim.networks._part import Part, count, part
from nefsim.networks.systems import SOLVER, radii_of
from nefsim.solvers import Solver
from nefsim.synapses import Lowpass

Array = NDArray[np.float64]
Slope = Callable[..., Any]


@dataclass(frozen=True, eq=False, repr=False)
class Attractor(Part):
    """A nonlinear system in a population.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        u, which is added to the slope, and the state x, (dimensions,), in their units.
    control : Node or None
        Of a controlled system, its control, (1,).
    ensemble : Ensemble
        The population, which represents (x - centre) / radii, and the control.
    """

    input: Node
    output: Node
    control: Node | None
    ensemble: Ensemble


@explained
def attractor(
    net: Network,
    n_neurons: int,
    dimensions: int,
    function: Slope,
    tau: float = 0.1,
    radii: ArrayLike = 1.0,
    centre: ArrayLike = 0.0,
    dt: float = 0.001,
    method: str = "rk4",
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Attractor:
    r"""Add a nonlinear system, :math:`\dot x = f(x) + u`, in one population.

    The loop through a lowpass decodes the function that
    :func:`nefsim.dynamics.realise_function` makes of f.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Number of neurons.
    dimensions : int
        Dimensions of x.
    function : callable
        ``f(x)`` of a (dimensions,) array, which returns as many numbers [1/s].
    tau : float [s]
        Time constant of the loop.
    radii : float or (dimensions,) array_like
        How far each dimension goes from the centre; the population represents
        (x - centre) / radii, in the unit ball.
    centre : float or (dimensions,) array_like
        The middle of the states.
    dt : float [s]
        The step of the simulator.
    method : "rk4", "euler" or "continuous"
        How a step of the system is taken.
    solver : Solver
        How the decoders of the loop are found.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, such as ``eval_points`` on the attractor.

    Returns
    -------
    Attractor
        With ``input``, ``output`` and ``ensemble``.

    Raises
    ------
    ValueError, TypeError
        If the function does not return as many numbers as it gets, or a number or option does
        not fit.

    See Also
    --------
    oscillator, lorenz, system, nefsim.dynamics.realise_function

    References
    ----------
    C. Eliasmith, A unified approach to building and controlling spiking attractor networks,
    Neural Computation 17, 2005.

    Examples
    --------
    Two stable points, at -1 and 1:

    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> memory = nef.networks.attractor(net, 300, 1, lambda x: 5 * (x - x**3), radii=1.5)
    >>> c = net.connect(net.node(lambda t: -10.0 * (t < 0.1)), memory.input, synapse=None)
    >>> y = net.probe(memory.output, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(1.5)
    >>> bool(abs(sim.data[y][-1, 0] + 1) < 0.1)
    True
    """
    who = "attractor"
    d = count(who, "dimensions", dimensions)
    slope = check.function(who, "function", function)
    size = result_size(who, "function", slope, np.zeros(d))
    if size != d:
        check.fail(who, "function", f"return {d} numbers", f"{size}", "return a slope for each")
    given = {"tau": tau, "radii": radii, "centre": centre, "dt": dt, "method": method}
    with part(who, net, label, seed, "attractor") as inner:
        return loop(who, inner, n_neurons, d, slope, solver, given, options)


def loop(
    who: str,
    net: Network,
    n_neurons: int,
    d: int,
    slope: Slope,
    solver: Solver,
    given: dict[str, Any],
    options: dict[str, Any],
    control: float | None = None,
) -> Attractor:
    """The loop; with a control, ``slope(x, c)``, where c is at most ``control``."""
    radii, dt = radii_of(who, given["radii"], d), check.seconds(who, "dt", given["dt"])
    do = "pass a number for each dimension"
    centre = check.array(who, "centre", given["centre"], do=do)
    centre = np.full(d, float(centre)) if centre.ndim == 0 else centre
    centre = check.array(who, "centre", centre, (d,), do)
    synapse = Lowpass(check.seconds(who, "tau", given["tau"]))
    method = check.one_of(who, "method", given["method"], ("rk4", "euler", "continuous"))

    scaled = Scaled(slope, centre, radii)
    step = realise_function(scaled, synapse, dt, method=method)  # type: ignore[arg-type]
    source, sink = (net.node(size_in=d, label=name) for name in ("input", "output"))
    turn = None
    if control is None:
        ensemble = net.ensemble(n_neurons, d, **options)
        again: Any = step
    else:
        ensemble = net.ensemble(n_neurons, d + 1, **options)
        turn = net.node(size_in=1, label="control")
        net.connect(turn, ensemble[d], transform=1 / control)
        again = Controlled(step, control)

    state = ensemble[:d]
    net.connect(ensemble, state, function=again, synapse=synapse, solver=solver)
    gain = dt / synapse.coefficients(dt)[0][0]
    net.connect(source, state, transform=gain / radii, synapse=synapse)
    net.connect(state, sink, transform=radii, synapse=None, solver=solver)
    if centre.any():
        net.connect(net.node(centre, label="centre"), sink, synapse=None)
    return Attractor(net, source, sink, turn, ensemble)
