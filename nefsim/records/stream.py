"""Records on disk: a folder of .npy files that grow, and a list of what they hold.

What the list counts is complete; rows behind that were on their way when the program
ended, and are not read.  The files are plain .npy for ``numpy.load(..., mmap_mode="r")``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nefsim import _checks as check

Arrays = dict[str, NDArray[Any]]

#: The list of what a folder holds, its kind and version.
LIST, KIND, VERSION = "stream.json", "stream", 1

#: Numbers that are written at once where one stands for many.
BLOCK = 1_000_000


class Stream:
    """A new folder for the records of a simulator.

    Parameters
    ----------
    who : str
        Who asks for it, for messages.
    folder : Path
        The folder; it may exist if it is empty.
    info : mapping
        What is known of the run.
    probes : sequence of mapping
        What is known of each probe, with the names, types and shapes of its ``arrays``.
    """

    def __init__(
        self, who: str, folder: Path, info: Mapping[str, Any], probes: Sequence[Mapping[str, Any]]
    ) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            do = "pass another name, so that nothing recorded is lost"
            check.fail(who, "stream", "be a new file or folder", f"{folder}", do)
        if not folder.parent.is_dir():
            do = "make the folder around it first"
            check.fail(who, "stream", "lie in a folder that exists", f"{folder}", do)
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._told = {"kind": KIND, "version": VERSION, "n_steps": 0, "info": dict(info)}
        # An array is kept in a file of so many rows, or as one number that is the same for all.
        self._probes = [{**p, "n_rows": 0, "in_files": {}, "same": {}} for p in probes]
        self.commit(0)

    def n_rows(self, probe: int) -> int:
        """Records of a probe that are here."""
        return int(self._probes[probe]["n_rows"])

    def append(self, probe: int, arrays: Mapping[str, NDArray[Any]], n_rows: int) -> None:
        """More of a probe's arrays, so that it has ``n_rows`` records in all.

        An array without dimensions is one number for all that is appended.
        """
        mine = self._probes[probe]
        in_files, same = dict(mine["in_files"]), dict(mine["same"])
        length = max((len(a) for a in arrays.values() if a.ndim), default=0)
        for name, array in arrays.items() if length else ():
            one = not array.ndim and name not in in_files
            if one and same.setdefault(name, float(array)) == float(array):
                continue
            if name in same:
                n_same = in_files["steps"] - length
                value = np.array(same.pop(name), array.dtype)
                in_files[name] = self._grow(probe, name, value, 0, n_same)
            n = in_files.get(name, 0)
            in_files[name] = self._grow(probe, name, array, n, length)
        mine |= {"in_files": in_files, "same": same, "n_rows": n_rows}

    def _grow(self, probe: int, name: str, rows: NDArray[Any], n: int, length: int) -> int:
        """Write rows behind the first ``n`` of a file, and then count them in its header."""
        shape = rows.shape[1:]
        with (self.folder / _file(probe, name)).open("r+b" if n else "w+b") as stream:
            _write_header(stream, rows.dtype, (n, *shape))
            stream.seek(n * int(np.prod(shape)) * rows.itemsize, 1)
            if rows.ndim:
                stream.write(np.ascontiguousarray(rows).data)
            else:
                for start in range(0, length, BLOCK):
                    stream.write(np.full(min(BLOCK, length - start), rows).tobytes())
            stream.seek(0)
            _write_header(stream, rows.dtype, (n + length, *shape))
        return n + length

    def commit(self, n_steps: int) -> None:
        """All that was appended is complete, up to this step."""
        self._told["n_steps"] = n_steps
        part = self.folder / f"{LIST}.part"
        part.write_text(json.dumps({**self._told, "probes": self._probes}))
        part.replace(self.folder / LIST)

    def read(self, probe: int) -> Arrays:
        """A probe's arrays, mapped into memory."""
        return read_arrays(self.folder, probe, self._probes[probe])


def read_list(who: str, folder: Path) -> dict[str, Any]:
    """The list of what a folder holds."""
    try:
        told = json.loads((folder / LIST).read_text())
    except (OSError, ValueError) as error:
        told, why = None, f" ({error})"
    else:
        why = ""
    if not isinstance(told, dict) or (told.get("kind"), told.get("version")) != (KIND, VERSION):
        do = "pass a folder that a simulator streamed to"
        check.fail(who, "path", "be a stream of nefsim", f"{folder}{why}", do)
    return told


def read_arrays(folder: Path, probe: int, told: Mapping[str, Any]) -> Arrays:
    """The arrays of one probe that were complete, mapped into memory."""
    arrays: Arrays = {}
    for name, (kind, shape) in told["arrays"].items():
        n = told["in_files"].get(name, 0)
        if n:
            mapped = np.load(folder / _file(probe, name), mmap_mode="r")
            arrays[name] = np.asarray(mapped)[:n]
        elif name in told["same"]:
            arrays[name] = np.array(told["same"][name], kind)
        else:
            arrays[name] = np.empty((0, *shape), kind)
    return arrays


def _file(probe: int, name: str) -> str:
    return f"probe {probe}{name and f' {name}'}.npy"


def _write_header(stream: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """The header of an .npy file; NumPy leaves room in it for the first axis to grow."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(stream, header)
