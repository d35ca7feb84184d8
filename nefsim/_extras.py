"""Optional packages: their extras, their purpose, and the command that installs them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """Packages of an extra in the order of setup.cfg, and their purpose."""

    packages: tuple[str, ...]
    brings: str


#: Extras by name, as in setup.cfg; those for tests and development are left out.
EXTRAS = {
    "fast": Extra(("numba", "threadpoolctl"), "compiled runs, many times faster"),
    "nengo": Extra(("nengo",), "Nengo models in nefsim, and comparison with Nengo"),
    "progress": Extra(("tqdm",), "progress bars, in notebooks too"),
    "train": Extra(("torch",), "training by surrogate gradients, and conversion (PyTorch)"),
    "nir": Extra(("nir",), "NIR graphs from networks, and networks from NIR graphs"),
    "view": Extra(("bokeh",), "a network in the browser while it runs (Bokeh)"),
    "mpi": Extra(("mpi4py", "mpich"), "one network on several processes and machines (MPI)"),
    "dask": Extra(("distributed",), "sweeps on the machines of a Dask cluster"),
    "pandas": Extra(("pandas",), "results and sweeps as tables: result.to_pandas(), sweep.table()"),
    "xarray": Extra(("xarray",), "results as labelled arrays: result.to_xarray()"),
    "neo": Extra(("neo",), "results as spike trains and signals, also for NWB: result.to_neo()"),
    "pynapple": Extra(("pynapple",), "results as time series: result.to_pynapple()"),
}


class BackendUnavailable(ImportError):
    """Error about a missing optional package; the message says how to install it.

    See Also
    --------
    Simulator : Its argument ``backend``.

    Examples
    --------
    >>> import nefsim as nef
    >>> issubclass(nef.BackendUnavailable, ImportError)
    True
    """


def cure(extra: str) -> str:
    """The command that installs the packages of an extra, for any installation of nefsim.

    Examples
    --------
    >>> cure("fast")
    'pip install numba threadpoolctl (the extra "fast")'
    """
    return f'pip install {" ".join(EXTRAS[extra].packages)} (the extra "{extra}")'


def cure_of(package: str) -> str | None:
    """The command that installs a package, or None if no extra contains it."""
    return next((cure(name) for name, e in EXTRAS.items() if package in e.packages), None)


def require(room: str, extra: str) -> None:
    """Raise BackendUnavailable unless the packages of an extra are installed."""
    for package in EXTRAS[extra].packages:
        if importlib.util.find_spec(package) is None:
            message = f"{room}: {package} must be installed, got none; {cure(extra)}."
            raise BackendUnavailable(message)
