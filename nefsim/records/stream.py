"""Records on disk: a folder of .npy files that grow, and a list of what they hold.

What the list counts is complete and on the disk; while a simulator runs, a log has what came
after that.  Rows behind both were on their way when the program ended, and are not read; nor
is a log that counts rows which a power failure took.  The files are plain .npy, for
``numpy.load(..., mmap_mode="r")``.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._writing import replacing

Arrays = dict[str, NDArray[Any]]

#: The list of what a folder holds, its kind and version.
LIST, KIND, VERSION = "stream.json", "stream", 1

#: Counts of what became complete since the list was written: lines of a checksum and JSON.
LOG = "stream.log"

#: What of a probe changes.
COUNTS = ("n_rows", "in_files", "same")

#: How often what was recorded is brought onto the disk while a simulator runs [s].
SECONDS = 1.0

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
        self._grown: set[tuple[int, str]] = set()  # files with rows that may not be on the disk
        self._synced = 0.0
        self.commit(0, sync=True)

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
        shape, file = rows.shape[1:], self.folder / file_of(probe, name)
        self._grown.add((probe, name))
        with file.open("r+b" if n else "w+b") as stream:
            _write_header(stream, rows.dtype, (n, *shape))
            stream.seek(n * math.prod(shape) * rows.itemsize, 1)
            if rows.ndim:
                stream.write(np.ascontiguousarray(rows).data)
            else:
                for start in range(0, length, BLOCK):
                    stream.write(np.full(min(BLOCK, length - start), rows).tobytes())
            stream.seek(0)
            _write_header(stream, rows.dtype, (n + length, *shape))
        return n + length

    def commit(self, n_steps: int, sync: bool = False) -> None:
        """All that was appended is complete, up to this step.

        Parameters
        ----------
        n_steps : int
            The step.
        sync : bool
            Whether it is to be on the disk, and not only with the operating system, now; else
            that is seen to once in :data:`SECONDS`.
        """
        self._told["n_steps"] = n_steps
        if not sync and time.monotonic() - self._synced < SECONDS:
            self._note()
            return
        for grown in sorted(self._grown):  # rows before the list that counts them
            with (self.folder / file_of(*grown)).open("r+b") as rows:
                os.fsync(rows.fileno())
        with replacing(self.folder / LIST) as stream:
            stream.write(json.dumps({**self._told, "probes": self._probes}).encode())
        (self.folder / LOG).unlink(missing_ok=True)
        self._grown.clear()
        self._synced = time.monotonic()

    def _note(self) -> None:
        """Write a line of counts, which takes a tenth of the time of another list."""
        counts = [{name: probe[name] for name in COUNTS} for probe in self._probes]
        line = json.dumps({"n_steps": self._told["n_steps"], "probes": counts}).encode()
        # The break before it ends a line that met a full disk.
        text = b"\n%08x %s\n" % (zlib.crc32(line), line)
        with (self.folder / LOG).open("ab", buffering=0) as stream:
            if stream.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder / LOG))

    def read(self, probe: int) -> Arrays:
        """A probe's arrays, mapped into memory."""
        return read_arrays(self.folder, probe, self._probes[probe])


def read_arrays(folder: Path, probe: int, told: Mapping[str, Any]) -> Arrays:
    """The arrays of one probe that were complete, mapped into memory."""
    arrays: Arrays = {}
    for name, (kind, shape) in told["arrays"].items():
        n = told["in_files"].get(name, 0)
        if n:
            mapped = np.load(folder / file_of(probe, name), mmap_mode="r")
            arrays[name] = np.asarray(mapped)[:n]
        elif name in told["same"]:
            arrays[name] = np.array(told["same"][name], kind)
        else:
            arrays[name] = np.empty((0, *shape), kind)
    return arrays


def file_of(probe: int, name: str) -> str:
    """The name of the file of one array of a probe."""
    return f"probe {probe}{name and f' {name}'}.npy"


def _write_header(stream: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """The header of an .npy file; NumPy leaves room in it for the first axis to grow."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(stream, header)
