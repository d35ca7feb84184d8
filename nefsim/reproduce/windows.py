"""Delays in spiking populations, beside the figures of a thesis."""

from __future__ import annotations

from typing import Any

import numpy as np

import nefsim as nef
from nefsim.analysis import confidence_interval
from nefsim.reproduce import delays, window
from nefsim.reproduce.figure import Effort
from nefsim.reproduce.lines import Line, Outcome, compare, single_run

#: Options of the published networks of processors: the defaults of Nengo 2.8.
AS_PUBLISHED: dict[str, Any] = {
    "tau": 0.01,
    "method": "continuous",
    "solver": nef.LstsqL2(0.1),
    "intercepts": nef.Uniform(-1, 1),
    "eval_points": nef.UniformHypersphere(),
}


def mean_error(n_networks: int = 25, **options: Any) -> tuple[float, list[float]]:
    """Mean of all runs, and its interval of 95 %, rounded."""
    found = errors(n_networks, **options)
    low, high = confidence_interval(found, rng=0)
    return float(found.mean()), [round(low, 4), round(high, 4)]


def errors(n_networks: int, **options: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Errors of all runs: ten signals for each network."""
    return np.ravel([window.errors(seed, **options) for seed in range(n_networks)])


def _line(task: delays.Task, build: str, published: str, effort: range, note: str) -> Line:
    found = [delays.error(task, build, seed, "auto") for seed in effort]
    within, reason = single_run(found)
    value = task.published[published]
    name = f"{build}: error / signal"
    return compare(name, value, found, within, reason, better="lower", note=note)


def one_second(effort: Effort) -> Outcome:
    """The delay of a second, with one population and with a population for each state."""
    task, seeds = delays.TASKS["delay"], effort.count(3, 10)
    default = "with default points and penalty; the thesis does not name its own"
    better = "points and scales of the states, and a smaller penalty"
    return Outcome(
        [
            _line(task, "one population", "one population", seeds, default),
            _line(task, "exact", "one population", seeds, better),
        ]
    )


def fast(effort: Effort) -> Outcome:
    """The fast delay, by the continuous and by the exact mapping."""
    task, seeds = delays.TASKS["fast"], effort.count(2, 10)
    note = "points and scales of the states, and a smaller penalty"
    return Outcome([_line(task, name, name, seeds, note) for name in ("continuous", "exact")])


def processors(effort: Effort) -> Outcome:
    """The delay that was run on processors, as published and by the exact mapping."""
    n = len(effort.count(5, 25))
    middle, spread = (0.055 + 0.059) / 2, (0.059 - 0.055) / 2
    note = "the same networks on Loihi have .146 to .153, on Braindrop .156 to .163"
    published = compare(
        *("as published, on a processor: error / signal", middle, errors(n, **AS_PUBLISHED)),
        *(spread, "the published interval"),
        note="the published interval is 0.055 to 0.059",
    )
    exact = compare(
        "exact mapping, 0.1 s: error / signal",
        *(middle, errors(n, tau=0.1, method="exact")),
        *(spread, "the published interval"),
        better="lower",
        note=note,
    )
    return Outcome([published, exact])
