"""Results that several objects of a network share, because they would be computed alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Once:
    """Computes each result once, by the identity of objects and the equality of further keys.

    The objects are held, so that no other object gets their identity.
    """

    def __init__(self) -> None:
        self._results: dict[Any, tuple[tuple[Any, ...], Any]] = {}

    def __call__(
        self, kind: str, compute: Callable[[], Result], *objects: Any, key: Any = None
    ) -> Result:
        """The result of ``compute`` for some objects and a hashable key.

        Parameters
        ----------
        kind : str
            Name of the function, since results of several are held.
        compute : callable
            Computes the result.
        *objects
            The arguments that are compared by identity, such as arrays and functions.
        key : hashable
            The arguments that are compared by equality.
        """
        place = (kind, tuple(map(id, objects)), key)
        if place not in self._results:
            self._results[place] = objects, compute()
        result: Result = self._results[place][1]
        return result

    def clear(self) -> None:
        """Free all results."""
        self._results.clear()
