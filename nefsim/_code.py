"""A mark of the code of a function, which tells two functions apart in different sessions."""

from __future__ import annotations

import sys
from functools import partial
from hashlib import sha256
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

#: Marks are comparable within one version of Python, and with or without assertions.
PYTHON = f"{sys.implementation.cache_tag} {sys.flags.optimize}"

#: Types of defaults whose values belong to the code, as they do not change.
CONSTANT = (bool, int, float, complex, str, bytes, type(None))


def mark(function: Any) -> str | None:
    """A text that is equal for equal code, and None for objects without code of Python.

    The code is what the function does, calls by name, and has as constants and defaults; it is
    not its text, its docstring, its place in a file, or the values of other variables.

    Examples
    --------
    >>> mark(lambda t: 2 * t) == mark(lambda t: 2 * t), mark(lambda t: 2 * t) == mark(np.sin)
    (True, False)
    >>> mark(lambda t: np.sin(t)) == mark(lambda t: np.cos(t))
    False
    """
    if isinstance(function, MethodType):
        return mark(function.__func__)
    if isinstance(function, partial):
        return mark(function.func)
    if isinstance(function, FunctionType):
        defaults = [value for value in function.__defaults__ or () if type(value) in CONSTANT]
        parts = (_parts(function.__code__, function.__doc__), defaults)
        return sha256(repr(parts).encode(errors="replace")).hexdigest()[:16]
    named = isinstance(function, (np.ufunc, BuiltinFunctionType))
    if named or type(function).__module__ == "numpy":
        return getattr(function, "__name__", None)
    call = getattr(type(function), "__call__", None)  # noqa: B004
    return mark(call) if isinstance(call, FunctionType) else None


def _parts(code: CodeType, doc: str | None = None) -> tuple[Any, ...]:
    constants = [*code.co_consts]
    if doc is not None and constants and constants[0] == doc:
        constants[0] = None
    return code.co_code, code.co_names, [_part(constant) for constant in constants]


def _part(constant: Any) -> Any:
    if isinstance(constant, CodeType):
        return _parts(constant)
    if isinstance(constant, tuple):
        return tuple(map(_part, constant))
    if isinstance(constant, frozenset):  # in an order that does not depend on the session
        return sorted(repr(_part(each)) for each in constant)
    return constant
