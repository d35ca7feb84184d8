"""Records on disk: a folder of growing .npy files, with a list of their contents.

The rows that the list counts are complete and on the disk.  While a simulator runs, a log
counts later rows.  Rows that neither counts are incomplete and are not read; a log that counts
rows lost in a power failure is not read either.  The files are plain .npy, for
``numpy.load(..., mmap_mode="r")``.
"""

from __future__ import annotations

import copy
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
from nefsim.files import sealed

Arrays = dict[str, NDArray[Any]]

#: Name, kind and version of the list of a folder.
LIST, KIND, VERSION = "stream.json", "stream", 2

#: Name of the log: counts since the list was written, as lines of a checksum and JSON.
LOG = "stream.log"

#: Fields of a probe that change during a run.
COUNTS = ("n_rows", "in_files", "same", "sums")

#: Time between two syncs to the disk while a simulator runs [s].
SECONDS = 1.0

#: Numbers per write when one value is repeated.
AT_ONCE = 1_000_000


class Stream:
    """A new folder for the records of a simulator.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    folder : Path
        The folder; it may exist if it is empty.
    info : mapping
        Description of the run.
    probes : sequence of mapping
        Description of each probe, with the names, types and shapes of its ``arrays``.
    """

    def __init__(
        self, who: str, folder: Path, info: Mapping[str, Any], probes: Sequence[Mapping[str, Any]]
    ) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            do = "pass another name, so that nothing recorded is lost"
            check.fail(who, "stream", "be a new file or folder", f"{folder}", do)
        if not folder.parent.is_dir():
            do = "make the folder around it first"
            check.fail(who, "stream", "be in a folder that exists", f"{folder}", do)
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._description = {"kind": KIND, "version": VERSION, "info": dict(info)}
        # An array is a file with a number of rows, or one number that is the same for all rows.
        fresh = {"n_rows": 0, "in_files": {}, "same": {}, "sums": {}}
        self._probes = [{**probe, **copy.deepcopy(fresh)} for probe in probes]
        self._grown: set[tuple[int, str]] = set()  # files with rows that may not be on the disk
        self._synced = 0.0
        self.commit(0, sync=True)

    def n_rows(self, probe: int) -> int:
        """Number of records of a probe in the stream.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        int
        """
        return int(self._probes[probe]["n_rows"])

    def append(self, probe: int, arrays: Mapping[str, NDArray[Any]], n_rows: int) -> None:
        """Append to a probe's arrays, which then have ``n_rows`` records in all.

        An array without dimensions is one number for all new elements.

        Parameters
        ----------
        probe : int
            Index of the probe.
        arrays : mapping of str to ndarray
            New elements of each array.
        n_rows : int
            Number of records in all.
        """
        entry = self._probes[probe]
        in_files, same, sums = (dict(entry[name]) for name in ("in_files", "same", "sums"))
        length = max(len(a) for a in arrays.values() if a.ndim)
        for name, array in arrays.items() if length else ():
            one = not array.ndim and name not in in_files
            if one and same.setdefault(name, float(array)) == float(array):
                continue
            if name in same:
                n_same = in_files["steps"] - length
                value = np.array(same.pop(name), array.dtype)
                sums[name] = self._grow(probe, name, value, 0, n_same, 0)
                in_files[name] = n_same
            n = in_files.get(name, 0)
            sums[name] = self._grow(probe, name, array, n, length, sums.get(name, 0))
            in_files[name] = n + length
        entry |= {"in_files": in_files, "same": same, "sums": sums, "n_rows": n_rows}

    def _grow(
        self, probe: int, name: str, rows: NDArray[Any], n: int, length: int, total: int
    ) -> int:
        """Write rows after the first ``n`` of a file, and then count them in its header.

        ``total`` is the checksum of the first rows; that of all rows is returned.
        """
        shape, file = rows.shape[1:], self.folder / file_of(probe, name)
        self._grown.add((probe, name))
        with file.open("r+b" if n else "w+b") as stream:
            _write_header(stream, rows.dtype, (n, *shape))
            stream.seek(n * math.prod(shape) * rows.itemsize, 1)
            blocks = (np.full(min(AT_ONCE, length - i), rows) for i in range(0, length, AT_ONCE))
            for block in [rows] if rows.ndim else blocks:
                data = np.ascontiguousarray(block).data
                stream.write(data)
                total = zlib.crc32(data, total)
            stream.seek(0)
            _write_header(stream, rows.dtype, (n + length, *shape))
        return total

    def commit(self, n_steps: int, sync: bool = False) -> None:
        """Mark all rows as complete, up to this step.

        Parameters
        ----------
        n_steps : int
            The step.
        sync : bool
            Whether to wait until the rows are on the disk; otherwise this happens once in
            :data:`SECONDS`.
        """
        self._description["n_steps"] = n_steps
        if not sync and time.monotonic() - self._synced < SECONDS:
            self._note()
            return
        for grown in sorted(self._grown):  # rows before the list that counts them
            with (self.folder / file_of(*grown)).open("r+b") as rows:
                os.fsync(rows.fileno())
        with replacing(self.folder / LIST) as stream:
            stream.write(sealed({**self._description, "probes": self._probes}))
        (self.folder / LOG).unlink(missing_ok=True)
        self._grown.clear()
        self._synced = time.monotonic()

    def _note(self) -> None:
        """Append a line of counts to the log, in a tenth of the time of a new list."""
        counts = [{name: probe[name] for name in COUNTS} for probe in self._probes]
        line = json.dumps({"n_steps": self._description["n_steps"], "probes": counts}).encode()
        # A line break first, as a full disk may have cut off the previous line.
        text = b"\n%08x %s\n" % (zlib.crc32(line), line)
        with (self.folder / LOG).open("ab", buffering=0) as stream:
            if stream.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder / LOG))

    def read(self, probe: int) -> Arrays:
        """A probe's arrays, mapped into memory.

        Parameters
        ----------
        probe : int
            Index of the probe.

        Returns
        -------
        dict of str to ndarray
        """
        return read_arrays(self.folder, probe, self._probes[probe])


def read_arrays(folder: Path, probe: int, description: Mapping[str, Any]) -> Arrays:
    """The complete rows of the arrays of one probe, mapped into memory."""
    arrays: Arrays = {}
    for name, (kind, shape) in description["arrays"].items():
        n = description["in_files"].get(name, 0)
        if n:
            mapped = np.load(folder / file_of(probe, name), mmap_mode="r")
            arrays[name] = np.asarray(mapped)[:n]
        elif name in description["same"]:
            arrays[name] = np.array(description["same"][name], kind)
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
