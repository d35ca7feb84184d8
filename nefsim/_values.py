"""Values: small frozen descriptions that are equal when their content is equal."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from inspect import Parameter, Signature
from typing import Any, ClassVar, Self

import numpy as np

from nefsim import _checks as check
from nefsim import _signatures as signatures

#: Types of values that are hashable as they are.
PLAIN = (float, int, str, bool, type(None))


@cache
def _names(cls: type) -> tuple[str, ...]:
    """The names of the fields of a dataclass."""
    return tuple(field.name for field in fields(cls))


def _canonical(value: Any) -> Any:
    """A hashable form of a value; forms are equal exactly if the contents are."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes())
    if isinstance(value, (tuple, list)):
        return tuple(_canonical(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _canonical(item)) for key, item in value.items())
    return value


class Value:
    """Base of frozen dataclasses compared by content, arrays included.

    Subclasses are declared ``@dataclass(frozen=True, eq=False)``: equality and hash come
    from here, so that a field may hold an array.
    """

    #: Whether a function of nefsim can be called with an array of points, see `takes_points`.
    _takes_points: ClassVar[bool] = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Check the call against the signature of the class."""
        signatures.check_call(cls, args, kwargs)
        return super().__new__(cls)

    # Otherwise the signature of an abstract class would be (*args, **kwargs).
    __new__.__signature__ = Signature([Parameter("cls", Parameter.POSITIONAL_ONLY)])  # type: ignore[attr-defined]

    def _content(self) -> tuple[Any, ...]:
        if not is_dataclass(self):
            do = "write @dataclass(frozen=True, eq=False) above it"
            check.fail(type(self).__name__, "class", "be a dataclass", "none", do, TypeError)
        return tuple([_canonical(getattr(self, name)) for name in _names(type(self))])

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    def _set(self, **checked: Any) -> None:
        """Store checked fields; for ``__post_init__`` of a frozen dataclass only."""
        for name, value in checked.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)


def takes_points(function: Any) -> bool:
    """Whether a function of nefsim can be called with points (P, D), and gives (P, k)."""
    return isinstance(function, Value) and function._takes_points
