"""Choose the number of neurons, the radius and the firing rates for a desired error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget.task import Size, Task, task_of
from nefsim.neurons import LIF, NeuronType
from nefsim.processes import Process
from nefsim.solvers import Solver

Array = NDArray[np.float64]

#: A predicted error is to be so much below the one that is wanted: populations of other seeds
#: differ by some hundredths.
MARGIN = 0.93

#: Runs with spikes that are tried, and how near to the least number of neurons, or to the lowest
#: rates, they end.
RUNS, STEP = 12, 1.03

#: Fewest neurons, the number that is tried first, and how near to the least number the search ends.
FEWEST, FIRST, NEAR = 10, 40, 1.02

#: Highest rates that are tried, as a share of the limit of the neuron type, and lowest [Hz].
HIGHEST, LOWEST = 0.95, 5.0


@explained
def size_for(
    function: Any = None,
    rmse: float = 0.02,
    dimensions: int = 1,
    synapse: Any = 0.005,
    input: Process | None = None,
    n_neurons: int | None = None,
    radius: float | None = None,
    max_rates: tuple[float, float] = (200.0, 400.0),
    neuron_type: NeuronType = LIF(),
    solver: Solver | None = None,
    most: int = 5000,
    dt: float = 0.001,
    seed: int = 0,
) -> Size:
    r"""Find the smallest population that decodes a function with a desired error.

    The error is the difference between decoded, filtered spikes and the filtered function,

    .. math:: rmse^2 = \langle (h * (D a(x) - f(x)))^2 \rangle
                       + \sum_i d_i^2 \langle v(a_i(x)) \rangle

    with the synapse h, decoders D, rates a and the variance v of filtered spike trains
    (:func:`error_budget`).  It is averaged over ten populations with different seeds, of small
    populations over more; it is made a few per cent smaller than desired, as some populations
    are worse than the mean.  With an ``input``, populations of other seeds then run with it,
    and neurons are added (or rates raised) until their spikes reach the error, ``measured``.
    The lag of neurons behind fast inputs is in it, and may put an error out of reach; the
    delay by the synapse is not.

    Parameters
    ----------
    function : callable or None
        ``f(x)`` of an array (D,); None is the identity.
    rmse : float
        The desired error, a root mean square over values and dimensions of the result.
    dimensions : int
        Number of dimensions D of the represented vector.
    synapse : Synapse, number or None
        The synapse h; a number is the time constant of a ``Lowpass`` [s].
    input : Process or None
        Process of the represented values; None means values uniform in the ball of the radius.
    n_neurons : int or None
        Pass a number of neurons to find the lowest maximum rates that reach the error; None
        finds the number of neurons.
    radius : float or None
        Radius of the population; None means 1 or, with ``input``, the radius with the smallest
        error.
    max_rates : pair of float [Hz]
        Range of maximum rates; with ``n_neurons`` only their ratio is used.
    neuron_type : NeuronType
        The neuron model.
    solver : Solver or None
        Solver for decoders; None means the default of ``net.connect``.
    most : int
        Largest number of neurons to try.
    dt : float [s]
        The time step.
    seed : int
        Seed of the populations and of the input.

    Returns
    -------
    Size
        Arguments for ``net.ensemble``, and the expected error.

    Raises
    ------
    ValueError
        If an argument is out of range, or the error cannot be reached.
    TypeError
        If an argument is of another kind.

    See Also
    --------
    error_budget : The errors of an existing network.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> size = nef.size_for(np.square, rmse=0.05, synapse=0.02)
    >>> size.rmse < 0.05 and 10 <= size.n_neurons < 200
    True
    """
    who = "size_for"
    wanted = check.positive(who, "rmse", rmse, "pass the error that is wanted")
    task = task_of(who, function, dimensions, synapse, input, neuron_type, solver, dt, seed)
    low, high = _rates_pair(who, max_rates, neuron_type)
    top = check.integer(who, "most", most, "pass how many neurons to try", FEWEST, 10**5)
    if n_neurons is not None:
        do = "pass how many neurons, or None"
        n_neurons = check.integer(who, "n_neurons", n_neurons, do, 2, 10**5)
    fixed = None
    if radius is not None:
        fixed = check.positive(who, "radius", radius, "pass a length above 0")
    radii = task.radii if fixed is None else (fixed,)
    goal = MARGIN * wanted

    def search(radius: float) -> Size:
        if n_neurons is not None:
            return _lowest_rates(task, n_neurons, radius, low / high, goal)
        return _fewest(task, radius, (low, high), goal, top)

    best = search(radii[len(radii) // 2])
    if len(radii) > 1:
        others = [task.size(best.n_neurons, r, best.max_rates) for r in radii]
        nearest = min(others, key=lambda size: size.rmse)
        if nearest.radius != best.radius:
            best = search(nearest.radius)
    if best.rmse <= goal and task.moving:
        best = _stepped_up(task, best, goal, None if n_neurons is not None else top)
    reached = best.rmse if best.measured is None else max(best.rmse, best.measured)
    if reached > goal:
        do = "raise rmse, most or max_rates, or pass a slower synapse"
        got = f"{reached:.3g} of {best.n_neurons} neurons up to {best.max_rates[1]:.4g} Hz"
        check.fail(
            who, "rmse", f"be at least the error that is reached, {reached / MARGIN:.3g}", got, do
        )
    return best


def _rates_pair(who: str, value: Any, neuron: NeuronType) -> tuple[float, float]:
    do = "pass a pair such as (200, 400) below the limit of the neuron type"
    pair = check.array(who, "max_rates", value, (2,), do, 0.0)
    low, high = pair.tolist()
    if not 0 < low <= high < np.min(neuron.rate_limit):
        got = f"({low:g}, {high:g})"
        check.fail(who, "max_rates", f"rise and be below {np.min(neuron.rate_limit):g} Hz", got, do)
    return low, high


def _fewest(
    task: Task, radius: float, max_rates: tuple[float, float], goal: float, most: int
) -> Size:
    """The smallest number of neurons that reaches an error, or the largest number tried."""
    size = task.size(min(FIRST, most), radius, max_rates)
    low = FEWEST / 2
    while size.rmse > goal:
        _check_reach(size, goal, most)
        if size.n_neurons == most:
            return size
        low = size.n_neurons
        # The error falls as N^-0.5 at least.
        factor = min(max((size.rmse / goal) ** 1.3, 1.2), 4.0)
        size = task.size(min(most, math.ceil(low * factor)), radius, max_rates)

    def at(log_n: float) -> Size:
        return task.size(max(FEWEST, round(math.exp(log_n))), radius, max_rates)

    return _bisected(at, math.log(low), math.log(size.n_neurons), size, goal, FEWEST)


def _check_reach(size: Size, goal: float, most: int) -> None:
    """Refuse an error below half of the noise that ``most`` neurons would have.

    The noise of spikes falls as N^-0.5, so that small populations tell it in a second.
    """
    least = size.noise * math.sqrt(size.n_neurons / most)
    if goal < least / 2:
        must = f"be at least about {least / MARGIN:.2g}, the noise of {most} neurons"
        got, do = f"{goal / MARGIN:g}", "raise rmse or most, or pass a slower synapse"
        check.fail("size_for", "rmse", must, got, do)


def _stepped_up(task: Task, size: Size, goal: float, most: int | None) -> Size:
    """The size whose spikes reach an error, by more neurons, or by higher rates without ``most``.

    Sizes grow until one reaches it, and then halve the step to the largest that does not.  The
    last that was tried, if none does.
    """
    by_rates = most is None
    highest = _highest(task) / size.max_rates[1] if most is None else most / size.n_neurons

    def at(scale: float) -> Size:
        """The size with ``scale`` times as many neurons, or as high rates."""
        n, (low, high) = size.n_neurons, size.max_rates
        rates = (scale * low, scale * high) if by_rates else (low, high)
        tried = size
        if scale > 1.0:
            tried = task.size(n if by_rates else math.ceil(scale * n), size.radius, rates)
        return replace(tried, measured=task.measured(tried))

    # Fewer are too few by rates alone.
    found, scale, too_small, enough = None, 1.0, 1.0 / STEP, math.inf
    for _ in range(RUNS):
        tried = at(scale)
        assert tried.measured is not None
        if tried.measured <= goal:
            found, enough = tried, scale
        else:
            too_small = scale
        if too_small == highest or enough / too_small <= STEP + 1e-9:
            break
        if found is None:
            factor = min(max((tried.measured / goal) ** 2, 1.2), 2.0)
            scale = min(factor * scale, highest)
        else:
            scale = math.sqrt(too_small * enough)
    return tried if found is None else found


def _highest(task: Task) -> float:
    """The highest maximum rate that is tried [Hz]."""
    limit = float(np.min(task.neuron.rate_limit))
    return HIGHEST * limit if math.isfinite(limit) else 1.0 / task.dt


def _lowest_rates(task: Task, n: int, radius: float, ratio: float, goal: float) -> Size:
    """The lowest maximum rates with which n neurons reach an error, or the highest tried."""
    top = _highest(task)

    def at(log_rate: float) -> Size:
        high = math.exp(log_rate)
        return task.size(n, radius, (ratio * high, high))

    size = at(math.log(top))
    if size.rmse > goal:
        return size
    return _bisected(at, math.log(LOWEST / ratio), math.log(top), size, goal)


def _bisected(
    at: Callable[[float], Size], low: float, high: float, size: Size, goal: float, fewest: int = 0
) -> Size:
    """Find the smallest size that reaches a goal, by bisection between logarithms of sizes.

    The size at ``high`` is known to reach it.  None is smaller than one of ``fewest`` neurons.
    """
    while high - low > math.log(NEAR) and size.n_neurons > fewest:
        middle = (low + high) / 2
        tried = at(middle)
        if tried.rmse <= goal:
            size, high = tried, middle
        else:
            low = middle
    return size
