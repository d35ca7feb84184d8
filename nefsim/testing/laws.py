"""A law with its name and sentence, and the error of a law that is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check


class Violation(AssertionError):
    """A law that a value breaks.

    Attributes
    ----------
    law : str
        Name of the law.
    subject : object
        The value that breaks it.
    numbers : str
        The numbers that contradict the law.
    """

    def __init__(self, law: str, sentence: str, subject: object, numbers: str) -> None:
        self.law, self.subject, self.numbers = law, subject, numbers
        super().__init__(f'{check.show(subject)} breaks the law "{law}": {sentence} {numbers}.')


class Broken(Exception):
    """Raised within a law, with the numbers that contradict it."""


@dataclass(frozen=True)
class Law:
    """One law of a kind of types.

    Attributes
    ----------
    name, sentence : str
        The name, and the law as a sentence.
    check : function
        Raises :class:`Broken` where a case does not obey the law.
    applies : function
        Whether the law is about a case.
    """

    name: str
    sentence: str
    check: Callable[[Any], None]
    applies: Callable[[Any], bool]


class Laws(list[Law]):
    """The laws of a kind, in the order in which they are checked."""

    def law(
        self, applies: Callable[[Any], bool] = lambda case: True
    ) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """Add a function: its name is that of the law, its docstring the sentence."""

        def add(function: Callable[[Any], None]) -> Callable[[Any], None]:
            sentence = (function.__doc__ or "").strip().partition("\n")[0]
            name = function.__name__.replace("_", " ")
            self.append(Law(name, sentence, function, applies))
            return function

        return add

    def check(self, subject: object, case: Any) -> tuple[str, ...]:
        """Check the laws that are about a case; return their names."""
        names = []
        for law in self:
            if not law.applies(case):
                continue
            try:
                law.check(case)
            except Broken as broken:
                raise Violation(law.name, law.sentence, subject, str(broken)) from None
            except Exception as error:
                numbers = f"It fails with {type(error).__name__}: {error}".rstrip(".")
                raise Violation(law.name, law.sentence, subject, numbers) from error
            names.append(law.name)
        return tuple(names)


def require(holds: object, numbers: str) -> None:
    """Raise :class:`Broken` with a sentence unless a condition holds."""
    if not isinstance(numbers, str):  # in the other order every law would hold
        raise TypeError("require: numbers must be a sentence; pass the condition first.")
    if not holds:
        raise Broken(numbers)


def require_equal(found: ArrayLike, expected: ArrayLike, of: str) -> None:
    """Two arrays are equal, bit for bit."""
    require_close(found, expected, 0.0, of)


def require_close(found: ArrayLike, expected: ArrayLike, within: ArrayLike, of: str) -> None:
    """Two arrays have one shape and differ by at most ``within``."""
    one, other = np.asarray(found), np.asarray(expected)
    if one.shape != other.shape:
        raise Broken(f"The shape of {of} is {one.shape} and not {other.shape}")
    excess = np.abs(one - other) - np.asarray(within)
    wrong = ~(excess <= 0) & ~(one == other)
    if wrong.any():
        worst = np.unravel_index(
            int(np.argmax(np.where(wrong, np.nan_to_num(excess, nan=np.inf), -np.inf))), one.shape
        )
        where = f" (element {', '.join(map(str, worst))})" if one.ndim else ""
        raise Broken(
            f"{of[:1].upper()}{of[1:]}: {one[worst]:.6g} and not {other[worst]:.6g}{where}"
        )


def require_value(subject: object) -> None:
    """A frozen dataclass that is equal by content."""
    name = type(subject).__name__
    require(
        is_dataclass(subject), f"{name} is not decorated with @dataclass(frozen=True, eq=False)"
    )
    frozen = type(subject).__dataclass_params__.frozen  # type: ignore[attr-defined]
    require(frozen, f"The dataclass {name} is not frozen")
    twin = replace(subject)  # type: ignore[type-var]
    require(twin == subject, f"A copy {check.show(twin)} is not equal to it")
    require(hash(twin) == hash(subject), "A copy has another hash")


def items(who: str, argument: str, value: object, do: str) -> tuple[Any, ...]:
    """The items of a list or tuple that is not empty, checked."""
    if not isinstance(value, (list, tuple)):
        check.fail(who, argument, "be a list or tuple", check.show(value), do, TypeError)
    if not value:
        check.fail(who, argument, "not be empty", "none", do)
    return tuple(value)


def unchanged(arrays: Iterable[tuple[str, Any, Any]]) -> None:
    """Arguments, each with its name and a copy from before, were not written to."""
    for name, now, before in arrays:
        require_equal(now, before, f"the argument {name} after the call")
