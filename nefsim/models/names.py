"""Names of functions and types in model files.

A name is ``module:qualname``, such as ``numpy:square`` or ``mymodels:gate``.  The name of a type
of nefsim is that of its class, such as ``LIF``.  Other modules are imported only if the caller
allows it.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Collection
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim import learning, neurons, processes, sampling, solvers, synapses
from nefsim._values import Value

#: Functions of NumPy that are no ufuncs, and have a value at one array and no other effect.
ARRAY_FUNCTIONS: tuple[str, ...] = (
    *("zeros_like", "ones_like", "sum", "prod", "mean", "std", "var", "max", "min", "median"),
    *("argmax", "argmin", "cumsum", "cumprod", "diff", "sort", "argsort", "flip", "ravel", "real"),
    *("copy", "round", "sinc", "nan_to_num", "ptp", "any", "all", "count_nonzero"),
)

#: Modules of ufuncs.
UFUNCS = ("numpy", "scipy.special")

#: Modules whose functions and types need no permission: ready networks have theirs there.
TRUSTED = ("nefsim.networks",)

#: Rooms whose values are written by their class name.
ROOMS = (sampling, synapses, learning, neurons, processes, solvers)


@cache
def types() -> dict[str, type[Value]]:
    """The types of nefsim by name."""
    from nefsim import dynamics  # which is imported at first use

    rooms = (*ROOMS, dynamics)
    return {name: kind for room in rooms for name, kind in vars(room).items() if _is_type(kind)}


def _is_type(kind: Any) -> bool:
    is_value = isinstance(kind, type) and issubclass(kind, Value) and is_dataclass(kind)
    return is_value and not inspect.isabstract(kind)


def name_of_type(kind: type[Value]) -> str | None:
    """The name of a type; None if it cannot be imported."""
    return kind.__name__ if types().get(kind.__name__) is kind else _import_path(kind)


def name_of_function(function: Callable[..., Any]) -> str | None:
    """The name of a function; None if it cannot be imported."""
    if isinstance(function, np.ufunc):
        name = function.__name__
        modules = ((m, sys.modules.get(m)) for m in UFUNCS)
        found = (f"{m}:{name}" for m, of in modules if getattr(of, name, None) is function)
        return next(found, None)
    name = getattr(function, "__name__", "")
    if _of_math(function):
        return f"math:{name}"
    if name in ARRAY_FUNCTIONS and getattr(np, name) is function:
        return f"numpy:{name}"
    return _import_path(function)


def _of_math(function: Any) -> bool:
    return isinstance(function, BuiltinFunctionType) and function.__module__ == "math"


def _import_path(thing: Any) -> str | None:
    module, path = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if not isinstance(module, str) or module == "__main__" or not isinstance(path, str):
        return None
    return f"{module}:{path}" if path and _member(sys.modules.get(module), path) is thing else None


def _member(module: Any, path: str) -> Any:
    """The function or class of a dotted name in a module; None if the module defines none.

    Members of modules that it imports, such as ``os``, do not count.
    """
    found = module
    for name in path.split("."):
        found = vars(found).get(name) if hasattr(found, "__dict__") else None
    if isinstance(found, np.ufunc):
        return found
    place = getattr(found, "__module__", None), getattr(found, "__qualname__", None)
    is_own = place == (getattr(module, "__name__", None), path)
    return found if is_own and callable(found) else None


def is_allowed(name: str, allow: Collection[str]) -> bool:
    """Whether a name may be resolved: of NumPy, nefsim, or an allowed module or package."""
    module, colon, _ = name.partition(":")
    if not colon or _in_tables(name) is not None:
        return True
    return any(module == each or module.startswith(f"{each}.") for each in (*allow, *TRUSTED))


def _in_tables(name: str) -> Any:
    module, _, path = name.partition(":")
    if module == "math":
        found = getattr(math, path, None)
        return found if _of_math(found) else None
    if module == "numpy" and path in ARRAY_FUNCTIONS:
        return getattr(np, path)
    if module in UFUNCS:
        found = getattr(import_module(module), path, None)
        return found if isinstance(found, np.ufunc) else None
    return None


def resolve_type(name: str, allow: Collection[str]) -> type[Value]:
    """Find the type of a name.

    Raises
    ------
    ValueError
        If nefsim and the allowed modules have no such type.
    """
    kind = _imported(name, allow) if ":" in name else types().get(name)
    if not _is_type(kind):
        raise ValueError(f"there is no type {check.show(name)}")
    return kind  # type: ignore[return-value]


def resolve_function(name: str, allow: Collection[str]) -> Callable[..., Any]:
    """Find the function of a name.

    Raises
    ------
    ValueError
        If NumPy and the allowed modules have no such function.
    """
    function = _in_tables(name)
    if function is None:
        function = _imported(name, allow)
    if not callable(function) or isinstance(function, type):
        raise ValueError(f"there is no function {check.show(name)}")
    return function  # type: ignore[no-any-return]


def _imported(name: str, allow: Collection[str]) -> Any:
    module, colon, path = name.partition(":")
    if not colon or not is_allowed(name, allow):
        raise ValueError(f"{check.show(name)} is of a module that is not allowed")
    try:
        return _member(import_module(module), path)
    except Exception as error:  # a module of the user may raise anything
        raise ValueError(f"{module} cannot be imported: {error!r}") from error
