"""Which tests execute which function: noted once for each test file, then read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import plugin

#: Tests that look at defaults, whatever they execute.
DEFAULTS = "tests/test_defaults.py"

#: The notes of a file of tests are stored here until the file changes.
FOLDER = ".pytest_cache/mutants"

#: Code that runs as machine code or in separate processes, where no function is seen, and the
#: function or folder that leads there.
PREPARE = "nefsim/backends/compiled/runner.py::prepare"
LEADS = {
    "nefsim/backends/compiled/kernel/": PREPARE,
    "nefsim/backends/compiled/opcodes.py": PREPARE,
    "nefsim/backends/compiled/object_cache.py": PREPARE,
    "nefsim/__main__.py": "nefsim/cli",
}


#: An import of names from a module of the package, and how much it counts.
IMPORT = re.compile(r"^ *from (nefsim[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
IMPORTED = 4


@dataclass(frozen=True)
class Test:
    """A test, its seconds, the functions that it executes, and whether it starts a process."""

    name: str
    seconds: float
    functions: frozenset[str]
    starts: bool = False

    @property
    def file(self) -> str:
        return self.name.split("::")[0]


class Notes:
    """Tests by the functions that they execute; without notes, files by their names."""

    def __init__(self, root: Path, tests: Iterable[Test] = ()) -> None:
        self.root = root
        self.tests = list(tests)

    @cached_property
    def _by_function(self) -> dict[str, list[Test]]:
        by = defaultdict(list)
        for test in self.tests:
            for function in test.functions:
                by[function].append(test)
                by[function.split("::")[0]].append(test)
        return by

    def executing(self, path: str, function: str) -> list[Test]:
        """Tests that execute a function, or code of a class or module; each once."""
        lead = next((to for start, to in LEADS.items() if path.startswith(start)), None)
        if lead:
            return [t for t in self.tests if any(f.startswith(lead) for f in t.functions)]
        key = f"{path}::{function}"
        # What a function returns may be called where the function itself was called before.
        inside = f"{key}." if function else f"{path}::"
        names = [name for name in self._by_function if name.startswith(inside)]
        found = [test for name in (key, *names) for test in self._by_function.get(name, [])]
        is_body = any(not name.startswith(f"{key}.<locals>") for name in names)
        if not found:  # a class without functions is used by those of its module
            found = list(self._by_function.get(path, ()))
            is_body = True
        if is_body:
            # A class or a module executes its body when it is imported: its constants and
            # defaults are also read by tests that execute nothing of it.
            found += [t for t in self.tests if not t.functions or t.file == DEFAULTS]
        # Other processes run functions that are not seen.
        files = self.by_name(path)
        found += [test for test in self.tests if test.starts and test.file in files]
        return list(dict.fromkeys(found))

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        """The modules that each file of tests imports by their names."""
        found = {}
        for file in sorted((self.root / "tests").glob("test_*.py")):
            names: set[str] = set()
            for module, parts in IMPORT.findall(file.read_text("utf-8")):
                names |= {module, *(f"{module}.{part}" for part in re.findall(r"\w+", parts))}
            found[file.relative_to(self.root).as_posix()] = names
        return found

    def by_name(self, path: str) -> list[str]:
        """Files of tests that have the name of a module or of its folder, and its docstrings.

        Words that begin alike, as filters and filtering, count half as much as equal ones, and
        those in one or many (cost and costs) are equal.  A file that imports the module itself
        is nearer than any by its words.  The tests of defaults are the last.
        """
        parts = Path(path).with_suffix("").parts[1:]
        module = ".".join(("nefsim", *(part for part in parts if part != "__init__")))
        words = {part.strip("_") for part in parts} - {"init", "main", "base"}
        words |= {word.removesuffix("s") for word in words} | {f"{word}s" for word in words}
        begins = {word[:5] for word in words if len(word) >= 5}
        nearness = {}
        for file in sorted((self.root / "tests").glob("test_*.py")):
            parts_of_file = {*file.stem.split("_")[1:]}
            equal = words & {*parts_of_file, file.stem[5:]}
            alike = {part for part in parts_of_file if part[:5] in begins}
            name = file.relative_to(self.root).as_posix()
            nearness[name] = len(equal) + len(alike | equal)
            nearness[name] += IMPORTED * (module in self._imports.get(name, ()))
        # The more of the name, the nearer.
        named = sorted(
            (file for file, n in nearness.items() if n), key=lambda file: -nearness[file]
        )
        return [*dict.fromkeys([*named, DEFAULTS]), path]


def read(root: Path, jobs: int, say: Callable[[str], None]) -> Notes:
    """Notes of all tests, those that are missing made now."""
    from concurrent.futures import ThreadPoolExecutor

    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = {target: folder / f"{_digest(root, target)}.json" for target in targets(root)}
    missing = [target for target, file in files.items() if not file.exists()]
    if missing:
        say(f"noting which functions the tests of {len(missing)} files execute")
    with ThreadPoolExecutor(jobs) as pool:
        for target, line in pool.map(lambda t: (t, _note(root, t, files[t])), missing):
            say(f"  {target}: {line}")
    tests = []
    for file in files.values():
        if file.exists():
            for name, test in json.loads(file.read_text()).items():
                functions = frozenset(test["functions"])
                tests.append(Test(name, test["seconds"], functions, test.get("starts", False)))
    return Notes(root, tests)


def targets(root: Path) -> list[str]:
    """Files of tests and folders of docstrings, the largest first."""
    files = sorted((root / "tests").glob("test_*.py"), key=lambda f: -f.stat().st_size)
    folders = sorted(file.parent for file in (root / "nefsim").glob("*/__init__.py"))
    tests = [f for f in files if f.stem not in ("test_notebooks", "test_readme", "test_mutants")]
    return [f.relative_to(root).as_posix() for f in (*tests, *folders)] + ["nefsim/*.py"]


def environment(root: Path, **more: str) -> dict[str, str]:
    """Variables of a run of tests in a copy: modules of the copy first, and one thread of BLAS."""
    path = os.pathsep.join(map(str, (root, root / "tests")))
    fixed = {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return {k: v for k, v in os.environ.items() if k != "NEFSIM_DATA"} | fixed | more


def _note(root: Path, target: str, file: Path) -> str:
    paths = [p.relative_to(root).as_posix() for p in sorted(root.glob(target))]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mutants.plugin", *paths]
    noting = environment(root, **{plugin.NOTES: str(file)})
    done = subprocess.run(command, cwd=root, env=noting, capture_output=True, text=True)
    return (done.stdout.splitlines() or [done.stderr])[-1]


def _digest(root: Path, target: str) -> str:
    found = hashlib.blake2b(target.encode(), digest_size=8)
    for path in sorted(root.glob(target)):
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.read_bytes())
    return f"{target.replace('/', '.').replace('*', 'modules')}.{found.hexdigest()}"
