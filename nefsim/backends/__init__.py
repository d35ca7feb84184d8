"""Back ends: each is one function ``prepare(built, state)`` that returns a runner.

``prepare`` has two parameters:

built : Built
    The network, read-only; ``built.program`` has its signals, operations and records.
state : State
    The values of signals and the memory of operations, changed in place by the runner, and
    ``state.step``, the number of steps that are done.

The runner ``run(n_steps, recorder)`` takes ``n_steps`` more steps from the state as it is, adds
``n_steps`` to ``state.step``, and passes the rows of each record to the ``recorder``, a
:class:`Recorder`.  Modules are named here and imported when a simulator asks for them;
:func:`nefsim.testing.check_backend` checks the laws of a new one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Backend:
    """What is known of a back end before its module is imported.

    Attributes
    ----------
    module : str
        Where ``prepare(built, state)`` is.
    package, extra : str
        The package that it needs, and the extra of nefsim that installs it.
    rank : int
        "auto" takes the highest that can be used; 0 is only taken by name.
    keeps_state : bool
        Whether the state is ours, to be saved and to keep learned weights over a reset.
    demand : str
        A module whose ``demand(dtype)`` raises where the package is there and of no use.
    """

    module: str
    package: str
    extra: str = ""
    rank: int = 0
    keeps_state: bool = True
    demand: str = ""


#: By the name that users give; one more back end is one more line.
BACKENDS = {
    "numpy": Backend("nefsim.backends.vectorised", "numpy", rank=1),
    "numba": Backend(
        "nefsim.backends.compiled",
        "numba",
        "fast",
        2,
        demand="nefsim.backends.compiled.object_cache",
    ),
    "nengo": Backend("nefsim.nengo", "nengo", "nengo", keeps_state=False),
}

#: Those that run any program, Nengo's networks too.
OWN = tuple(name for name, backend in BACKENDS.items() if backend.keeps_state)

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
    return [name for name, backend in BACKENDS.items() if is_installed(backend.package)]


def fastest(dtype: str = "float64") -> str:
    """What "auto" takes: the fastest back end that is installed and can be used.

    One whose package cannot be imported is warned of once.
    """
    ranked = sorted(available(), key=lambda name: -BACKENDS[name].rank)
    for name in ranked:
        cause = _trouble(name, dtype)
        if cause is None:
            return name
        if not _warned:
            _warned.append(cause)
            text = f"{name} cannot be imported ({cause}), so networks run on NumPy; see pip check"
            warnings.warn(text, RuntimeWarning, stacklevel=3)
    raise AssertionError("NumPy is always there")


#: What was warned of.
_warned: list[Exception] = []


def _trouble(name: str, dtype: str) -> Exception | None:
    """What keeps an installed back end from being used, if anything."""
    demand = BACKENDS[name].demand
    if not demand:
        return None
    codefiles.folders()  # a wrong name of a folder is not the package's fault
    return _failure(demand, dtype)


@cache
def _failure(demand: str, dtype: str) -> Exception | None:
    try:
        import_module(demand).demand(np.dtype(dtype))
    # A package that does not fit those around it fails in many ways while it is imported.
    except Exception as error:
        return error
    return None


def module(name: str, dtype: str = "float64") -> ModuleType:
    """The module of a back end, imported now."""
    backend = BACKENDS[name]
    if not is_installed(backend.package):
        raise BackendUnavailable(
            f'Simulator: backend must be installed, got "{name}" without {backend.package}; '
            f"{cure(backend.extra)}, or take one of {', '.join(available())}."
        )
    if (cause := _trouble(name, dtype)) is not None:
        raise BackendUnavailable(
            f'Simulator: backend must be one that can be imported, got "{name}", which fails with '
            f"{type(cause).__name__}: {cause}; see pip check, or take "
            f"{', '.join(other for other in available() if other != name)}."
        ) from cause
    return import_module(backend.module)


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
