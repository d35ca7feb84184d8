"""Python files that define a network, and errors in one line."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nefsim._extras import cure_of
from nefsim.network import Network


def told(error: BaseException, named: bool) -> str:
    """An error and its notes on one line, after its type if ``named`` or if it says nothing."""
    name, said = type(error).__name__, str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        said = f"{error.filename}: {error.strerror}"  # without the number of the system's error
    first = said if said and not named else f"{name}: {said}" if said else name
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    return " ".join(" ".join([first, *notes]).split())


def _check_file(who: str, file: Path) -> None:
    """Raise ValueError unless there is such a file."""
    if file.is_file():
        return
    got = f"{file}, which does not exist"
    if file.is_dir():
        got = f"the folder {file}"
    raise ValueError(f"{who}: model must be a Python file, got {got}; pass the path of a file.")


def nengo_networks(names: Mapping[str, Any]) -> list[str]:
    """Names of Nengo's networks among what a file defines; nothing is imported to know them."""
    kind = getattr(sys.modules.get("nengo"), "Network", None)
    return [] if kind is None else [name for name, v in names.items() if isinstance(v, kind)]


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
    _check_file(who, file)
    try:
        with beside(file):
            return runpy.run_path(path, run_name="nefsim_model")
    except (Exception, SystemExit) as error:
        # Whatever is wrong there, the file and the line say more than our own calls below it.
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        at = f" in line {lines[-1]}" if lines else ""
        got = told(error, named=True)
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        do = cure_of(missing or "") or "mend the file"
        raise ValueError(f"{who}: model must run, got {got}{at} of {path}; {do}.") from error


def network(file: Path) -> Network:
    """The network ``net`` that a file defines."""
    names = executed(file)
    net = names.get("net")
    if not isinstance(net, Network):
        raise ValueError(
            f"nefsim: model must define net, a nefsim.Network, {_instead(str(file), names)}"
        )
    return net


def _instead(path: str, names: Mapping[str, Any]) -> str:
    """What a file defines instead of ``net``, and what to do."""
    theirs = nengo_networks(names)
    if not theirs:
        return f"got {path} without; write net = nefsim.Network(...) in it."
    name = "model" if "model" in theirs else theirs[0]
    first = f"nefsim nengo run {path}"
    if name != "model":
        first = f"name it model for {first}"
    return (
        f"got {path} with {name}, a network of Nengo; {first}, "
        f"or write net = nefsim.nengo.from_nengo({name}) in it."
    )
