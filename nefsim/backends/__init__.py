"""Back ends run programs; each is a module with one function, ``prepare(built, state)``.

``prepare`` returns a runner.  Its parameters are:

built : Built
    The network, read-only; ``built.program`` has its signals, operations and records.
state : State
    The values of signals, the memory of operations, and the number of steps so far,
    ``state.step``.  The runner changes them in place.

The runner ``run(n_steps, recorder)`` runs ``n_steps`` time steps from the present state, adds
``n_steps`` to ``state.step``, and passes the rows of each record to the ``recorder``, a
:class:`Recorder`.  A back end's module is imported when a simulator first needs it.  Test a
back end of yours by :func:`nefsim.testing.check_backend`.
"""

from __future__ import annotations

import sys
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
    """Properties of a back end that can be read before its module is imported.

    Attributes
    ----------
    module : str
        Name of the module with ``prepare(built, state)``.
    package, extra : str
        The package that the module needs, and the extra of nefsim that installs the package.
    rank : int
        "auto" chooses the usable back end of the highest rank.  A back end of rank 0 is only
        used if the user names it.
    keeps_state : bool
        Whether the runner updates its :class:`~nefsim.program.State`, so that a run can be
        saved and continued, and a reset can preserve learned weights.
    is_shared : bool
        Whether several processes run one network together: each builds it with the same seed,
        and runs its share of a partition.
    demand : str
        Name of a module with a function ``demand(dtype)``, which raises an error if the
        package is installed but cannot be used.
    """

    module: str
    package: str
    extra: str = ""
    rank: int = 0
    keeps_state: bool = True
    is_shared: bool = False
    demand: str = ""


#: The back ends by the name that users pass; a new back end is one more entry.
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
    "mpi": Backend(
        "nefsim.backends.mpi",
        "mpi4py",
        "mpi",
        keeps_state=False,
        is_shared=True,
        demand="nefsim.backends.mpi",
    ),
}

#: Names of the back ends that run a :class:`~nefsim.program.Program`, also one of a Nengo model.
PROGRAM_BACKENDS = tuple(name for name, backend in BACKENDS.items() if backend.keeps_state)

#: Packages that were found to be installed.
_installed: set[str] = set()


def is_installed(package: str) -> bool:
    """Whether a package is installed.  Only the answer yes is cached."""
    # A search through all folders takes as long as building a small network.
    if package not in _installed and find_spec(package):
        _installed.add(package)
    return package in _installed


def available() -> list[str]:
    """Names of the back ends whose packages are installed."""
    return [name for name, backend in BACKENDS.items() if is_installed(backend.package)]


def fastest(dtype: str = "float64") -> str:
    """The name of the fastest back end that is installed and can be used, for "auto".

    It warns once if a package is installed but cannot be imported.
    """
    ranked = sorted(available(), key=lambda name: -BACKENDS[name].rank)
    for name in ranked:
        cause = _import_error(name, dtype)
        if cause is None:
            return name
        if not _warnings_given:
            _warnings_given.append(cause)
            text = f"{name} cannot be imported ({cause}), so networks run on NumPy; run pip check"
            warnings.warn(text, RuntimeWarning, stacklevel=3)
    raise AssertionError("NumPy is always installed")


#: The error of the first warning; there is no second one.
_warnings_given: list[Exception] = []


def _import_error(name: str, dtype: str) -> Exception | None:
    """The error that prevents the use of an installed back end; None if it can be used."""
    demand = BACKENDS[name].demand
    if not demand:
        return None
    codefiles.checked_setting()  # raises for a wrong folder, which is no fault of the package
    return _cached_import_error(demand, dtype)


@cache
def _cached_import_error(demand: str, dtype: str) -> Exception | None:
    try:
        import_module(demand).demand(np.dtype(dtype))
    # A package that does not match the other installed ones can raise anything on import.
    except Exception as error:
        return error
    return None


def module(name: str, dtype: str = "float64") -> ModuleType:
    """Import and return the module of a back end."""
    backend = BACKENDS[name]
    if not is_installed(backend.package):
        raise BackendUnavailable(
            f'Simulator: backend must be installed, got "{name}" without {backend.package}; '
            f"{cure(backend.extra)}, or choose one of {', '.join(available())}."
        )
    if (cause := _import_error(name, dtype)) is not None:
        raise BackendUnavailable(
            f'Simulator: backend must be one that can be imported, got "{name}", which fails with '
            f"{type(cause).__name__}: {cause}; run pip check, or choose "
            f"{', '.join(other for other in available() if other != name)}."
        ) from cause
    return import_module(backend.module)


def is_first_process() -> bool:
    """Whether this process writes files and prints, of those that run one network together."""
    links = sys.modules.get("nefsim.backends.mpi.processes")
    if links is None or not links.processes.cache_info().currsize:  # MPI has not been started
        return True
    return bool(links.processes().process == 0)


class Recorder(Protocol):
    """The receiver of the values that probes record."""

    def add(self, probe: int, rows: Array) -> None:
        """Add rows (n, ..., size) of the probe with this index; copy them, as they will change."""

    def settle(self, n_steps: int) -> None:
        """Confirm that the first ``n_steps`` steps are complete, and discard rows of later ones."""


Runner = Callable[[int, Recorder], None]


def sampled(first_step: int, n_steps: int, every: float) -> NDArray[np.intp]:
    """The steps of a chunk that a probe records, as indices from 0 for its first step.

    Parameters
    ----------
    first_step : int
        Number of steps before the chunk.
    n_steps : int
        Number of steps of the chunk.
    every : float
        Interval between records [steps]; 1 or less means all steps.

    Returns
    -------
    ndarray of int
    """
    if every <= 1:
        return np.arange(n_steps)
    if every > first_step + n_steps:  # also infinite, in a damaged file
        return np.arange(0)
    if every == int(every):
        return np.arange(-(first_step + 1) % int(every), n_steps, int(every))
    steps = np.arange(first_step + 1, first_step + n_steps + 1)
    return np.flatnonzero(steps % every < 1)
