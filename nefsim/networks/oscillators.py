"""Oscillators, and the Lorenz attractor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network
from nefsim.networks._functions import LimitCycle, LorenzSlope
from nefsim.networks._part import part
from nefsim.networks.attractors import Attractor, loop
from nefsim.networks.systems import SOLVER
from nefsim.processes import Piecewise
from nefsim.sampling import Choice
from nefsim.solvers import Solver

Array = NDArray[np.float64]


@explained
def oscillator(
    net: Network,
    n_neurons: int,
    frequency: float,
    tau: float = 0.1,
    radius: float = 1.0,
    growth: float | None = None,
    dt: float = 0.001,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Attractor:
    r"""Add an oscillator with a stable amplitude, which starts by itself.

    .. math:: \dot x = \omega J x + g \, (1 - |x|^2/r^2) \, x, \qquad
              J = \begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix}, \quad \omega = 2 \pi f

    The state moves on a circle of radius r, and deviations from it decay at the rate 2 g.  (The
    amplitude of a linear oscillator would drift by the error of its decoders.)

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons.
    frequency : float [Hz]
        Frequency f; a negative one reverses the direction.
    tau : float [s]
        Time constant of the recurrent synapse.
    radius : float
        Radius r of the circle.
    growth : float [1/s] or None
        Rate g; None means omega / 2.
    dt : float [s]
        Time step of the simulation.
    solver : Solver
        Solver for the decoders of the recurrent connection.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    Attractor
        With ``input`` and ``output``, (2,).

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    controlled_oscillator, attractor

    References
    ----------
    C. Eliasmith, A unified approach to building and controlling spiking attractor networks,
    Neural Computation 17, 2005; the equation is the normal form of a Hopf bifurcation.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> clock = nef.networks.oscillator(net, 300, frequency=2.0)
    >>> y = net.probe(clock.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(2.0)
    >>> bool(abs(np.linalg.norm(sim.data[y][1000:], axis=1).mean() - 1) < 0.1)
    True
    """
    who = "oscillator"
    omega = 2 * np.pi * check.real(who, "frequency", frequency, "pass hertz", -1e4, 1e4)
    r = check.positive(who, "radius", radius)
    g = abs(omega) / 2 if growth is None else check.real(who, "growth", growth, low=0.0)
    given = {"tau": tau, "radii": 1.2 * r, "centre": 0.0, "dt": dt, "method": "rk4"}
    with part(who, net, label, seed, "oscillator") as inner:
        made = loop(who, inner, n_neurons, 2, LimitCycle(g, r, omega), solver, given, options)
        _start(made, r, given["tau"])
    return made


def _start(made: Attractor, radius: float, tau: Any) -> None:
    """Add an input for the first ``tau`` seconds, which moves the state half a radius from 0."""
    push = Piecewise({0.0: [0.5 * radius / tau, 0.0], tau: [0.0, 0.0]})
    made.network.connect(made.network.node(push, label="start"), made.input, synapse=None)


@explained
def controlled_oscillator(
    net: Network,
    n_neurons: int,
    max_frequency: float,
    tau: float = 0.1,
    radius: float = 1.0,
    growth: float | None = None,
    dt: float = 0.001,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Attractor:
    r"""Add an oscillator whose frequency is controlled by an input.

    .. math:: \dot x = 2 \pi c J x + g \, (1 - |x|^2/r^2) \, x

    The population represents x and c / max_frequency, where c [Hz] is the control.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons.
    max_frequency : float [Hz]
        Largest absolute value of the control.
    tau : float [s]
        Time constant of the recurrent synapse.
    radius : float
        Radius r of the circle.
    growth : float [1/s] or None
        Rate g, at which deviations from the circle decay; None means ``pi * max_frequency``.
    dt : float [s]
        Time step of the simulation.
    solver : Solver
        Solver for the decoders of the recurrent connection.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    Attractor
        With ``input`` and ``output``, (2,), and ``control`` [Hz], (1,).

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    oscillator

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering, MIT Press, 2003, chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> clock = nef.networks.controlled_oscillator(net, 800, max_frequency=4.0)
    >>> c = net.connect(net.node(2.0), clock.control, synapse=None)
    >>> y = net.probe(clock.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(2.0)
    >>> angle = np.unwrap(np.arctan2(*sim.data[y][1000:].T[::-1]))
    >>> bool(abs((angle[-1] - angle[0]) / (2 * np.pi) - 2) < 0.1)
    True
    """
    who = "controlled_oscillator"
    highest = check.positive(who, "max_frequency", max_frequency, "pass hertz")
    r = check.positive(who, "radius", radius)
    g = np.pi * highest if growth is None else check.real(who, "growth", growth, low=0.0)
    given = {"tau": tau, "radii": 1.2 * r, "centre": 0.0, "dt": dt, "method": "rk4"}
    # The circle at the largest frequency has to be within the ball.
    options = {"radius": np.sqrt(2), "eval_points": _cylinder(2500) / np.sqrt(2)} | options
    with part(who, net, label, seed, "controlled oscillator") as inner:
        slope = LimitCycle(g, r)
        made = loop(who, inner, n_neurons, 2, slope, solver, given, options, highest)
        _start(made, r, given["tau"])
    return made


def _cylinder(n: int) -> Array:
    """Points (n, 3), uniform in a cylinder: a unit disc and heights from -1 to 1."""
    share, angle, height = np.random.default_rng(0).uniform(size=(3, n))
    circle = np.exp(2j * np.pi * angle) * np.sqrt(share)
    return np.stack([circle.real, circle.imag, 2 * height - 1], axis=1)


@explained
def lorenz(
    net: Network,
    n_neurons: int,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
    tau: float = 0.1,
    dt: float = 0.001,
    solver: Solver = SOLVER,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Attractor:
    r"""Add the chaotic system of Lorenz.

    .. math:: \dot x = \sigma (y - x), \quad \dot y = x (\rho - z) - y, \quad
              \dot z = x y - \beta z

    Encoders and evaluation points are states of a trajectory of the equation.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons; with 2000, standard deviations of the state are within 5 % of those
        of the equation.
    sigma, rho, beta : float
        Parameters of the equation; it is chaotic at 10, 28 and 8/3.
    tau : float [s]
        Time constant of the recurrent synapse.
    dt : float [s]
        Time step of the simulation.
    solver : Solver
        Solver for the decoders of the recurrent connection.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`.

    Returns
    -------
    Attractor
        With ``input`` and ``output``, (3,).

    Raises
    ------
    ValueError, TypeError
        If the equation diverges, or an argument is out of range or of a wrong type.

    See Also
    --------
    attractor

    References
    ----------
    E. N. Lorenz, Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20, 1963.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> weather = nef.networks.lorenz(net, 2000)
    >>> y = net.probe(weather.output, synapse=0.01)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(10.0)
    >>> sim.data[y][2000:].max(axis=0) > 10
    array([ True,  True,  True])
    """
    who = "lorenz"
    s, r, b = (
        check.positive(who, name, value)
        for name, value in (("sigma", sigma), ("rho", rho), ("beta", beta))
    )
    slope = LorenzSlope(s, r, b)
    states = _trajectory(slope)
    low, high = states.min(axis=0), states.max(axis=0)
    centre, radii = (low + high) / 2, 0.6 * (high - low) + 1e-3
    points = (states - centre) / radii
    around = points + np.random.default_rng(0).normal(0.0, 0.05, points.shape)
    options = {"encoders": Choice(points), "eval_points": around} | options
    given = {"tau": tau, "radii": radii, "centre": centre, "dt": dt, "method": "rk4"}
    with part(who, net, label, seed, "lorenz") as inner:
        return loop(who, inner, n_neurons, 3, slope, solver, given, options)


@lru_cache(maxsize=8)
def _trajectory(slope: LorenzSlope) -> Array:
    """States (2500, 3) of the equation, after its first seconds."""
    from scipy.integrate import solve_ivp

    times = np.linspace(6.0, 60.0, 2500)
    with np.errstate(all="ignore"):
        way = solve_ivp(lambda _, x: slope(x), (0, 60), np.ones(3), t_eval=times, rtol=1e-6)
    if way.y.shape != (3, len(times)) or not np.isfinite(way.y).all():
        must, do = "keep the equation within bounds", "pass parameters near 10, 28 and 8/3"
        check.fail("lorenz", "rho", must, "a state that leaves them", do)
    return np.asarray(way.y.T)
