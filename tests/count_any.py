"""Count ``Any`` in the signatures of all that a user may call.

    python tests/count_any.py [folder that has the package]

Counted are the names in ``__all__`` of the package and of its subpackages: functions, classes
by their constructors, and their methods and properties without a leading ``_``.  Each ``Any``
in an annotation counts, also that of ``dict[str, Any]``.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

SUBPACKAGES = (
    "analysis",
    "convert",
    "datasets",
    "describe",
    "dynamics",
    "nengo",
    "network",
    "nir",
    "plot",
    "processes",
    "sampling",
    "testing",
    "train",
    "view",
)


def public() -> Iterator[tuple[str, Any]]:
    """Each public object once, with its name."""
    modules, seen = [import_module("nefsim")], set()
    for name in SUBPACKAGES:
        with suppress(ImportError):  # an older package, or one without an optional package
            modules.append(import_module(f"nefsim.{name}"))
    for module in modules:
        for name in module.__all__:
            found = getattr(module, name)
            if id(found) not in seen:
                seen.add(id(found))
                yield name, found


def functions() -> Iterator[tuple[str, Any]]:
    """All functions, constructors, methods and properties."""
    for name, found in public():
        if not inspect.isclass(found):
            yield name, found
            continue
        yield name, found.__init__
        for base in found.__mro__:
            if not base.__module__.startswith("nefsim"):
                continue
            for inner, member in vars(base).items():
                if inner.startswith("_") and inner not in ("__call__", "__getitem__"):
                    continue
                member = member.fget if isinstance(member, property) else member
                member = getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    yield f"{base.__name__}.{inner}", member


def count() -> Counter[str]:
    """``Any`` in annotations, by function."""
    counts: Counter[str] = Counter()
    seen = set()
    for name, function in functions():
        function = inspect.unwrap(function)
        if not inspect.isfunction(function) or function in seen:
            continue
        seen.add(function)
        text = " ".join(map(str, getattr(function, "__annotations__", {}).values()))
        if n := len(re.findall(r"\bAny\b", text)):
            counts[name] = n
    return counts


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parent.parent))
    found = count()
    for name, n in found.most_common():
        print(f"{n:5d}  {name}")
    print(f"{found.total():5d}  in all")
