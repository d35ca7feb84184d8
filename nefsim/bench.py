"""Measured build and run times of a network on each installed back end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from nefsim import _checks as check
from nefsim import backends as registry
from nefsim.network import Network
from nefsim.progress import no_bar
from nefsim.settings import fresh_seed
from nefsim.simulator import Simulator

#: Number of first steps, in which a back end still prepares arrays of the network.
FIRST_STEPS = 10


@dataclass(frozen=True)
class Timing:
    """Measured times of a network on one back end.

    Attributes
    ----------
    backend : str
        The back end.
    build_seconds : float [s]
        Time of the build: random parameters, decoders and preparation of the back end.
    first_seconds : float [s]
        Time of the first ten steps.
    microseconds_per_step : float [us]
        Time of a later step, the median over repeats.

    See Also
    --------
    measure : Measures these times.
    """

    backend: str
    build_seconds: float
    first_seconds: float
    microseconds_per_step: float


def measure(
    net: Network,
    seconds: float = 1.0,
    backends: Sequence[str] | None = None,
    dt: float = 0.001,
    repeats: int = 5,
) -> list[Timing]:
    """Time a network on several back ends.

    Back ends run in turn in each repeat, so that other load of the machine affects all of them.
    A small network is run first, to load compiled code.

    Parameters
    ----------
    net : Network
        The model.
    seconds : float [s]
        Model time of each run.
    backends : sequence of str or None
        The back ends; None takes all that are installed.
    dt : float [s]
        The time step.
    repeats : int
        Number of runs on each back end.

    Returns
    -------
    list of Timing
        Times of each back end, in the order of ``backends``.

    Raises
    ------
    ValueError, TypeError
        If ``net`` is not a network, or an argument is out of range.
    ImportError
        If a back end is not installed.

    See Also
    --------
    nefsim.describe : Estimates without a run.
    nefsim.crosscheck : Comparison of the results of back ends.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> from nefsim.bench import measure
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(30, 1)
    >>> c = net.connect(net.node(np.sin), a)
    >>> (timing,) = measure(net, 0.1, ["numpy"], repeats=1)
    >>> timing.backend, timing.microseconds_per_step > 0
    ('numpy', True)
    """
    who = "bench"
    check.instance(who, "net", net, Network, "a network", "pass a Network")
    dt = check.seconds(who, "dt", dt)
    length = check.real(who, "seconds", seconds, "run for a step at least", dt)
    n_repeats = check.integer(who, "repeats", repeats, "pass a number of runs", 1, 10**6)
    if isinstance(backends, str):
        do = 'pass names such as ("numpy", "numba")'
        check.fail(who, "backends", "be names", check.show(backends), do, TypeError)
    names = (
        registry.available()
        if backends is None
        else [check.one_of(who, "backends", name, tuple(registry.BACKENDS)) for name in backends]
    )
    seed = fresh_seed(net)
    ready = [_ready(net, dt, name, seed) for name in names]
    took: list[list[float]] = [[] for _ in names]
    for _ in range(n_repeats):
        for (simulator, *_), times in zip(ready, took, strict=True):
            simulator.reset()
            simulator.run_steps(FIRST_STEPS)
            start = time.perf_counter()
            simulator.run(length)
            times.append((time.perf_counter() - start) / (simulator.n_steps - FIRST_STEPS))
    return [
        Timing(name, built, first, 1e6 * median(times))
        for name, (_, built, first), times in zip(names, ready, took, strict=True)
    ]


def _ready(net: Network, dt: float, backend: str, seed: int) -> tuple[Simulator, float, float]:
    """A simulator after its first steps, the build time and the time of these steps [s]."""
    small = Network()
    small.ensemble(1, 1)
    Simulator(small, dt, backend, progress=no_bar).run_steps(1)
    start = time.perf_counter()
    simulator = Simulator(net, dt, backend, progress=no_bar, build_seed=seed)
    built = time.perf_counter()
    simulator.run_steps(FIRST_STEPS)
    return simulator, built - start, time.perf_counter() - built


def tell(timings: Sequence[Timing]) -> str:
    """Timings as a table, with the time per step relative to the fastest back end.

    Parameters
    ----------
    timings : sequence of Timing
        At least one.

    Returns
    -------
    str

    See Also
    --------
    measure : Measures the times.

    Examples
    --------
    >>> table = tell([Timing("numpy", 0.1, 0.01, 50.0), Timing("numba", 0.2, 0.01, 10.0)])
    >>> [line.split()[-2] for line in table.splitlines()[1:]]
    ['5.0', '1.0']
    """
    fastest = min(t.microseconds_per_step for t in timings)
    lines = [f"{'back end':<10}{'build':>12}{'first steps':>14}{'a step':>14}{'':>10}"]
    for t in timings:
        times = f"{t.microseconds_per_step / fastest:.1f} x"
        build, first = f"{1e3 * t.build_seconds:.1f} ms", f"{1e3 * t.first_seconds:.1f} ms"
        step = f"{t.microseconds_per_step:.3g} us"
        lines.append(f"{t.backend:<10}{build:>12}{first:>14}{step:>14}{times:>10}")
    return "\n".join(lines)
