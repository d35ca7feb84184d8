"""Back ends: each is one function ``prepare(built, state)`` that returns a runner.

A runner ``run(n_steps, recorder)`` advances the state it was prepared with and hands on
what the probes record.  Modules are named here and imported when asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim._extras import BackendUnavailable as BackendUnavailable
from nefsim._extras import cure
from nefsim.backends import codefiles

Array = NDArray[np.float64]

#: Module, package it needs and extra that installs it, by the name users give.
BACKENDS = {
    "numpy": ("nefsim.backends.vectorised", "numpy", ""),
    "numba": ("nefsim.backends.compiled", "numba", "fast"),
    "nengo": ("nefsim.nengo", "nengo", "nengo"),
}


#: Packages that have been seen.
_found: set[str] = set()


def is_installed(package: str) -> bool:
    """Whether there is a package; one that is missing is looked for again, as it may come."""
    # Looking through all folders takes as long as to build a small network.
    if package not in _found and find_spec(package):
        _found.add(package)
    return package in _found


def available() -> list[str]:
    """Names of the back ends whose packages are installed."""
    return [name for name, (_, package, _) in BACKENDS.items() if is_installed(package)]


def fastest(dtype: str = "float64") -> str:
    """What "auto" takes: the fastest back end that is installed and can be used.

    A numba that cannot be imported means NumPy, and is warned of once.
    """
    if not is_installed("numba"):
        return "numpy"
    cause = _trouble(dtype)
    if cause is None:
        return "numba"
    if not _warned:
        _warned.append(cause)
        text = f"numba cannot be imported ({cause}), so networks run on NumPy; see pip check"
        warnings.warn(text, RuntimeWarning, stacklevel=3)
    return "numpy"


#: What was warned of.
_warned: list[Exception] = []


def _trouble(dtype: str) -> Exception | None:
    """What keeps the compiled back end from being used, if anything."""
    codefiles.folders()  # a wrong name of a folder is not numba's fault
    return _failure(dtype)


@cache
def _failure(dtype: str) -> Exception | None:
    try:
        import_module("nefsim.backends.compiled.object_cache").demand(np.dtype(dtype))
    # A package that does not fit those around it fails in many ways while it is imported.
    except Exception as error:
        return error
    return None


def module(name: str, dtype: str = "float64") -> ModuleType:
    """The module of a back end, imported now."""
    path, package, extra = BACKENDS[name]
    if not is_installed(package):
        raise BackendUnavailable(
            f'Simulator: backend must be installed, got "{name}" without {package}; '
            f"{cure(extra)}, or take one of {', '.join(available())}."
        )
    if name == "numba" and (cause := _trouble(dtype)) is not None:
        raise BackendUnavailable(
            f'Simulator: backend must be one that can be imported, got "numba", which fails with '
            f"{type(cause).__name__}: {cause}; see pip check, or take "
            f"{', '.join(other for other in available() if other != name)}."
        ) from cause
    return import_module(path)


class Recorder(Protocol):
    """What a runner hands its records to."""

    def add(self, probe: int, rows: Array) -> None:
        """More rows of a probe, (n, ..., size), by its number; they may change afterwards."""

    def settle(self, n_steps: int) -> None:
        """The first ``n_steps`` steps are complete; rows of later ones never were."""


Runner = Callable[[int, Recorder], None]


def sampled(first_step: int, n_steps: int, every: float) -> NDArray[np.intp]:
    """Which of the steps ``first_step + 1 ... first_step + n_steps`` are recorded, from 0."""
    if every <= 1:
        return np.arange(n_steps)
    if every == int(every):
        return np.arange(-(first_step + 1) % int(every), n_steps, int(every))
    steps = np.arange(first_step + 1, first_step + n_steps + 1)
    return np.flatnonzero(steps % every < 1)
