"""Load networks from Python files and model files, and format errors and warnings on one line."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nefsim._extras import cure_of
from nefsim.models import ENDING, load_network
from nefsim.network import Network

#: Endings of files that Python executes; a file without an ending may be a script, too.
SCRIPTS = ("", ".py", ".pyw", ".pyc")


def one_line(error: BaseException, with_type: bool) -> str:
    """Format an error and its notes on one line; its type comes first if ``with_type``."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"  # without the error number of the system
    first = text if text and not with_type else f"{name}: {text}" if text else name
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    return " ".join(" ".join([first, *notes]).split())


@contextmanager
def warnings_on_one_line() -> Iterator[None]:
    """Format warnings as ``nefsim: warning: text``, unless a script sets another format.

    A warning at a line of a script ends in this place.
    """
    package, own_file = f"{Path(__file__).parent}{os.sep}", sys.argv[0]
    before = warnings.formatwarning

    def formatted(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        line: str | None = None,
    ) -> str:
        inside = filename == own_file or filename.startswith(package)
        at = "" if inside else f" (line {lineno} of {filename})"
        return f"nefsim: warning: {' '.join(str(message).split())}{at}\n"

    warnings.formatwarning = formatted
    try:
        yield
    finally:
        if warnings.formatwarning is formatted:
            warnings.formatwarning = before


def _check_file(who: str, file: Path) -> None:
    """Check that a file exists, and that its ending is one of a script."""
    got, do = str(file), "pass the path of a file"
    if file.is_dir():
        got = f"the folder {file}"
    elif not file.is_file():
        got = f"{file}, which does not exist"
    elif file.suffix == ".npz":
        do = f"nefsim plot {file} draws a result"
    elif file.suffix == ENDING:
        do = f"nefsim run {file} runs a network that was saved"
    elif file.suffix.lower() not in SCRIPTS:
        do = "pass a file that ends in .py"
    else:
        return
    raise ValueError(f"{who}: model must be a Python file, got {got}; {do}.")


def nengo_networks(names: Mapping[str, Any]) -> list[str]:
    """Names of networks of Nengo in the namespace of a file; Nengo is not imported."""
    kind = getattr(sys.modules.get("nengo"), "Network", None)
    return [] if kind is None else [name for name, v in names.items() if isinstance(v, kind)]


@contextmanager
def folder_on_path(file: Path) -> Iterator[None]:
    """Put the folder of a script first on ``sys.path``, as Python does when it runs it."""
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _run(file: Path) -> dict[str, Any]:
    """Run a Python file."""
    with folder_on_path(file):
        return runpy.run_path(str(file), run_name="nefsim_model")


def namespace_of(
    file: Path, who: str = "nefsim", run: Callable[[Path], dict[str, Any]] = _run
) -> dict[str, Any]:
    """Run a Python file, by ``run``, and return its namespace."""
    path = str(file)
    _check_file(who, file)
    try:
        return run(file)
    except (Exception, SystemExit) as error:
        # The line of the file is more useful than the traceback of this package.
        places = (path, str(file.resolve()))
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename in places
        ]
        at = f" in line {lines[-1]}" if lines else ""
        got = one_line(error, with_type=True)
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        do = cure_of(missing or "") or "correct the file"
        raise ValueError(f"{who}: model must run, got {got}{at} of {path}; {do}.") from error


def network(file: Path, convert: Callable[[Any], Network] | None = None) -> Network:
    """Read the network of a model file, or run a Python file and return its network ``net``.

    ``convert``, if given, makes a network from one of Nengo that the file defines instead.
    """
    return network_and_names(file, convert)[0]


def network_and_names(
    file: Path, convert: Callable[[Any], Network] | None = None
) -> tuple[Network, dict[str, Any]]:
    """The network of a file as :func:`network` returns it, and all names of the Python file."""
    if file.suffix == ENDING:
        return load_network(file), {}
    names = namespace_of(file)
    net = names.get("net")
    if convert is not None and not isinstance(net, Network) and (found := nengo_networks(names)):
        return convert(names["model" if "model" in found else found[0]]), names
    if not isinstance(net, Network):
        raise ValueError(
            f"nefsim: model must define net, a nefsim.Network, {_instead(str(file), names)}"
        )
    return net, names


def _instead(path: str, names: Mapping[str, Any]) -> str:
    """Advice for a file that has no network ``net``, as the end of an error message."""
    networks = nengo_networks(names)
    if not networks:
        return f"got {path} without; write net = nefsim.Network(...) in it."
    name = "model" if "model" in networks else networks[0]
    first = f"nefsim nengo run {path}"
    if name != "model":
        first = f"name it model for {first}"
    return (
        f"got {path} with {name}, a network of Nengo; {first}, "
        f"or write net = nefsim.nengo.from_nengo({name}) in it."
    )
