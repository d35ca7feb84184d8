"""Set-up of all tests: missing packages, a first compilation, and a list of skipped tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDS = {
    "torch": ("nefsim/train", "nefsim/convert"),
    "nir": ("nefsim/nir",),
    "bokeh": ("nefsim/view",),
    "gymnasium": ("nefsim/gym",),
    "sklearn": ("nefsim/sklearn",),
}
collect_ignore = [room for package in NEEDS if not find_spec(package) for room in NEEDS[package]]

if find_spec("hypothesis"):
    from hypothesis import settings

    # Examples may take longer than the default limit of 0.2 s on a busy machine.
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


class Skipped:
    """Writes the names of skipped tests to a file, for another run with more packages.

    Run ``NEFSIM_SKIPPED=file pytest``, install the missing packages, and pass the lines of
    the file to pytest.
    """

    def __init__(self, file: str) -> None:
        self.file, self.names = Path(file), [*collect_ignore]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.names.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.names.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        names = dict.fromkeys(self.names)  # a file that is skipped is reported twice
        self.file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    if file := os.environ.get("NEFSIM_SKIPPED"):
        config.pluginmanager.register(Skipped(file))


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> None:
    """Compile the interpreter in both precisions before any test is timed or looks at stderr."""
    if find_spec("numba"):
        import numpy as np

        from nefsim.backends.compiled.object_cache import interpreter

        for name in ("float64", "float32"):
            interpreter(np.dtype(name))


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    """Close the figures of each test and example; matplotlib warns of more than twenty."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="session", autouse=True)
def _cache_of_nengo(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cache Nengo's decoders in a folder of this run.

    Processes that share the cache of a user wait for one another, and then warn.
    """
    if find_spec("nengo"):
        import nengo

        nengo.rc.set("decoder_cache", "path", str(tmp_path_factory.mktemp("decoders")))
