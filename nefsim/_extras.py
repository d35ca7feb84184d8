"""Optional packages: their extras, their purpose, and the command that installs them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
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
    "nir": Extra(("nir", "h5py"), "NIR graphs from networks, and networks from NIR graphs"),
    "view": Extra(("bokeh",), "a network in the browser while it runs (Bokeh)"),
    "notebook": Extra(("jupyter_bokeh",), "a running network in a cell of a notebook"),
    "io": Extra(
        ("pyserial", "pyzmq", "python-osc", "pylsl", "sounddevice", "soundfile"),
        "serial ports, ZeroMQ, OSC, LSL and sound as nodes",
    ),
    "gym": Extra(("gymnasium",), "networks that act in environments of gymnasium"),
    "mpi": Extra(("mpi4py", "mpich"), "one network on several processes and machines (MPI)"),
    "dask": Extra(("distributed",), "sweeps on the machines of a Dask cluster"),
    "pandas": Extra(("pandas",), "results and sweeps as tables: result.to_pandas(), sweep.table()"),
    "xarray": Extra(("xarray",), "results as labelled arrays: result.to_xarray()"),
    "neo": Extra(("neo",), "results as spike trains and signals, also for NWB: result.to_neo()"),
    "pynapple": Extra(("pynapple",), "results as time series: result.to_pynapple()"),
    "sklearn": Extra(("scikit-learn",), "populations as estimators of scikit-learn"),
}

#: Names by which packages are imported, where they have other ones.
MODULES = {
    "pyserial": "serial",
    "pyzmq": "zmq",
    "python-osc": "pythonosc",
    "scikit-learn": "sklearn",
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


def cure_of(module: str) -> str | None:
    """The command that installs a package, or None if no extra contains it."""
    return next((cure(name) for name, e in EXTRAS.items() if module in modules(e.packages)), None)


def modules(packages: Iterable[str]) -> list[str]:
    """The names by which packages are imported."""
    return [MODULES.get(package, package) for package in packages]


def require(room: str, extra: str, *needed: str) -> None:
    """Raise BackendUnavailable unless the packages of an extra, or those of it, are installed."""
    for package in needed or EXTRAS[extra].packages:
        if importlib.util.find_spec(MODULES.get(package, package)) is None:
            message = f"{room}: {package} must be installed, got none; {cure(extra)}."
            raise BackendUnavailable(message)
