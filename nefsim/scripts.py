"""Python files that define a network, and errors in one line."""

from __future__ import annotations

import runpy
import traceback
from pathlib import Path

from nefsim.network import Network


def told(error: BaseException, named: bool) -> str:
    """An error and its notes on one line, after its type if ``named`` or if it says nothing."""
    name, said = type(error).__name__, str(error)
    first = said if said and not named else f"{name}: {said}" if said else name
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    return " ".join(" ".join([first, *notes]).split())


def network(file: Path) -> Network:
    """The network ``net`` that a file defines."""
    path = str(file)
    if not file.is_file():
        message = f"nefsim: model must be a Python file, got {path}; pass its path."
        raise ValueError(message)
    try:
        net = runpy.run_path(path, run_name="nefsim_model").get("net")
    except (Exception, SystemExit) as error:
        # Whatever is wrong there, the file and the line say more than our own calls below it.
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        at = f" in line {lines[-1]}" if lines else ""
        got = told(error, named=True)
        message = f"nefsim: model must run, got {got}{at} of {path}; mend the file."
        raise ValueError(message) from error
    if not isinstance(net, Network):
        message = (
            f"nefsim: model must define net, a nefsim.Network, got {path} without; "
            "write net = nefsim.Network(...) in it."
        )
        raise ValueError(message)
    return net
