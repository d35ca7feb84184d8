"""A pytest plugin: notes the functions that each test executes, or runs chosen tests in order."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# A shell that starts the command in the background has it ignore Ctrl-C, as would its tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: The file for the functions that each test executes, the file with the tests to run, and their
#: limit of processor seconds.
NOTES, CHOSEN, LIMIT = "MUTATIONS_NOTES", "MUTATIONS_CHOSEN", "MUTATIONS_LIMIT"


def processor_seconds() -> float:
    """Processor time of this process and its ended children, which load does not lengthen."""
    return sum(os.times()[:4])


class Noting:
    """Which functions of the package each test that passes executes, and its seconds."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen: dict[int, CodeType] = {}
        self.fixtures: dict[str, set[str]] = {}
        self.tests: dict[str, dict[str, Any]] = {}
        self.failed: set[str] = set()
        self.starts = False  # whether the test has started another process
        sys.addaudithook(self.audit)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See that a process is started, whose functions are not seen."""
        self.starts = self.starts or event in ("subprocess.Popen", "os.fork", "os.posix_spawn")

    def trace(self, frame: FrameType, event: str, arg: Any) -> None:
        self.seen[id(frame.f_code)] = frame.f_code

    def functions(self) -> set[str]:
        """Files and qualified names of the functions seen since the last call."""
        package = f"{ROOT / 'nefsim'}{os.sep}"
        seen, self.seen = self.seen, {}  # calls of fixtures are seen as well
        return {
            f"{Path(code.co_filename).relative_to(ROOT).as_posix()}::{code.co_qualname}"
            for code in seen.values()
            if code.co_filename.startswith(package)
        }

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.functions()
        self.starts = False
        start = processor_seconds()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        names = getattr(item, "fixturenames", ())
        shared = (self.fixtures.get(name, set()) for name in names)
        self.tests[item.nodeid] = {
            "seconds": round(processor_seconds() - start, 3),
            "functions": sorted(self.functions().union(*shared)),
            "starts": self.starts,
        }

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """The functions of a fixture count for each test that uses it."""
        before, self.seen = self.seen, {}
        yield
        inside = self.seen
        if fixturedef.scope != "function":
            self.fixtures.setdefault(fixturedef.argname, set()).update(self.functions())
        self.seen = before | inside

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        passed = {name: test for name, test in self.tests.items() if name not in self.failed}
        self.file.write_text(json.dumps(passed))


class Choosing:
    """The tests of a list, in its order, and no others."""

    def __init__(self, names: list[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.places]
        items[:] = sorted(chosen, key=lambda item: self.places[item.nodeid])


def pytest_configure(config: pytest.Config) -> None:
    if notes := os.environ.get(NOTES):
        config.pluginmanager.register(Noting(Path(notes)))
    if limit := os.environ.get(LIMIT):
        # The system ends a process that takes longer.
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(float(limit)),) * 2)
    if chosen := os.environ.get(CHOSEN):
        config.pluginmanager.register(Choosing(json.loads(Path(chosen).read_text())))
