"""The values that a task returns: numbers and texts, and arrays, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import KINDS

#: Name of a value that is returned alone.
ALONE = "value"

#: Most values of one task, and the longest text [characters].
MOST_VALUES, LONGEST_TEXT = 10_000, 1_000_000

#: Largest size of the arrays of one task [bytes].
LARGEST = 2**28

#: Largest whole number [bits].
MOST_BITS = 1000

Values = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def divided(who: str, result: Any) -> tuple[Values, Arrays]:
    """The numbers and texts of a result, and its arrays.

    Examples
    --------
    >>> divided("sweep", 0.5)
    ({'value': 0.5}, {})
    >>> divided("sweep", {"rmse": np.float64(0.5), "y": [1, 2]})
    ({'rmse': 0.5}, {'y': array([1, 2])})
    """
    if result is None:
        must = "return a number, a text, an array or a dict of these"
        check.fail(who, "task", must, "None", "add return to the function", TypeError)
    named = {name: result[name] for name in result} if isinstance(result, Mapping) else None
    if named is None:
        named = {ALONE: result}
    if len(named) > MOST_VALUES:
        must, do = f"have at most {MOST_VALUES} values", "return arrays"
        check.fail(who, "result of the function", must, f"{len(named)}", do)
    values: Values = {}
    arrays: Arrays = {}
    for name, value in named.items():
        check.instance(who, "result of the function", name, str, "named by strings", "rename it")
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
            value = value.item()
        if value is None or isinstance(value, (bool, int, float, str)):
            values[name] = _bounded(who, name, value)
        else:
            arrays[name] = _array(who, name, value)
    size = sum(array.nbytes for array in arrays.values())
    if size > LARGEST:
        do = "write them to a file in the function, and return its name"
        check.fail(who, "arrays of a result", f"have at most {LARGEST} bytes", f"{size}", do)
    return values, arrays


def _bounded(who: str, name: str, value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        must = f"have at most {LONGEST_TEXT} characters"
        do = "write it to a file in the function, and return its name"
        check.fail(who, f"result {name!r}", must, f"{len(value)}", do)
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        do = "return it as a float or a text"
        check.fail(who, f"result {name!r}", f"have at most {MOST_BITS} bits", "a larger number", do)
    # A subclass, such as an enumeration, becomes its plain value.
    kinds = (bool, int, float, str)
    return value if value is None else next(k for k in kinds if isinstance(value, k))(value)


def _array(who: str, name: str, value: Any) -> NDArray[Any]:
    do = "return numbers, texts or arrays of these, by name"
    if not isinstance(value, (np.ndarray, list, tuple)):
        must = "be a number, a text or an array"
        check.fail(who, f"result {name!r}", must, check.show(value), do, TypeError)
    try:
        array = np.asarray(value)
    except ValueError:
        check.fail(who, f"result {name!r}", "be an array", "rows of unequal length", do)
    if array.dtype.kind not in KINDS or not array.dtype.itemsize:
        got = f"type {array.dtype}"
        check.fail(who, f"result {name!r}", "hold numbers or texts", got, do, TypeError)
    return array


def column(values: list[Any]) -> NDArray[Any]:
    """One column of a table: an array of numbers if all are numbers, else of objects."""
    kinds = {type(value) for value in values}
    if kinds and (kinds <= {bool} or kinds <= {int, float}):
        try:
            found = np.array(values)
            if found.dtype.kind in "bif":
                return found
        except OverflowError:  # whole numbers of more than 64 bits
            pass
    objects = np.empty(len(values), object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects
