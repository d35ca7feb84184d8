"""What pytest leaves out where an optional package is missing, and what it does first."""

from importlib.util import find_spec

import pytest

NEEDS = {
    "torch": ("nefsim/train", "nefsim/convert"),
    "nir": ("nefsim/nir",),
    "bokeh": ("nefsim/view",),
}
collect_ignore = [room for package in NEEDS if not find_spec(package) for room in NEEDS[package]]


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> None:
    """Compile the interpreter in both precisions before any test is timed or looks at stderr."""
    if find_spec("numba"):
        import numpy as np

        from nefsim.backends.machine import interpreter

        for name in ("float64", "float32"):
            interpreter(np.dtype(name))
