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
    """The properties of a back end that are needed before its module is imported.

    Attributes
    ----------
    module : str
        The module with ``prepare(built, state)``.
    package, extra : str
        The package that it needs, and the extra of nefsim that installs it.
    rank : int
        "auto" chooses the usable back end of the highest rank; one of rank 0 is only chosen
        by name.
    keeps_state : bool
        Whether it works on a :class:`~nefsim.program.State`, which can be saved and keeps
        learned weights over a reset.
    demand : str
        A module whose ``demand(dtype)`` raises if the package is installed but cannot be used.
    """

    module: str
    package: str
    extra: str = ""
    rank: int = 0
    keeps_state: bool = True
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
}

#: Names of the back ends that run a :class:`~nefsim.program.Program`, also one of a Nengo model.
PROGRAM_BACKENDS = tuple(name for name, backend in BACKENDS.items() if backend.keeps_state)

#: Packages that were found to be installed.
_installed: set[str] = set()


def is_installed(package: str) -> bool:
    """Whether a package is installed; a missing one is looked for again at the next call."""
    # A search through all folders takes as long as building a small network.
    if package not in _installed and find_spec(package):
        _installed.add(package)
    return package in _installed


def available() -> list[str]:
    """Names of the back ends whose packages are installed."""
    return [name for name, backend in BACKENDS.items() if is_installed(backend.package)]


def fastest(dtype: str = "float64") -> str:
    """The back end of "auto": the fastest one that is installed and can be used.

    A warning is given once if a package is installed but cannot be imported.
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
    """The error that an installed back end fails with, or None."""
    demand = BACKENDS[name].demand
    if not demand:
        return None
    codefiles.folders()  # raises for a wrong folder, which is no fault of the package
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
    """The module of a back end, imported now."""
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


class Recorder(Protocol):
    """The receiver of the values that probes record."""

    def add(self, probe: int, rows: Array) -> None:
        """Add rows (n, ..., size) of a probe, given by its index; the array may change later."""

    def settle(self, n_steps: int) -> None:
        """The first ``n_steps`` steps are complete; rows of later steps are discarded."""


Runner = Callable[[int, Recorder], None]


def sampled(first_step: int, n_steps: int, every: float) -> NDArray[np.intp]:
    """Indices, from 0, of the steps ``first_step + 1 ... first_step + n_steps`` to record.

    Parameters
    ----------
    first_step : int
        Steps taken before.
    n_steps : int
        Steps taken now.
    every : float
        Interval of the samples [steps]; 1 or less records all steps.

    Returns
    -------
    ndarray of int
    """
    if every <= 1:
        return np.arange(n_steps)
    if every == int(every):
        return np.arange(-(first_step + 1) % int(every), n_steps, int(every))
    steps = np.arange(first_step + 1, first_step + n_steps + 1)
    return np.flatnonzero(steps % every < 1)
