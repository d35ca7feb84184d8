"""States that a linear system visits, as evaluation points, and their largest values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.algebra import Array
from nefsim.dynamics.reduction import stable
from nefsim.dynamics.system import LinearSystem
from nefsim.processes import Process
from nefsim.sampling import Distribution
from nefsim.sampling.base import Rng, generator, sample_shape

#: The longest impulse response that is summed [steps].
MOST_STEPS = 10**7


@dataclass(frozen=True, eq=False)
class Trajectory(Distribution):
    """A distribution of the states that a linear system visits when a process drives it.

    Pass it as ``eval_points`` of a population that computes the system, so that decoders are
    solved for these states.

    Parameters
    ----------
    system : LinearSystem
        The system, in continuous or discrete time.
    process : Process
        The input of the system.  Without a seed it is another signal for each sample.
    seconds : float [s]
        Duration of the simulation from rest.  A longer one visits more different states.
    dt : float [s]
        Time step, if the system is in continuous time.
    scale : float or (q,) array_like
        Numbers above 0 by which states are divided: the radius of the population, or the
        result of :func:`state_scale`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    TypeError
        If ``system`` is not a linear system, or ``process`` not a process.

    See Also
    --------
    state_scale : The largest value of each state.

    Examples
    --------
    >>> import nefsim as nef
    >>> window = LinearSystem(*nef.dynamics.legendre(order=3, theta=0.5))
    >>> points = Trajectory(window, nef.WhiteSignal(10.0, high=2.0, seed=1))
    >>> points.sample(1000, 3, rng=0).shape
    (1000, 3)
    """

    system: LinearSystem
    process: Process
    seconds: float = 20.0
    dt: float = 0.001
    scale: ArrayLike = 1.0

    def __post_init__(self) -> None:
        who = "Trajectory"
        system, process = _system(who, self.system), _process(who, self.process)
        scale = check.array(who, "scale", self.scale, do="pass numbers above 0", low=1e-300)
        if scale.shape not in ((), (system.order,)):
            must = f"be a number or have shape ({system.order},)"
            check.fail(who, "scale", must, f"shape {scale.shape}", "pass one for each state")
        dt = check.seconds(who, "dt", self.dt)
        dt = dt if system.dt is None else system.dt
        seconds = _duration(who, self.seconds, dt)
        self._set(system=system, process=process, seconds=seconds, dt=dt, scale=scale)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        """Draw n states.

        Parameters
        ----------
        n : int
            Number of states.  No state is drawn twice if the simulation has as many steps.
        d : int
            Number of dimensions; must be the order of the system.
        rng : numpy.random.Generator, int or None
            Random generator, or a seed for one.

        Returns
        -------
        (n, d) ndarray
        """
        shape = sample_shape(self, n, d)
        order = self.system.order
        if (d or 1) != order:
            do = "match the dimensions of the population"
            check.fail("Trajectory.sample", "d", f"be {order}, the order", check.show(d), do)
        rng = generator(self, rng)
        states = _visited(self.system, self.process, self.seconds, self.dt, rng)
        chosen = rng.choice(len(states), n, replace=n > len(states))
        return (states[chosen] / np.asarray(self.scale, dtype=np.float64)).reshape(shape)


def state_scale(
    system: LinearSystem,
    process: Process | None = None,
    *,
    norm: Literal["each", "ball"] = "each",
    seconds: float = 20.0,
    dt: float = 0.001,
    seed: int | None = 0,
) -> Array:
    r"""The largest absolute value of each state, by which to scale states to [-1, 1].

    Without a process it is the bound for all inputs with :math:`|u| \le 1`, which is the L1 norm
    of the impulse responses in steps of ``dt``:

    .. math:: r_i = \sum_k \sum_j |(A^k B)_{ij}|

    With a process it is the largest value in one simulation, which is smaller.
    ``system.transformed(1 / scale)`` is the system with scaled states.

    Parameters
    ----------
    system : LinearSystem
        The system; it must be stable if there is no process.
    process : Process, optional
        The input of the system.
    norm : "each" or "ball"
        Whether each scaled state is within [-1, 1], or the vector of all within the unit ball.
        For a ball the numbers of ``"each"`` are multiplied by the largest length of the scaled
        states in the simulation, or by the square root of the order without a process.
    seconds : float [s]
        Duration of the simulation.
    dt : float [s]
        Time step, if the system is in continuous time.
    seed : int, optional
        Seed of a process that has none.

    Returns
    -------
    (q,) ndarray
        A number above 0 for each state; 1 for a state that no input affects.

    Raises
    ------
    ValueError
        If an argument is out of range, or a pole does not decay and there is no process.

    See Also
    --------
    Trajectory : The visited states, as evaluation points.

    References
    ----------
    Voelker, A. R. (2019). Dynamical systems in spiking neuromorphic hardware. PhD thesis,
    University of Waterloo, section 5.1.2.

    Examples
    --------
    >>> state_scale(LinearSystem([[-2.0]], [[1.0]])).round(9)
    array([0.5])
    """
    who = "state_scale"
    system = _system(who, system)
    how = check.one_of(who, "norm", norm, ("each", "ball"))
    step = check.seconds(who, "dt", dt)
    step = step if system.dt is None else system.dt
    if process is None:
        scale, longest = _worst_case(who, system, step), np.sqrt(system.order)
    else:
        duration = _duration(who, seconds, step)
        rng = np.random.default_rng(check.seed(who, seed))
        states = _visited(system, _process(who, process), duration, step, rng)
        scale = np.abs(states).max(axis=0, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        longest = np.linalg.norm(states / scale, axis=1).max(initial=1e-300)
    return np.asarray(scale * longest if how == "ball" else scale)


def _worst_case(who: str, system: LinearSystem, dt: float) -> Array:
    stable(who, system)
    A, B, _, _ = _in_steps(system, dt).matrices
    total, now = np.zeros(len(A)), B
    for _ in range(MOST_STEPS):
        if np.abs(now).sum() <= 1e-12 * total.sum():
            break
        total += np.abs(now).sum(axis=1)
        now = A @ now
    return np.where(total > 0, total, 1.0)


def _visited(
    system: LinearSystem, process: Process, seconds: float, dt: float, rng: np.random.Generator
) -> Array:
    """The states of a run from rest, after its first step."""
    n_steps = round(seconds / dt)
    u = process.start(system.n_inputs, dt, rng)(0, n_steps + 1)
    return _in_steps(system, dt).states(u)[1:]


def _in_steps(system: LinearSystem, dt: float) -> LinearSystem:
    return system if system.dt is not None else system.discretise(dt)


def _duration(who: str, seconds: Any, dt: float) -> float:
    checked = check.seconds(who, "seconds", seconds)
    if checked < dt:
        check.fail(who, "seconds", f"be at least dt = {dt:g} s", checked, "run for longer")
    return checked


def _system(who: str, system: Any) -> LinearSystem:
    do = "pass LinearSystem(A, B)"
    checked: LinearSystem = check.instance(
        who, "system", system, LinearSystem, "a LinearSystem", do
    )
    if checked.order == 0:
        check.fail(who, "system", "have states", "one without", do)
    return checked


def _process(who: str, process: Any) -> Process:
    do = "pass one such as WhiteSignal(10.0, high=5.0)"
    checked: Process = check.instance(who, "process", process, Process, "a process", do)
    return checked
