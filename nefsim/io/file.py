"""Lines of a file that grows."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim.io import formats
from nefsim.io.ports import Port

#: Time between two looks at the file [s].
EVERY = 0.005


class File(Port):
    """Lines of a text file to which another program appends, one sample in each.

    Lines have numbers with commas or spaces.  A line is a sample once its line feed is written.
    If the file becomes shorter, it is read from its start.

    Parameters
    ----------
    path : str or Path
        The file, which must exist.
    at_end : bool
        Whether to leave out the lines that it has already.  A last line without a line feed is
        not one of them: it is a sample when it is complete.

    Raises
    ------
    ValueError, TypeError
        If it is no file.

    See Also
    --------
    Stream : The node.

    Examples
    --------
    >>> import os, tempfile
    >>> from nefsim import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "sensor.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("0.5, 1.0\\n")
    ...     here = io.File(path)
    ...     [here.decode(line, 2).tolist() for line in here.receive(0.0)]
    ...     here.close()
    [[0.5, 1.0]]
    """

    def __init__(self, path: str | Path, at_end: bool = False) -> None:
        who = "File"
        self._path = files.as_path(who, path, ending=False)
        is_at_end = check.flag(who, "at_end", at_end)
        if not self._path.is_file():  # opening a pipe would wait
            check.fail(who, "path", "be a file", f"{self._path}", "make it, it may be empty")
        self._file = self._path.open("rb", buffering=0)
        self._at, self._lines = 0, formats.Lines()
        if is_at_end:
            self._skip_lines()

    def _skip_lines(self) -> None:
        """Go behind the last line feed."""
        end = self._file.seek(0, os.SEEK_END)
        first = self._file.seek(max(end - formats.LONGEST - 1, 0))
        data = self._file.read(end - first)
        self._at = first + len(data)
        # The part of a line that is here already; one that is too long is left out.
        self._lines.split(data[data.rfind(b"\n") + 1 :])

    def receive(self, seconds: float) -> list[Any]:
        data = self._file.read(formats.LONGEST)
        if data:
            self._at += len(data)
            return list(self._lines.split(data))
        if os.fstat(self._file.fileno()).st_size < self._at:
            self._at, self._lines = self._file.seek(0), formats.Lines()
        else:
            time.sleep(min(seconds, EVERY))
        return []

    def decode(self, packet: Any, size: int) -> NDArray[np.float64] | None:
        return formats.decode(packet, size, "text")

    def close(self) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"File {self._path.name}"
