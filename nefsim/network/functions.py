"""Functions that a user writes: how large their result is, and their values at many points."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]


def is_elementwise(function: object) -> bool:
    """Whether a function is a NumPy ufunc of one argument, good for whole arrays at once.

    ``np.frompyfunc`` makes one of a Python function, which may not be called twice.
    """
    return (
        isinstance(function, np.ufunc)
        and (function.nin, function.nout) == (1, 1)
        and any(kinds.startswith("d->") for kinds in function.types)
    )


def call(who: str, argument: str, function: Any, *inputs: Any) -> Array:
    """The function's value as a flat float array; None counts as no value."""
    value = function(*inputs)
    if value is None:
        return np.empty(0)
    try:
        raw = np.asarray(value)
        # Not the numbers that a text spells, nor the real part of complex ones.
        if raw.dtype.kind in "fiubO":
            return raw.astype(np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        pass
    do = "return a number or an array"
    check.fail(who, argument, "return numbers", check.show(value), do, TypeError)


def result_size(who: str, argument: str, function: Any, *inputs: Any) -> int:
    """How many numbers the function returns, found by calling it once."""
    try:
        with np.errstate(all="ignore"):
            return len(call(who, argument, function, *(copy.copy(i) for i in inputs)))
    except TypeError as error:
        if "must return numbers" in str(error):
            raise
        takes = ", ".join("t" if isinstance(i, float) else f"x of shape {i.shape}" for i in inputs)
        do = "check what it takes"
        check.fail(who, argument, f"accept ({takes})", f"the error {error!r}", do, TypeError)
    except (ArithmeticError, LookupError, ValueError) as error:
        where = "zero" if len(inputs) == 1 else "t = 0 and x = 0"
        do = "guard it there, since it is called once to learn its size"
        check.fail(who, argument, f"have a value at {where}", f"the error {error!r}", do)


def values_at(who: str, function: Any, points: Array, size: int) -> Array:
    """The function at each row of ``points``, (P, size); not a finite value is refused."""
    if function is None:
        return points
    # What is not finite is refused below, in words.
    with np.errstate(all="ignore"):
        if is_elementwise(function):
            values = np.asarray(function(points), dtype=np.float64)
        else:
            values = np.stack([_value_at(who, function, point, size) for point in points])
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        got = f"{values[first]} at x = {np.round(points[first], 6)}"
        check.fail(who, "function", "be finite at all evaluation points", got, "guard it there")
    return values


def _value_at(who: str, function: Any, point: Array, size: int) -> Array:
    value = call(who, "function", function, point.copy())
    if len(value) != size:
        got = f"{len(value)} at x = {np.round(point, 6)}"
        do = "return the same number of values at every point"
        check.fail(who, "function", f"return {size} values", got, do)
    return value
