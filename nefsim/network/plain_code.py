"""Whether the code of a function is plain enough to be traced (:mod:`nefsim.network.arithmetic`).

A trace calls the function with objects in the place of numbers.  Code that could notice, such as
``try``, ``isinstance`` or ``np.array``, and code that has a state, such as a generator of random
numbers, may behave in another way then; a function with any of it is called point by point.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

#: Builtins that only add, count, or make absolute values of their arguments.
BUILTINS = frozenset({abs, len, range, sum})

#: Attributes of an array that do not change, and of NumPy beside its functions.
ATTRIBUTES = frozenset({"copy", "e", "ndim", "pi", "shape", "size", "where"})

#: Instructions that look at errors or at other modules, or that change something beyond the call.
REFUSED = frozenset(
    """PUSH_EXC_INFO IMPORT_NAME IMPORT_FROM STORE_GLOBAL STORE_NAME STORE_ATTR STORE_SUBSCR
    STORE_SLICE DELETE_GLOBAL DELETE_NAME DELETE_ATTR DELETE_SUBSCR DELETE_DEREF LOAD_NAME
    LOAD_BUILD_CLASS LOAD_CLASSDEREF LOAD_SUPER_ATTR IS_OP CONTAINS_OP MATCH_CLASS GET_AWAITABLE
    GET_AITER SETUP_ANNOTATIONS""".split()  # noqa: SIM905
)


def is_plain(function: Any, allowed: Collection[Any]) -> bool:
    """Whether a function only computes with its argument and with constant numbers.

    Parameters
    ----------
    function : callable
        The function; anything but a function of Python is not plain.
    allowed : collection of callable
        Functions of NumPy that it may call.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> is_plain(lambda x: np.sin(x[0]) + 1.0, {np.sin})
    True
    >>> is_plain(lambda x: x[0] if isinstance(x, list) else 0.0, {np.sin})
    False
    """
    if type(function) is not FunctionType:
        return False
    cells = function.__closure__ or ()
    held = dict(zip(function.__code__.co_freevars, cells, strict=True))
    try:
        constants = [cell.cell_contents for cell in held.values()]
    except ValueError:  # a variable that has no value yet
        return False
    constants += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return all(map(_is_constant, constants)) and all(
        _is_plain_code(code, function.__globals__, held, allowed)
        for code in _codes(function.__code__)
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function and of those within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_plain_code(
    code: CodeType,
    values: dict[str, Any],
    held: Collection[str],
    allowed: Collection[Any],
) -> bool:
    for step in dis.get_instructions(code):
        if step.opname in REFUSED or (step.opname == "STORE_DEREF" and step.argval in held):
            return False
        if step.opname == "LOAD_GLOBAL":
            value = values.get(step.argval, getattr(builtins, step.argval, None))
            known = value is np or _is_one_of(value, BUILTINS) or _is_one_of(value, allowed)
            if not known and not _is_constant(value):
                return False
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            of_numpy = vars(np).get(step.argval)
            if step.argval not in ATTRIBUTES and not _is_one_of(of_numpy, allowed):
                return False
    return True


def _is_one_of(value: Any, those: Collection[Any]) -> bool:
    return any(value is each for each in those)


def _is_constant(value: Any) -> bool:
    """Whether a value is a number, an array of numbers, or a list of such values."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_constant, value))
    if type(value) is np.ndarray:
        return value.dtype in (np.float64, np.int64, np.bool_)
    return isinstance(value, (bool, int, float, np.bool_, np.integer, np.float64))
