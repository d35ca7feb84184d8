"""The log of a stream, and the node that repeats it."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files

Array = NDArray[np.float64]

#: The first line of a log is a JSON text of this kind, and no longer than this [bytes].
KIND, VERSION, LONGEST = "nefsim stream log", 2, 200

#: The version before there were checksums, which is read too.
PLAIN = 1

#: Bytes that are checked at a time.
MANY = 1 << 20


class Log:
    """Writes outputs of a stream and their times, where they change, as rows.

    The first line and each row, which has a time and an output (float64), are followed by a
    checksum (CRC-32, 4 bytes) of all lines and rows up to there.  Rows are collected in memory by
    64 KiB, so that a step seldom writes.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        A new file.
    size : int
        Numbers in an output.
    """

    def __init__(self, who: str, path: Any, size: int) -> None:
        self._who = who
        target = files.as_path(who, path, "log", ending=False)
        if not target.parent.is_dir():
            do = "make the folder first"
            check.fail(who, "log", "be in a folder that exists", f"{target}", do)
        try:
            self._file = target.open("xb", buffering=1 << 16)
        except FileExistsError:
            do = "pass another name, so that nothing recorded is lost"
            check.fail(who, "log", "be a new file", f"{target}", do)
        head = json.dumps({"kind": KIND, "version": VERSION, "size": size})
        line = head.encode() + b"\n"
        self._pack, self._sum = struct.Struct(f"<{size + 1}d").pack, 0
        self._write(line)
        self._t, self._value = 0.0, None

    def note(self, t: float, value: Any) -> None:
        """Write an output if it is another object than the last one."""
        if t <= self._t:
            do = "make another stream for another run"
            check.fail(self._who, "log", "have one run", f"t = {t:g} s after {self._t:g} s", do)
        self._t = t
        if value is not self._value and not self._file.closed:
            self._value = value
            self._write(self._pack(t, *value))

    def _write(self, line: bytes) -> None:
        self._sum = zlib.crc32(line, self._sum)
        self._file.write(line + self._sum.to_bytes(4, "little"))

    def close(self) -> None:
        """Write all rows and close the file."""
        self._file.close()


class Replay:
    """The output of a node that repeats the log of a stream: ``net.node(Replay(path))``.

    In a run of the same network, with the same dt, each step has the output that it had in the
    run with the stream, so that all spikes are equal.

    Parameters
    ----------
    path : str or Path
        The file of ``Stream(..., log=path)``.  Of a program that was killed it has all but the
        last rows, and those are repeated.

    Attributes
    ----------
    size : int
        Numbers in an output.

    Raises
    ------
    ValueError, TypeError
        If the file is no such log, or has been damaged.

    See Also
    --------
    Stream : Writes the log.

    Examples
    --------
    >>> import os, tempfile
    >>> from nefsim import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.log")
    ...     with io.Stream(io.UDP(listen=0), initial=0.5, log=path) as stream:
    ...         before = [stream(0.001 * k) for k in range(1, 4)]
    ...     replay = io.Replay(path)
    ...     [replay(0.001 * k) for k in range(1, 4)] == before
    True
    """

    def __init__(self, path: str | Path) -> None:
        who = "Replay"
        source = files.as_path(who, path, ending=False)
        try:
            with source.open("rb") as file:
                head = file.readline(LONGEST)
                expected = file.read(4)
                n_bytes = source.stat().st_size
        except OSError as error:
            check.fail(who, "path", "be a file that can be read", f"{source}", str(error))
        self.size, version = _size_and_version(who, source, head)
        total, start = zlib.crc32(head), len(head)
        fields: list[Any] = [("row", "<f8", (self.size + 1,))]
        if version != PLAIN:
            if expected != total.to_bytes(4, "little"):
                _damaged(who, source, "its first line")
            start += len(expected)
            fields.append(("sum", "<u4"))
        kind = np.dtype(fields)
        n = (n_bytes - start) // kind.itemsize  # a last row may be incomplete
        self._rows: NDArray[Any] = np.zeros(0, kind)
        if n:
            self._rows = np.memmap(source, kind, "r", start, (n,))
        before, many = 0.0, max(MANY // kind.itemsize, 1)
        for at in range(0, n, many):
            part = np.array(self._rows[at : at + many])
            rows: Array = np.ascontiguousarray(part["row"])
            times = np.concatenate([[before], rows[:, 0]])
            if not (np.abs(rows) <= check.HUGE).all() or not (np.diff(times) > 0.0).all():
                _refuse(who, source)
            for i, row in enumerate(rows if version != PLAIN else ()):
                total = zlib.crc32(row, total)
                if total != part["sum"][i]:
                    _damaged(who, source, f"row {at + i}")
            before = times[-1]
        self._t, self._next, self._due = 0.0, 0, np.inf
        self._rewind()

    def _rewind(self) -> None:
        self._next, self._value = 0, [0.0] * self.size
        self._due = float(self._rows["row"][0, 0]) if len(self._rows) else np.inf

    def __call__(self, t: float) -> list[float]:
        """The output of a step.

        Parameters
        ----------
        t : float [s]
            The time in the network; an earlier one than before begins again.

        Returns
        -------
        list of float
            The output that the stream had at this time.
        """
        if t < self._t:
            self._rewind()
        self._t = t
        while t >= self._due:
            self._value = self._rows["row"][self._next, 1:].tolist()
            self._next += 1
            is_last = self._next == len(self._rows)
            self._due = np.inf if is_last else float(self._rows["row"][self._next, 0])
        return self._value

    def __repr__(self) -> str:
        return f"<replay of {len(self._rows)} outputs of {self.size}>"


def _size_and_version(who: str, source: Path, head: bytes) -> tuple[int, int]:
    """The size of the outputs of a log and its version, from its first line."""
    try:
        said = json.loads(head)
        size, version = said["size"], said["version"]
        fits = said["kind"] == KIND and type(size) is type(version) is int
    except (ValueError, KeyError, TypeError, RecursionError):
        fits, version = False, 0
    fits = fits and PLAIN <= version <= VERSION
    if not fits or not 1 <= size <= 10**6 or not head.endswith(b"\n"):
        _refuse(who, source)
    return size, version


def _refuse(who: str, source: Path) -> None:
    check.fail(who, "path", "be a log of a stream", f"{source}", "pass the file of Stream(log=...)")


def _damaged(who: str, source: Path, part: str) -> None:
    do = "restore it from a copy"
    check.fail(who, "path", "match its checksums", f"{source} with {part} damaged", do)
