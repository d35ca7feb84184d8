"""Files: arrays in .npz with a JSON description; no pickle is written or read."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import Archive, reason
from nefsim._schema import misfit
from nefsim._writing import replacing

#: Name of the description in a file, and its version.
META, VERSION = "nefsim", 1

#: The longest description [characters].
LONGEST = 2**26

#: The end of a description that is a file of its own.
SEAL = b', "crc32": "%08x"}'


def as_path(who: str, path: Any, argument: str = "path", ending: bool = True) -> Path:
    """Check a path; ".npz" is added to a name without an ending, unless it may be a folder."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        check.fail(who, argument, "be a path", check.show(path), "pass a file name", TypeError)
    checked = Path(text)
    if not checked.name or not text.isprintable():
        check.fail(who, argument, "name a file", check.show(path), "pass a file name")
    return checked if checked.suffix or not ending else checked.with_suffix(".npz")


def as_target(who: str, path: Any, argument: str = "path") -> Path:
    """Check that a path is in an existing folder."""
    target = as_path(who, path, argument)
    if not target.parent.is_dir():
        do = "make the folder first"
        check.fail(who, argument, "be in a folder that exists", f"{target}", do)
    if target.is_dir():
        check.fail(who, argument, "be a file", f"the folder {target}", "pass a file name")
    return target


def write(
    who: str,
    path: Any,
    arrays: Mapping[str, NDArray[Any]],
    meta: dict[str, Any],
    compress: bool = True,
    version: int = VERSION,
) -> Path:
    """Write arrays and their description to a file, which is replaced whole."""
    target = as_target(who, path)
    try:
        text = json.dumps({"version": version, **meta})
    except (TypeError, ValueError) as error:
        do = "store other objects elsewhere"
        check.fail(who, "info", "hold numbers, texts, lists and dicts", f"{error}", do, TypeError)
    with replacing(target) as stream:
        save = np.savez_compressed if compress else np.savez
        save(stream, **{META: np.array(text)}, **arrays)  # type: ignore[arg-type]
    return target


def sealed(description: Mapping[str, Any]) -> bytes:
    """A description as JSON, whose last value is a checksum of the text before it."""
    text = json.dumps(description).encode().removesuffix(b"}")
    return text + SEAL % zlib.crc32(text)


def is_sealed(text: bytes) -> bool:
    """Whether a text ends with its checksum."""
    before = text.rpartition(SEAL.partition(b"%")[0])[0]
    return text == before + SEAL % zlib.crc32(before)


class Saved(Archive):
    """A file from :func:`write`, open for reading: first its description, then its arrays.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        The file.
    kind : str
        Expected kind of file.
    schema : dict
        Expected description, for :func:`nefsim._schema.misfit`.
    versions : tuple of int
        Supported versions.

    Attributes
    ----------
    meta : dict
        The description.
    """

    def __init__(
        self, who: str, path: Any, kind: str, schema: Any, versions: tuple[int, ...] = (VERSION,)
    ) -> None:
        source = as_path(who, path)
        self._who, self._source, self._kind = who, source, kind
        if not source.is_file():
            do = f"pass a file that nefsim saved as a {kind}"
            check.fail(who, "path", "be a file", f"{source}", do)
        super().__init__(source)
        try:
            if self.expect(META, "U", ())[0].itemsize > 4 * LONGEST:
                self.fail("its description is too long")
            text = str(self.array(META))
            try:
                self.meta = json.loads(text)
            except (ValueError, RecursionError) as error:
                self.fail(reason(error))
            head = {"kind": kind, "version": tuple(range(v, v + 1) for v in versions)}
            why = misfit(self.meta, head) or misfit(self.meta, schema)
            if why:
                self.fail(why)
        except BaseException:
            self.close()
            raise

    def fail(self, why: str) -> NoReturn:
        """Raise an error about the file."""
        do = f"pass a file that nefsim saved as a {self._kind}"
        got = f"{self._source} ({why})"
        check.fail(self._who, "path", f"be a {self._kind} of nefsim", got, do)
