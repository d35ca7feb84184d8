"""Optional packages: the extra that brings each, what it is good for, and how to get it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """Packages of an extra in the order of setup.cfg, and what they bring."""

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
    "xarray": Extra(("xarray",), "results as labelled arrays: result.to_xarray()"),
}


class BackendUnavailable(ImportError):
    """Something needs a package that is not installed; the message says how to install it."""


def cure(extra: str) -> str:
    """What installs the packages of an extra, wherever nefsim itself was installed from.

    Examples
    --------
    >>> cure("fast")
    'pip install numba threadpoolctl (the extra "fast")'
    """
    return f'pip install {" ".join(EXTRAS[extra].packages)} (the extra "{extra}")'


def cure_of(package: str) -> str | None:
    """What installs a package, or None if no extra brings it."""
    return next((cure(name) for name, e in EXTRAS.items() if package in e.packages), None)


def require(room: str, extra: str) -> None:
    """Raise BackendUnavailable unless the packages of an extra are installed."""
    for package in EXTRAS[extra].packages:
        if importlib.util.find_spec(package) is None:
            message = f"{room}: {package} must be installed, got none; {cure(extra)}."
            raise BackendUnavailable(message)
