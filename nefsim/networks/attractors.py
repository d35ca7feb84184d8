"""Nonlinear dynamical systems in one population."""

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
    """A population that computes a nonlinear dynamical system.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The input u, which is added to the derivative of the state, (dimensions,).
    output : Node
        The state x, (dimensions,).
    control : Node or None
        The control variable, (1,), for instance a frequency; None if there is none.
    ensemble : Ensemble
        The population, which represents (x - centre) / radii, and the control if there is one.
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
    r"""Add a population that computes a nonlinear system, :math:`\dot x = f(x) + u`.

    A recurrent connection through a lowpass decodes the function that
    :func:`nefsim.dynamics.realise_function` derives from f.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons.
    dimensions : int
        Dimensions of x.
    function : callable
        ``f(x)`` of an array (dimensions,), which returns as many numbers, in units of x per
        second.
    tau : float [s]
        Time constant of the recurrent synapse.
    radii : float or (dimensions,) array_like
        Largest expected distance of each dimension from the centre.
    centre : float or (dimensions,) array_like
        Point in the middle of the expected states.
    dt : float [s]
        Time step of the simulation.
    method : "rk4", "euler" or "continuous"
        Integration of a step: Runge-Kutta, Euler, or the equation in continuous time.
    solver : Solver
        Solver for the decoders of the recurrent connection.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
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
        If the function does not return as many numbers as it gets, or another argument is out
        of range.

    See Also
    --------
    oscillator, lorenz, system, nefsim.dynamics.realise_function

    References
    ----------
    C. Eliasmith, A unified approach to building and controlling spiking attractor networks,
    Neural Computation 17, 2005.

    Examples
    --------
    A system with two stable points, at -1 and 1:

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
        must = f"return {check.counted(d, 'number')}"
        check.fail(who, "function", must, f"{size}", "return a slope for each")
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
    """Add the population and its connections to ``net``.

    If ``control`` is not None, there is a control variable c, at most ``control`` in absolute
    value, and the derivative is ``slope(x, c)`` instead of ``slope(x)``.
    """
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
