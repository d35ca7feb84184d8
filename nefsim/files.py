"""Files: arrays in .npz with a JSON text of what they are; no pickle is written or read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

Arrays = dict[str, NDArray[Any]]

#: Name under which the description of a file is kept, and its version.
META, VERSION = "nefsim", 1


def as_path(who: str, path: Any, argument: str = "path", ending: bool = True) -> Path:
    """A path, with ".npz" added when it has no ending, unless it may be a folder."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        check.fail(who, argument, "be a path", check.show(path), "pass a file name", TypeError)
    checked = Path(text)
    if not checked.name or not text.isprintable():
        check.fail(who, argument, "name a file", check.show(path), "pass a file name")
    return checked if checked.suffix or not ending else checked.with_suffix(".npz")


def as_target(who: str, path: Any) -> Path:
    """A path that can be written to, so far as its folder says."""
    target = as_path(who, path)
    if not target.parent.is_dir():
        do = "make the folder first"
        check.fail(who, "path", "lie in a folder that exists", f"{target}", do)
    if target.is_dir():
        check.fail(who, "path", "be a file", f"the folder {target}", "pass a file name")
    return target


def write(
    who: str,
    path: Any,
    arrays: Mapping[str, NDArray[Any]],
    meta: dict[str, Any],
    compress: bool = True,
) -> Path:
    """Write arrays and what they are; the file appears whole or not at all."""
    target = as_target(who, path)
    try:
        text = json.dumps({"version": VERSION, **meta})
    except (TypeError, ValueError) as error:
        do = "keep other things elsewhere"
        check.fail(who, "info", "hold numbers, texts, lists and dicts", f"{error}", do, TypeError)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as stream:
            save = np.savez_compressed if compress else np.savez
            save(stream, **{META: np.array(text)}, **arrays)  # type: ignore[arg-type]
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def read(who: str, path: Any, kind: str) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and description of a file of a kind that :func:`write` wrote."""
    source = as_path(who, path)
    do = f"pass a file that nefsim saved as a {kind}"
    if not source.is_file():
        check.fail(who, "path", "be a file", f"{source}", do)
    try:
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as loaded:
            arrays = dict(loaded.items())
        meta = json.loads(str(arrays.pop(META)))
    except Exception as error:
        # A file that is foreign or broken meets NumPy, zipfile, zlib or JSON, each in its way.
        check.fail(who, "path", f"be a {kind} of nefsim", f"{source} ({error})", do)
    if not isinstance(meta, dict) or meta.get("kind") != kind or meta.get("version") != VERSION:
        check.fail(who, "path", f"be a {kind} of nefsim", f"{source}", do)
    return arrays, meta
