"""Sweeps in Python files: ``task``, a function, ``grid`` and ``seeds``."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from nefsim import _checks as check
from nefsim import scripts

#: Names in the file of a sweep.
TASK, GRID, SEEDS = "task", "grid", "seeds"


@dataclass(frozen=True)
class ScriptTask:
    """The function ``task`` of a file, which workers find by the text of the file.

    Parameters
    ----------
    path : str
        The file.
    source : str
        Its text, so that a worker on another machine needs no copy of the file.
    """

    path: str
    source: str = field(repr=False)

    def load(self) -> Any:
        """The function, from a module that each process makes once."""
        return getattr(_module(self.path, self.source), TASK)

    def __call__(self, **arguments: Any) -> Any:
        """Call the function; its warnings are lines, as those of the command."""
        with scripts.warnings_on_one_line():
            return self.load()(**arguments)


@dataclass(frozen=True)
class BatchTask(ScriptTask):
    """A ``task`` that also takes many seeds at once."""

    batch: int = 1

    def many(self, **arguments: Any) -> Any:
        """Call the method ``many`` of the object."""
        with scripts.warnings_on_one_line():
            return self.load().many(**arguments)


@dataclass(frozen=True)
class Script:
    """The content of the file of a sweep."""

    task: ScriptTask
    grid: Any
    seeds: Any


def read(who: str, path: Path) -> Script:
    """Run the file of a sweep and return its function, grid and seeds.

    Raises
    ------
    ValueError
        If the file does not run, or has no ``task`` and ``grid``.
    """
    names = scripts.namespace_of(path, who, _run)
    task = names.get(TASK)
    must = f"define {TASK}, a function, and {GRID}, a dict of lists"
    do = f"write def {TASK}(n, seed): ... and {GRID} = {{'n': [50, 100]}}"
    if not callable(task) or isinstance(task, type):
        check.fail(who, "file", must, f"{path} without {TASK}", do)
    if GRID not in names:
        check.fail(who, "file", must, f"{path} without {GRID}", do)
    source = path.read_text(encoding="utf-8")
    place = str(path.resolve())
    if hasattr(task, "many"):
        found: ScriptTask = BatchTask(place, source, getattr(task, "batch", 1))
    else:
        found = ScriptTask(place, source)
    return Script(found, names[GRID], names.get(SEEDS))


def _run(file: Path) -> dict[str, Any]:
    return vars(_module(str(file.resolve()), file.read_text(encoding="utf-8")))


def _module(path: str, source: str) -> ModuleType:
    """The module of a file, which is run once in a process for each version of its text."""
    digest = hashlib.blake2b(f"{path}\0{source}".encode(), digest_size=8).hexdigest()
    name = f"nefsim_sweep_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # classes and pickles look it up
    try:
        with scripts.folder_on_path(Path(path)):
            exec(compile(source, path, "exec"), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module
