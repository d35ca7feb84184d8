"""Where the states of a system go: points for decoders, and how large the states become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.dynamics.algebra import Array
from nefsim.dynamics.reduction import stable
from nefsim.dynamics.system import LinearSystem
from nefsim.processes import Process
from nefsim.sampling import Distribution
from nefsim.sampling.base import Rng, generator, sample_shape

#: The longest impulse response that is summed [steps].
MOST_STEPS = 10**7


@dataclass(frozen=True, eq=False)
class Trajectory(Distribution):
    """States of a system that is driven by a process, at random times.

    As ``eval_points`` of a population they are the points that its state visits, so that
    decoders are best where they are needed.

    Parameters
    ----------
    system : LinearSystem
        The system, in continuous or discrete time.
    process : Process
        Its input.  Without a seed it is another signal for each sample.
    seconds : float [s]
        How long it runs, from rest.  The longer, the less alike the points.
    dt : float [s]
        Length of a step, of a system in continuous time.
    scale : float or (q,) array_like
        The states are divided by it, above 0: the radius of the population, or the
        result of :func:`state_scale`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    TypeError
        If ``system`` or ``process`` is something else.

    See Also
    --------
    state_scale : How large each state becomes.

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
            How many.  No state is drawn twice where there are as many steps.
        d : int
            The order of the system.
        rng : numpy.random.Generator, int or None
            The source of randomness, or a seed for one.

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
    r"""How large the states become: divided by it they are within [-1, 1] or the unit ball.

    Without a process it holds for every input with :math:`|u| \le 1`:

    .. math:: r_i = \sum_k \sum_j |(A^k B)_{ij}|

    the L1 norm of the impulse responses, in steps of ``dt``.  With a process it is the largest
    value of one run, which is smaller.  ``system.transformed(1 / scale)`` is the system in the
    scaled states.

    Parameters
    ----------
    system : LinearSystem
        The system; without a process a stable one.
    process : Process, optional
        Its input.
    norm : "each" or "ball"
        Whether each state is within [-1, 1], or the vector of them within the unit ball.  For a
        ball all numbers of ``"each"`` are multiplied by one factor: the greatest length in the
        run, or without a process the square root of the order.
    seconds : float [s]
        Length of the run.
    dt : float [s]
        Length of a step, of a system in continuous time.
    seed : int, optional
        Of a process that has no seed.

    Returns
    -------
    (q,) ndarray
        A number above 0 for each state; 1 for a state that no input reaches.

    Raises
    ------
    ValueError
        If an argument is out of range, or a pole does not decay where there is no process.

    See Also
    --------
    Trajectory : The states themselves, as points.

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
    if process is None:
        scale, longest = _worst_case(who, system, step), np.sqrt(system.order)
    else:
        duration = _duration(who, seconds, step if system.dt is None else system.dt)
        rng = np.random.default_rng(check.seed(who, seed))
        states = _visited(system, _process(who, process), duration, step, rng)
        scale = np.abs(states).max(axis=0, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        longest = np.linalg.norm(states / scale, axis=1).max(initial=1e-300)
    return np.asarray(scale * longest if how == "ball" else scale)


def _worst_case(who: str, system: LinearSystem, dt: float) -> Array:
    stable(who, system)
    A, B, _, _ = (system if system.dt is not None else system.discretise(dt)).matrices
    total, now, steps = np.zeros(len(A)), B, 0
    while np.abs(now).sum() > 1e-12 * total.sum() and steps < MOST_STEPS:
        total += np.abs(now).sum(axis=1)
        now, steps = A @ now, steps + 1
    return np.where(total > 0, total, 1.0)


def _visited(
    system: LinearSystem, process: Process, seconds: float, dt: float, rng: np.random.Generator
) -> Array:
    """The states of a run from rest, after its first step."""
    discrete = system if system.dt is not None else system.discretise(dt)
    step = discrete.dt or dt
    n_steps = round(seconds / step)
    u = process.start(discrete.n_inputs, step, rng)(0, n_steps + 1)
    return discrete.states(u)[1:]


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
