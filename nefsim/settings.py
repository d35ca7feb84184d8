"""Check the settings of a run: back end, number of trials, precision, length, seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim import backends
from nefsim.network import Network

#: Longest run in one call [steps].
MOST_STEPS = 10**9


@dataclass(frozen=True)
class Settings:
    """Settings of a simulator: back end, trials and precision.

    Attributes
    ----------
    backend : str
        Name of the back end.
    batch_size : int or None
        Number of trials at once.
    dtype : str
        Precision.
    """

    backend: str
    batch_size: int | None
    dtype: str


def settings(who: str, backend: Any, batch_size: Any, dtype: Any, names: Sequence[str]) -> Settings:
    """Check settings; a back end is "auto", the fastest that is installed, or one of ``names``.

    Raises
    ------
    ValueError or TypeError
        If a setting is out of range or not one of its options.
    """
    chosen = check.one_of(who, "backend", backend, ("auto", *names))
    precision = check.one_of(who, "dtype", dtype, ("float64", "float32"))
    if chosen == "auto":
        chosen = backends.fastest(precision)
    if batch_size is not None:
        batch_size = check.integer(
            who, "batch_size", batch_size, "pass a number of trials", 1, 10**6
        )
    return Settings(chosen, batch_size, precision)


def steps_in(who: str, argument: str, seconds: float, dt: float) -> int:
    """The number of steps, ``round(seconds / dt)``, checked against the largest of a call."""
    if seconds / dt > MOST_STEPS:
        got = f"{seconds:g} s at dt = {dt:g} s"
        check.fail(who, argument, f"be at most {MOST_STEPS} steps", got, "run in parts")
    return round(seconds / dt)


def fresh_seed(net: Network) -> int:
    """The network's seed, or a new one."""
    if net.seed is not None:
        return net.seed
    return int(np.random.default_rng().integers(2**63))
