"""Files: arrays in .npz with a JSON text of what they are; no pickle is written or read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import Archive, reason
from nefsim._schema import misfit
from nefsim._writing import replacing

#: Name under which the description of a file is kept, and its version.
META, VERSION = "nefsim", 1

#: The longest description [characters].
LONGEST = 2**26


def as_path(who: str, path: Any, argument: str = "path", ending: bool = True) -> Path:
    """A path, with ".npz" added when it has no ending, unless it may be a folder."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        check.fail(who, argument, "be a path", check.show(path), "pass a file name", TypeError)
    checked = Path(text)
    if not checked.name or not text.isprintable():
        check.fail(who, argument, "name a file", check.show(path), "pass a file name")
    return checked if checked.suffix or not ending else checked.with_suffix(".npz")


def as_target(who: str, path: Any, argument: str = "path") -> Path:
    """A path that can be written to, so far as its folder says."""
    target = as_path(who, path, argument)
    if not target.parent.is_dir():
        do = "make the folder first"
        check.fail(who, argument, "lie in a folder that exists", f"{target}", do)
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
    """Write arrays and what they are; the file appears whole or not at all."""
    target = as_target(who, path)
    try:
        text = json.dumps({"version": version, **meta})
    except (TypeError, ValueError) as error:
        do = "keep other things elsewhere"
        check.fail(who, "info", "hold numbers, texts, lists and dicts", f"{error}", do, TypeError)
    with replacing(target) as stream:
        save = np.savez_compressed if compress else np.savez
        save(stream, **{META: np.array(text)}, **arrays)  # type: ignore[arg-type]
    return target


class Saved(Archive):
    """A file that :func:`write` wrote, open to be read: what it is first, then its arrays.

    Parameters
    ----------
    who : str
        Who asks for it, for messages.
    path : str or Path
        The file.
    kind : str
        What it must be.
    schema : dict
        What its description must say, for :func:`nefsim._schema.misfit`.
    versions : tuple of int
        The versions that can be read.

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
            told = {"kind": kind, "version": tuple(range(v, v + 1) for v in versions)}
            why = misfit(self.meta, told) or misfit(self.meta, schema)
            if why:
                self.fail(why)
        except BaseException:
            self.close()
            raise

    def fail(self, why: str) -> NoReturn:
        """Refuse the file in one sentence."""
        do = f"pass a file that nefsim saved as a {self._kind}"
        got = f"{self._source} ({why})"
        check.fail(self._who, "path", f"be a {self._kind} of nefsim", got, do)
