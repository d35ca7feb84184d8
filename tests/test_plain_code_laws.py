"""Laws of plain code: what a function may hold, load and call to be traced."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from nefsim.network.plain_code import ATTRIBUTES, BUILTINS, is_plain

ALLOWED = {np.sin, np.add}
NUMBER, ROW, TABLE, GROWING = 2.0, np.ones(3), {"a": 1.0}, [1.0, [2, True]]
WORDS, OBJECTS = np.array(["a"]), np.array([None])


def unset() -> Any:
    """A function of a variable that has no value yet."""

    def function(x: Any) -> Any:
        return x * later

    if not function:
        later = 1.0
    return function


def holding(value: Any) -> Any:
    """A function that holds a value of the function around it."""
    return lambda x: x * value


def counting() -> Any:
    """A function that changes a variable of the function around it."""
    n = 0

    def function(x: Any) -> Any:
        nonlocal n
        n = 1
        return x * n

    return function


def inner(x: Any) -> Any:
    """A variable of its own that a function within it reads and changes."""
    total = 0.0

    def add(value: Any) -> None:
        nonlocal total
        total = total + value

    add(x[0])
    return total


def within(x: Any) -> Any:
    """A function within it that is not plain."""
    return sum(abs(float(v)) for v in x)


PLAIN: dict[str, Any] = {
    "arithmetic": lambda x: x[0] * 2 + np.sin(x[1]),
    "a number of the module": lambda x: x * NUMBER,
    "a row of the module": lambda x: x * ROW,
    "a list of numbers and lists": lambda x: x * GROWING,
    "builtins": lambda x: sum(abs(v) for v in x[: len(x)]) + range(2)[0],
    "a default": lambda x, k=2.0: x * k,
    "a default by name": lambda x, *, k=2.0: x * k,
    "a number that is held": holding(3),
    "a row that is held": holding(np.arange(3)),
    "attributes of an array": lambda x: x.shape[0] * np.pi + np.e + x.ndim + x.size,
    "its own variable": inner,
}

OTHER: dict[str, Any] = {
    "a dictionary of the module": lambda x: x * TABLE["a"],
    "text": lambda x: x * WORDS,
    "objects": lambda x: x * OBJECTS,
    "a default that is no number": lambda x, k=np.cos: k(x),
    "the second default": lambda x, a=1.0, k=np.cos: k(x),
    "a default by name that is no number": lambda x, *, k=np.cos: k(x),
    "an object that is held": holding({}),
    "a value that is not there yet": unset(),
    "a variable of another function": counting(),
    "another function of NumPy": lambda x: np.cos(x),
    "another builtin": lambda x: max(x),
    "a name that does not exist": lambda x: x * nothing_of_this_name,  # type: ignore[name-defined] # noqa: F821
    "a module": lambda x: pytest.approx(x),
    "a function within it": within,
    "an element that is set": lambda x: x.__setitem__(0, 1.0),
    "a condition on the same object": lambda x: 1.0 if x is ROW else 2.0,
    "partial": partial(np.add, 1.0),
    "a class": float,
    "of NumPy": np.sin,
}


@pytest.mark.parametrize("name", PLAIN)
def test_these_functions_are_plain(name: str) -> None:
    assert is_plain(PLAIN[name], ALLOWED)


@pytest.mark.parametrize("name", OTHER)
def test_these_functions_are_not_plain(name: str) -> None:
    assert not is_plain(OTHER[name], ALLOWED)


def test_allowed_functions_are_those_passed() -> None:
    def function(x: Any) -> Any:
        return np.sin(x)

    assert is_plain(function, {np.sin}) and not is_plain(function, {np.cos})
    assert {abs, len, range, sum} == BUILTINS
    assert {"copy", "e", "ndim", "pi", "shape", "size", "where"} == ATTRIBUTES
