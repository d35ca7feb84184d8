"""The defaults of all functions, classes and methods with a public name.

``PYTHONPATH=. python tests/defaults.py > tests/defaults.txt`` writes the list that
``tests/test_defaults.py`` compares.
"""

from __future__ import annotations

import argparse
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import nefsim

#: Optional packages that a subpackage imports.
NEEDS = {
    "convert": "torch",
    "gym": "gymnasium",
    "nengo": "nengo",
    "nir": "nir",
    "sklearn": "sklearn",
    "train": "torch",
    "view": "bokeh",
}


#: Subpackages whose functions are called by nefsim only.
INTERNAL = {"backends", "lowering", "program"}


def rooms() -> list[str]:
    """Subpackages and modules whose functions users call."""
    names = {found.name for found in pkgutil.iter_modules(nefsim.__path__)} - INTERNAL
    return sorted(name for name in names if not name.startswith("_"))


def of_room(room: str) -> list[str]:
    """A line for each argument with a default other than None, sorted."""
    lines = set()
    for module in _modules(import_module(f"nefsim.{room}")):
        for name, function in _callables(module):
            try:
                parameters = inspect.signature(function).parameters.values()
            except (TypeError, ValueError):  # of classes that Python defines
                continue
            lines |= {
                f"nefsim.{room}: {name}({p.name}={text})"
                for p in parameters
                if p.default is not p.empty and (text := _text(p.default))
            }
    return sorted(lines)


def of_commands() -> list[str]:
    """A line for each option of a command with a default, sorted."""
    from nefsim import cli

    lines = []
    for name in cli.COMMANDS:
        choices: Any = next(a for a in cli._parser([name])._actions if a.dest == "command").choices
        for action in choices[name]._actions:
            if action.default not in (None, False, argparse.SUPPRESS):
                option = action.option_strings[-1] if action.option_strings else action.dest
                lines.append(f"nefsim {name} {option}: {_text(action.default)}")
    return sorted(lines)


def _modules(room: ModuleType) -> Iterator[ModuleType]:
    yield room
    for found in pkgutil.walk_packages(getattr(room, "__path__", []), f"{room.__name__}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            yield import_module(found.name)


def _callables(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions and classes that a module defines, and methods of these classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
            continue
        if inspect.isroutine(thing) or inspect.isclass(thing):
            yield name, thing
        for method, function in vars(thing).items() if inspect.isclass(thing) else ():
            inner = getattr(function, "__func__", function)
            if inspect.isroutine(inner) and not method.startswith("_"):
                yield f"{name}.{method}", inner


def _text(value: Any) -> str:
    """A default as text, without addresses; empty for None and for those made by each call."""
    if value is None or repr(value) == "<factory>":
        return ""
    if isinstance(value, tuple) and len(value) > 9:
        return f"{len(value)} from {value[0]:.9g} to {value[-1]:.9g}"
    if inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value):
        return str(getattr(value, "__qualname__", value.__name__))
    text = str(value) if isinstance(value, Path) else repr(value)
    return type(value).__qualname__ if " at 0x" in text else text


if __name__ == "__main__":
    listed = [line for room in rooms() for line in of_room(room)]
    print("\n".join([*listed, *of_commands()]))
