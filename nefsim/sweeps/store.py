"""The folder of a sweep: a file for each result, one for each failure, and the list of tasks."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim import files
from nefsim._schema import misfit
from nefsim._writing import replacing
from nefsim.sweeps.grid import LARGEST_SEED, MOST_TASKS, Task
from nefsim.sweeps.values import LARGEST, LONGEST_TEXT, MOST_VALUES, Arrays, Values

#: Kind of the files, and names in the folder.
KIND, LIST = "result of a sweep", "sweep.json"

#: Schema of the description of a result.
SCHEMA = {"key": str, "seed": (None, int), "parameters": {str: object}, "values": {str: object}}

#: Schema of the list of tasks.
LIST_SCHEMA = {
    "kind": "sweep",
    "version": range(1, 2),
    "function": str,
    "content": str,
    "versions": {str: str},
    "points": [{str: object}],
    "seeds": [(None, int)],
}

#: Longest list of tasks [bytes].
LONGEST_LIST = 2**30


@dataclass(frozen=True)
class Stored:
    """The values of a result, and the names of its arrays, which stay in the file."""

    values: Values
    arrays: tuple[str, ...]


class Store:
    """Results in a folder, by key.

    A file is written under another name and then renamed, so that a result is complete or absent.
    Files are not synchronised to the disk one by one: after a power failure the newest may be
    damaged, is then read as absent, and computed again.

    Parameters
    ----------
    folder : Path
        The folder; it is made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def result_file(self, key: str) -> Path:
        """The file of a result."""
        return self.folder / "results" / key[:2] / f"{key}.npz"

    def failure_file(self, key: str) -> Path:
        """The file of the traceback of a failure."""
        return self.folder / "failures" / f"{key}.txt"

    def write(self, task: Task, values: Values, arrays: Arrays) -> None:
        """Write the result of a task, and remove the traceback of an earlier failure."""
        path = self.result_file(task.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = {
            "kind": KIND,
            "version": files.VERSION,
            "key": task.key,
            "parameters": task.parameters,
            "seed": task.seed,
            "values": values,
            "arrays": [*arrays],
        }
        # Names of a user's arrays could be those of members, or no names of files.
        members = {f"a{i}": array for i, array in enumerate(arrays.values())}
        save = np.savez_compressed if arrays else np.savez
        with replacing(path, sync=False) as stream:
            save(stream, **{files.META: np.array(json.dumps(meta))}, **members)  # type: ignore[arg-type]
        with suppress(FileNotFoundError):
            self.failure_file(task.key).unlink()

    def read(self, task: Task) -> Stored | None:
        """The values of a task, or None if its file is absent, damaged or of another task."""
        try:
            with self._opened(task) as saved:
                return Stored(saved.meta["values"], tuple(saved.meta["arrays"]))
        except (ValueError, OSError):
            return None

    def arrays(self, task: Task) -> Arrays:
        """The arrays of a task.

        Raises
        ------
        ValueError
            If the file is damaged.
        """
        with self._opened(task) as saved:
            return {name: saved.array(f"a{i}") for i, name in enumerate(saved.meta["arrays"])}

    def _opened(self, task: Task) -> files.Saved:
        schema = {**SCHEMA, "arrays": [str]}
        saved = files.Saved("sweep", self.result_file(task.key), KIND, schema)
        try:
            self._check(task, saved)
        except BaseException:
            saved.close()
            raise
        return saved

    def _check(self, task: Task, saved: files.Saved) -> None:
        """Raise ValueError unless a file is of this task, complete and not too large."""
        meta = saved.meta
        if (meta["key"], meta["parameters"], meta["seed"]) != (
            task.key,
            task.parameters,
            task.seed,
        ):
            saved.fail("it is of another task")
        n = len(meta["arrays"])
        if n + len(meta["values"]) > MOST_VALUES or saved.size > 2 * LARGEST:
            saved.fail("it is too large")
        for value in meta["values"].values():
            if isinstance(value, (list, dict)):
                saved.fail("it has a value that is no number or text")
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                saved.fail("it has a text that is too long")
        if {*saved.names} != {files.META, *(f"a{i}" for i in range(n))}:
            saved.fail("it has other arrays than it names")
        for i in range(n):
            saved.header(f"a{i}")

    def fail(self, task: Task, text: str) -> None:
        """Write the traceback of a failure."""
        path = self.failure_file(task.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, sync=False) as stream:
            stream.write(f"{task}\n\n{text}".encode("utf-8", "backslashreplace"))

    def write_list(self, meta: dict[str, Any]) -> None:
        """Write the list of tasks, which is replaced whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.folder / LIST) as stream:
            stream.write(files.sealed({"kind": "sweep", "version": 1, **meta}))

    def read_list(self, who: str) -> dict[str, Any]:
        """Read the list of tasks.

        Raises
        ------
        ValueError
            If it is absent or damaged.
        """
        path = self.folder / LIST
        do = "pass a folder that nefsim.sweep wrote"
        if not path.is_file():
            check.fail(who, "folder", f"have a file {LIST}", f"{self.folder}", do)
        try:
            if path.stat().st_size > LONGEST_LIST:
                raise ValueError("it is too long")
            text = path.read_bytes()
            meta = json.loads(text)
            why = misfit(meta, LIST_SCHEMA)
            # Lists of 0.2.0 have no checksum.
            if not why and meta.pop("crc32", None) is not None and not files.is_sealed(text):
                why = "its checksum differs"
        except (ValueError, RecursionError) as error:
            meta, why = {}, str(error)
        if not why and len(meta["points"]) * len(meta["seeds"]) > MOST_TASKS:
            why = f"it has more than {MOST_TASKS} tasks"
        if not why and any(s is not None and not 0 <= s <= LARGEST_SEED for s in meta["seeds"]):
            why = "it has a seed that is out of range"
        if why:
            check.fail(who, "folder", "have a list of tasks", f"{path} ({why})", do)
        return dict(meta)
