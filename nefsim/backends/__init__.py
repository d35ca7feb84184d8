"""Back ends: each is one function ``prepare(built, state)`` that returns a runner.

A runner ``run(n_steps, recordings)`` advances the state it was prepared with and writes
what the probes record.  Modules are named here and imported when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Module, package it needs and extra that installs it, by the name users give.
BACKENDS = {
    "numpy": ("nefsim.backends.numpy", "numpy", ""),
    "numba": ("nefsim.backends.numba", "numba", "fast"),
    "nengo": ("nefsim.nengo", "nengo", "nengo"),
}


class BackendUnavailable(ImportError):
    """A back end whose package is not installed; the message names the extra to install."""


def available() -> list[str]:
    """Names of the back ends whose packages are installed."""
    return [name for name, (_, package, _) in BACKENDS.items() if find_spec(package)]


def fastest() -> str:
    """What "auto" takes: the fastest back end that is installed."""
    return "numba" if find_spec("numba") else "numpy"


def module(name: str) -> ModuleType:
    """The module of a back end, imported now."""
    path, package, extra = BACKENDS[name]
    if not find_spec(package):
        raise BackendUnavailable(
            f'Simulator: backend must be installed, got "{name}" without {package}; '
            f'pip install "nefsim[{extra}]", or take one of {", ".join(available())}.'
        )
    return import_module(path)


@dataclass(frozen=True, eq=False)
class Recording:
    """Room for what one probe records during one call.

    Attributes
    ----------
    every : float [steps]
        A record is made at step n where ``n % every < 1``.
    data : (n_records, ..., size) ndarray
        Filled row by row.
    """

    every: float
    data: Array


Runner = Callable[[int, Sequence[Recording]], None]


def sampled(first_step: int, n_steps: int, every: float) -> NDArray[np.intp]:
    """Which of the steps ``first_step + 1 ... first_step + n_steps`` are recorded, from 0."""
    if every <= 1:
        return np.arange(n_steps)
    if every == int(every):
        return np.arange(-(first_step + 1) % int(every), n_steps, int(every))
    steps = np.arange(first_step + 1, first_step + n_steps + 1)
    return np.flatnonzero(steps % every < 1)


def n_sampled(first_step: int, n_steps: int, every: float) -> int:
    """How many of the steps ``first_step + 1 ... first_step + n_steps`` are recorded."""
    return n_steps if every <= 1 else len(sampled(first_step, n_steps, every))
