"""How fast a network runs on each back end that is installed."""

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

#: First steps, in which a back end makes ready what belongs to a network.
FIRST_STEPS = 10


@dataclass(frozen=True)
class Timing:
    """What a network costs on one back end.

    Attributes
    ----------
    backend : str
        The back end.
    build_seconds : float [s]
        To draw, to solve for decoders and to make ready.
    first_seconds : float [s]
        The first ten steps.
    microseconds_per_step : float [us]
        A step afterwards, the median of all repeats.
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
    """Time a network on back ends, in turns, so that what else the machine does meets all.

    What a back end loads once, such as compiled code, is loaded before by a small network.

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
        Runs on each back end.

    Returns
    -------
    list of Timing
        One for each back end, in the order given.

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
    """A simulator after its first steps, and the seconds to build it and to take them."""
    small = Network(seed=0)
    small.ensemble(1, 1)
    Simulator(small, dt, backend, progress=no_bar).run_steps(1)
    start = time.perf_counter()
    simulator = Simulator(net, dt, backend, progress=no_bar, build_seed=seed)
    built = time.perf_counter()
    simulator.run_steps(FIRST_STEPS)
    return simulator, built - start, time.perf_counter() - built


def tell(timings: Sequence[Timing]) -> str:
    """Timings as a table, with how many times as long as on the fastest a step takes."""
    fastest = min(t.microseconds_per_step for t in timings)
    lines = [f"{'back end':<10}{'build':>12}{'first steps':>14}{'a step':>14}{'':>10}"]
    for t in timings:
        times = f"{t.microseconds_per_step / fastest:.1f} x"
        build, first = f"{1e3 * t.build_seconds:.1f} ms", f"{1e3 * t.first_seconds:.1f} ms"
        step = f"{t.microseconds_per_step:.3g} us"
        lines.append(f"{t.backend:<10}{build:>12}{first:>14}{step:>14}{times:>10}")
    return "\n".join(lines)
