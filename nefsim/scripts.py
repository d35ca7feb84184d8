"""Python files that define a network, and errors in one line."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nefsim.network import Network


def told(error: BaseException, named: bool) -> str:
    """An error and its notes on one line, after its type if ``named`` or if it says nothing."""
    name, said = type(error).__name__, str(error)
    first = said if said and not named else f"{name}: {said}" if said else name
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    return " ".join(" ".join([first, *notes]).split())


@contextmanager
def beside(file: Path) -> Iterator[None]:
    """Find modules in the folder of a script first, as Python does when it runs it."""
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def executed(file: Path, who: str = "nefsim") -> dict[str, Any]:
    """What a Python file defines."""
    path = str(file)
    if not file.is_file():
        message = f"{who}: model must be a Python file, got {path}; pass its path."
        raise ValueError(message)
    try:
        with beside(file):
            return runpy.run_path(path, run_name="nefsim_model")
    except (Exception, SystemExit) as error:
        # Whatever is wrong there, the file and the line say more than our own calls below it.
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        at = f" in line {lines[-1]}" if lines else ""
        got = told(error, named=True)
        message = f"{who}: model must run, got {got}{at} of {path}; mend the file."
        raise ValueError(message) from error


def network(file: Path) -> Network:
    """The network ``net`` that a file defines."""
    net = executed(file).get("net")
    if not isinstance(net, Network):
        message = (
            f"nefsim: model must define net, a nefsim.Network, got {file} without; "
            "write net = nefsim.Network(...) in it."
        )
        raise ValueError(message)
    return net
