"""One change in a copy of the project, and whether its tests see it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from . import plugin
from .notes import LEADS, Notes, Test, environment
from .sites import Change

#: Seconds of tests (as noted) in the nearest files, and then in all.
NEAR, FAR = 12.0, 30.0

#: Factor of the latter for machine code, which thousands of tests run: no function of it is seen,
#: so that none of them is nearer than the others.
MACHINE_CODE = 4.0

#: Factor of the noted seconds, and seconds in addition, after which a run counts as hanging: of
#: processor time, so that other programs lengthen nothing.
SLOWER, MORE = 8.0, 60.0

#: Factor of these seconds after which a run that waits for something counts as hanging.
WAITING = 5.0

#: How long the interpreter may take to be compiled, twice.
COMPILING = 240.0


#: The start of the reason why a run ended that did not end by itself.
TOO_LONG = "no end within"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a change: the test that failed (empty if none did), and the seconds."""

    change: Change
    caught_by: str
    tests: int
    seconds: float


class Copy:
    """A copy of the project in a folder, in which files are changed and put back."""

    _changes = count(1)

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self._sound: set[str] = set()
        self._unsound: set[str] = set()
        folder.mkdir()
        for part in root.iterdir():
            if part.name in ("build", "dist") or part.name.startswith("."):
                continue
            if part.is_file():
                shutil.copy2(part, folder)
            else:
                # Python's cached code comes along, and with it the compiled interpreter.
                shutil.copytree(part, folder / part.name)

    def judge(self, change: Change, notes: Notes, far: float = FAR) -> Outcome:
        """Make the change, run the tests that belong to it and restore the file."""
        start = time.monotonic()
        file = self.folder / change.path
        source = (self.root / change.path).read_bytes()
        while True:
            file.write_bytes(change.apply(source))
            # Python's cached code is known by the time of its source, which no other change has.
            os.utime(file, (1e9 + next(self._changes),) * 2)
            try:
                caught_by, n_tests = self._failing(change, notes, far)
            finally:
                shutil.copy2(self.root / change.path, file)
            if not caught_by or self._is_sound(caught_by):
                return Outcome(change, caught_by, n_tests, time.monotonic() - start)

    def _is_sound(self, name: str) -> bool:
        """Whether a test passes without the change; one test of each file is tried.

        A test that does not catches nothing from then on, nor does a file without tests or one
        that takes longer than it may.
        """
        file = re.split("::|: ", name)[0]
        if not file.endswith(".py") or file in self._sound:
            return True
        if self._run([file], [name] if "::" in name else None, MORE + SLOWER * FAR):
            self._unsound.add(name if "::" in name and name not in self._unsound else file)
            return False
        self._sound.add(file)
        return True

    def _failing(self, change: Change, notes: Notes, far: float) -> tuple[str, int]:
        compiled = any(change.path.startswith(part) for part in LEADS)
        known = notes.executing(change.path, change.function)
        tests = [t for t in known if not {t.name, t.file} & self._unsound]
        if not tests:
            named = notes.by_name(change.path)
            files = [f for f in named if f not in self._unsound and (self.folder / f).exists()]
            limit = MORE + SLOWER * far
            caught_by = self._run(files, None, limit)
            if caught_by.startswith(TOO_LONG):  # which of the files?
                each = ((file, self._run([file], None, limit)) for file in files)
                caught_by = next((f if "::" in f else f"{file}: {f}" for file, f in each if f), "")
            return caught_by, 0
        near, others = stages(tests, notes.by_name(change.path), far * MACHINE_CODE**compiled)
        done = 0
        for stage in filter(None, (near, others)):
            limit = MORE + SLOWER * sum(test.seconds for test in stage) + COMPILING * compiled
            files = list(dict.fromkeys(test.file for test in stage))
            done += len(stage)
            if caught_by := self._run(files, [test.name for test in stage], limit):
                return caught_by, done
        return "", done

    def _run(self, files: list[str], names: list[str] | None, limit: float) -> str:
        """The test that failed, or another reason why the run ended; empty if all passed."""
        chosen = self.folder / ".chosen.json"
        more = {} if names is None else {plugin.CHOSEN: str(chosen)}
        more[plugin.LIMIT] = str(limit)
        chosen.write_text(json.dumps(names))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "mutants.plugin"]
        with subprocess.Popen(
            [*command, "-p", "no:cacheprovider", *files],
            cwd=self.folder,
            env=environment(self.folder, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=WAITING * limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return f"{TOO_LONG} {WAITING * limit:.0f} s"
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"{TOO_LONG} {limit:.0f} s"
        if process.returncode in (0, 5):
            return ""
        if failed := re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE):
            return failed[1]
        if process.returncode == 4:
            raise RuntimeError(f"pytest refused {files}:\n{said[-2000:]}")
        return f"exit status {process.returncode}"


def stages(tests: list[Test], named: list[str], far: float = FAR) -> tuple[list[Test], list[Test]]:
    """Quick tests of the two nearest files, then those of all files.

    A file is near if it has the name of the module, and else if many of its tests execute the
    function.  Tests of a file stand together, the quickest first.
    """
    many = Counter(test.file for test in tests)

    def nearness(file: str) -> tuple[int, int]:
        return named.index(file) if file in named else len(named), -many[file]

    files = sorted(many, key=nearness)
    near = _within([test for test in tests if test.file in files[:2]], NEAR)
    rest = [test for test in tests if test not in set(near)]
    quick = _within(rest, far / 2)
    # Slower tests of each file in turn, so that every file takes part.
    slower = _by_turns([test for test in rest if test not in set(quick)], far / 2)
    others = [*quick, *slower]
    by_file = {file: place for place, file in enumerate(files)}
    order = [sorted(s, key=lambda t: (by_file[t.file], t.seconds)) for s in (near, others)]
    return order[0], order[1]


def _within(tests: list[Test], seconds: float) -> list[Test]:
    """The quickest tests, up to a total of seconds; at least one."""
    return _up_to(sorted(tests, key=lambda test: test.seconds), seconds)


def _by_turns(tests: list[Test], seconds: float) -> list[Test]:
    """The quickest test of each file, then the second of each, up to a total of seconds."""
    turns: dict[str, int] = Counter()
    ranked = []
    for test in sorted(tests, key=lambda test: test.seconds):
        ranked.append((turns[test.file], test.seconds, test))
        turns[test.file] += 1
    return _up_to([test for *_, test in sorted(ranked, key=lambda r: r[:2])], seconds)


def _up_to(tests: list[Test], seconds: float) -> list[Test]:
    """The first tests that fit into a total of seconds; at least one, if there are any."""
    chosen: list[Test] = []
    total = 0.0
    for test in tests:
        if not chosen or total + test.seconds <= seconds:
            chosen.append(test)
            total += test.seconds
    return chosen
