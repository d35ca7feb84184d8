"""The points of a grid and its seeds: the tasks of a sweep, in order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, product
from operator import length_hint
from typing import Any

import numpy as np

from nefsim import _checks as check

#: Largest number of tasks of a sweep.
MOST_TASKS = 10_000_000

#: Largest seed.
LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True, eq=False)
class Task:
    """One call of the function of a sweep.

    Attributes
    ----------
    parameters : dict of str to object
        The arguments, without the seed.
    seed : int or None
        The seed; None passes none.
    key : str
        The hash of the function, the parameters, the seed and the versions.
    """

    parameters: dict[str, Any]
    seed: int | None
    key: str

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments of the call."""
        return self.parameters if self.seed is None else {**self.parameters, "seed": self.seed}

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())


def points(who: str, grid: Any) -> list[dict[str, Any]]:
    """The points of a grid: all combinations of its values, or the dicts of a list.

    Examples
    --------
    >>> points("sweep", {"n": [50, 100], "tau": (0.1,)})
    [{'n': 50, 'tau': 0.1}, {'n': 100, 'tau': 0.1}]
    """
    do = "pass a dict of lists, such as {'n': [50, 100]}, or a list of dicts"
    if isinstance(grid, Mapping):
        names = [*grid]
        _check_names(who, names, do)
        lists = [_values(who, name, grid[name]) for name in names]
        n = math.prod(map(len, lists))
        if n > MOST_TASKS:
            check.fail(who, "grid", f"have at most {MOST_TASKS} points", n, "pass fewer values")
        return [dict(zip(names, values, strict=True)) for values in product(*lists)]
    if not check.is_iterable(grid):
        check.fail(who, "grid", "be a dict or a list of dicts", check.show(grid), do, TypeError)
    rows = at_most(who, "grid", grid)
    for row in rows:
        check.instance(who, "grid", row, Mapping, "a dict or a list of dicts", do)
        _check_names(who, [*row], do)
        if row.keys() != rows[0].keys():
            got = f"{check.show([*row])} and {check.show([*rows[0]])}"
            check.fail(who, "grid", "have the same names in each dict", got, "add the missing ones")
    return [{name: _plain(who, name, row[name]) for name in rows[0]} for row in rows]


def seeds(who: str, value: Any) -> list[int | None]:
    """The seeds: ``n`` are 0 to n - 1; None is one call without a seed.

    Examples
    --------
    >>> seeds("sweep", 3), seeds("sweep", [5, 7]), seeds("sweep", None)
    ([0, 1, 2], [5, 7], [None])
    """
    if value is None:
        return [None]
    do = "pass a number of seeds, or whole numbers such as range(10)"
    if isinstance(value, Mapping) or not check.is_iterable(value):
        return [*range(check.integer(who, "seeds", value, do, 1, MOST_TASKS))]
    found: list[int | None] = [
        check.integer(who, "seeds", each, do, 0, LARGEST_SEED)
        for each in at_most(who, "seeds", value)
    ]
    if not found:
        check.fail(who, "seeds", "hold a seed", "none", do)
    if len(set(found)) < len(found):
        check.fail(who, "seeds", "differ", check.show(found), "pass each seed once")
    return found


def at_most(who: str, argument: str, values: Any) -> list[Any]:
    """The items of an iterable; ValueError if there are more than a sweep has tasks."""
    with suppress(OverflowError):  # the length of a range beyond all machines
        if length_hint(values) <= MOST_TASKS:
            found = [*islice(values, MOST_TASKS + 1)]
            if len(found) <= MOST_TASKS:
                return found
    got = check.show(values)
    check.fail(who, argument, f"have at most {MOST_TASKS} items", got, "pass fewer")


def _check_names(who: str, names: Sequence[Any], do: str) -> None:
    for name in names:
        check.instance(who, "grid", name, str, "named by strings", do)
        if not name.isidentifier() or name == "seed":
            rename = "rename it, and pass seeds by seeds=" if name == "seed" else "rename it"
            check.fail(who, "grid", "have names of arguments", check.show(name), rename)


def _values(who: str, name: str, values: Any) -> list[Any]:
    do = f"pass a list, such as {name}=[1, 2]"
    if isinstance(values, Mapping) or not check.is_iterable(values):
        check.fail(who, f"grid[{name!r}]", "be a list", check.show(values), do, TypeError)
    found = [_plain(who, name, each) for each in at_most(who, f"grid[{name!r}]", values)]
    if not found:
        check.fail(who, f"grid[{name!r}]", "hold a value", "none", do)
    return found


def _plain(who: str, name: str, value: Any) -> Any:
    """A value that a JSON text can hold, without types of NumPy."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(who, name, each) for each in value]
    if value is not None and not isinstance(value, (bool, int, float, str)):
        do = "pass a number or a name, and make the object in the function"
        must = "hold numbers, texts, True, False, None and lists of these"
        check.fail(who, f"grid[{name!r}]", must, check.show(value), do, TypeError)
    return value
