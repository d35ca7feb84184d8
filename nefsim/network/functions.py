"""Call functions of the user: to find the size of the result, or the values at many points."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value, takes_points
from nefsim.network.arithmetic import values_of

Array = NDArray[np.float64]


class Elementwise(Value):
    """Base of functions of nefsim that are computed for each number alone."""

    _takes_points = True


def is_elementwise(function: object) -> bool:
    """Whether a function is a NumPy ufunc of one argument, which can be called with arrays.

    Ufuncs that ``np.frompyfunc`` makes of Python functions do not count.
    """
    return (
        isinstance(function, np.ufunc)
        and (function.nin, function.nout) == (1, 1)
        and any(kinds.startswith("d->") for kinds in function.types)
    )


def call(who: str, argument: str, function: Any, *inputs: Any) -> Array:
    """Call a function; return its value as a flat float array, empty for None."""
    return as_numbers(who, argument, function(*inputs))


def as_numbers(who: str, argument: str, value: Any) -> Array:
    """The value of a function as a flat float array; None counts as no value."""
    if value is None:
        return np.empty(0)
    try:
        raw = np.asarray(value)
        # Neither strings of digits nor the real part of complex numbers.
        if raw.dtype.kind in "fiubO":
            return raw.astype(np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        pass
    do = "return a number or an array"
    check.fail(who, argument, "return numbers", check.show(value), do, TypeError)


def result_size(who: str, argument: str, function: Any, *inputs: Any) -> int:
    """Call a function once to find the number of values that it returns."""
    try:
        with np.errstate(all="ignore"):
            return len(call(who, argument, function, *(copy.copy(i) for i in inputs)))
    except TypeError as error:
        if "must return numbers" in str(error):
            raise
        check_arguments(who, argument, function, *inputs)
        if "converted to Python scalar" in str(error):  # as when math.sin is given an array
            _refuse_use_of_x(who, argument, inputs, error)
        do = "check how it uses them"
        check.fail(who, argument, f"accept {_takes(inputs)}", f"the error {error!r}", do, TypeError)
    except (ArithmeticError, LookupError, ValueError) as error:
        beyond = isinstance(error, IndexError) and f"axis 0 with size {np.size(inputs[-1])}"
        if (beyond and beyond in str(error)) or "truth value of an array" in str(error):
            _refuse_use_of_x(who, argument, inputs, error)
        where = "zero" if len(inputs) == 1 else "t = 0 and x = 0"
        do = "handle that input, since one call there determines its size"
        check.fail(who, argument, f"have a value at {where}", f"the error {error!r}", do)


def check_arguments(who: str, argument: str, function: Any, *inputs: Any) -> None:
    """Refuse a function whose signature has another number of arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a built-in without one
        return
    if _fits(signature, inputs):
        return
    if not isinstance(inputs[0], float):
        do = "write lambda x: ..., of one argument"
    elif len(inputs) == 2:
        do = "write lambda t, x: ..., or leave out size_in"
    elif _fits(signature, (0.0, np.zeros(1))):
        do = "pass size_in, the dimensions of x, its argument after t"
    else:
        do = "write lambda t: ..."
    got = f"{check.show(function)}{signature}"
    check.fail(who, argument, f"accept {_takes(inputs)}", got, do, TypeError)


def _fits(signature: inspect.Signature, inputs: tuple[Any, ...]) -> bool:
    try:
        signature.bind(*inputs)
    except TypeError:
        return False
    return True


def _takes(inputs: tuple[Any, ...]) -> str:
    names = ", ".join("t" if isinstance(i, float) else f"x of shape {i.shape}" for i in inputs)
    return f"({names})"


def _refuse_use_of_x(who: str, argument: str, inputs: tuple[Any, ...], error: Exception) -> None:
    """Raise a TypeError that names the shape of x, for a function that expects another one."""
    if not isinstance(inputs[-1], np.ndarray):
        return
    n = len(inputs[-1])
    shape = f"x is an array of {n} dimension{'s' if n > 1 else ''}"
    elements = "x[0]" if n == 1 else "x[0]" + (" and " if n == 2 else " to ") + f"x[{n - 1}]"
    must = f"accept {_takes(inputs)}"
    check.fail(who, argument, must, f"the error {error!r}", f"note that {shape}, {elements}")


def values_at(who: str, function: Any, points: Array, size: int) -> Array:
    """Evaluate a function at each row of ``points``, (P, size); values must be finite."""
    if function is None:
        return points
    # No warnings: values that are not finite are refused below.
    with np.errstate(all="ignore"):
        if is_elementwise(function) or takes_points(function):
            values = np.asarray(function(points), dtype=np.float64)
        else:
            values = _values_at(who, function, points, size)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        got = f"{values[first]} at x = {np.round(points[first], 6)}"
        do = "return finite values there"
        check.fail(who, "function", "be finite at all evaluation points", got, do)
    return values


def _values_at(who: str, function: Any, points: Array, size: int) -> Array:
    """The values of a function of Python; those of plain arithmetic are found at once."""
    values = values_of(function, points, lambda x: as_numbers(who, "function", function(x)))
    if values is None or values.shape[1] != size:
        values = np.stack([_value_at(who, function, point, size) for point in points])
    return values


def _value_at(who: str, function: Any, point: Array, size: int) -> Array:
    value = call(who, "function", function, point.copy())
    if len(value) != size:
        got = f"{len(value)} at x = {np.round(point, 6)}"
        do = "return the same number of values at every point"
        check.fail(who, "function", f"return {check.counted(size, 'value')}", got, do)
    return value
