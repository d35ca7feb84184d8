"""Results of functions of a user, stored in the rows of a signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Types of numbers for which Python's ``isfinite`` is fast.
NUMBERS = frozenset((float, int, np.float64))

#: Longest list whose numbers are stored one by one.
FEW = 8

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class UserFunction:
    """A function of a user that is called once for each step.

    Attributes
    ----------
    function : callable
        The function.
    form : {"t", "tx", "x"}
        Its arguments.
    check : callable
        ``check(value, row)`` returns an unusual result as an array, or raises an error.
    note : callable or None
        ``note(error, row)`` adds a note to an error of the function.
    """

    function: Callable[..., Any]
    form: str
    check: Callable[[Any, int], Any]
    note: Callable[[Exception, int], None] | None = None

    def __call__(self, t: float, *values: NDArray[Any]) -> Any:
        """The checked value at a time, and at values that the function gets as copies."""
        copies = [value.copy() for value in values]
        value = self.function(t, *copies) if "t" in self.form else self.function(*copies)
        return self.check(value, 0)


@dataclass(frozen=True)
class FunctionOfTimes:
    """A step for many times at once that has no memory, such as a NumPy function.

    Attributes
    ----------
    function : callable
        ``function(times, *inputs)`` returns a row for each time.
    """

    function: Callable[..., Any]

    def __call__(self, *arguments: NDArray[Any]) -> Any:
        return self.function(*arguments)


def storing(out: NDArray[Any]) -> Callable[[int, Any], bool]:
    """A function ``store(row, value)`` for the usual results of functions.

    It stores a finite number, a list of them, or an array of the right shape, and returns whether
    the value was one of these.  All others are left to a check that takes more time.

    Parameters
    ----------
    out : (n_rows, size) ndarray
        The rows.

    Returns
    -------
    callable
    """
    size = out.shape[-1]
    shape = (size,)
    # Python stores a number in a memoryview in a third of the time of an array.
    whole: Any = out.reshape(-1)
    flat: Any = memoryview(whole) if out.flags.c_contiguous else None
    few = FEW if flat is not None else 0

    def store(row: int, value: Any) -> bool:
        kind = type(value)
        if kind is np.ndarray:
            if value.shape != shape or value.dtype is not _FLOAT64:
                return False
            if size > few:
                if not np.isfinite(value).all():
                    return False
                out[row] = value
                return True
            value = value.tolist()
            kind = list
        try:
            if kind is list or kind is tuple:
                if len(value) != size or size > few:
                    return False
                at = row * size
                for number in value:
                    if type(number) not in NUMBERS or not isfinite(number):
                        return False
                    flat[at] = number
                    at += 1
                return True
            if kind in NUMBERS and size == 1 and isfinite(value):
                out[row] = value
                return True
        except OverflowError:  # of a whole number that is too large for a float
            pass
        return False

    return store
