"""Calls that do not fit a signature, answered by what to write."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import FrozenInstanceError
from functools import wraps
from typing import Any, NoReturn, TypeVar

from nefsim import _checks as check
from nefsim import _habits as habits

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Explain = Callable[[tuple[Any, ...], Mapping[str, Any]], str]

#: What messages call an object of a class.
VARIABLES = {"Network": "net", "Simulator": "sim"}


def explained(function: F) -> F:
    """The same function; a call that does not fit its signature is told the name to write."""

    def explain(args: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        signature = inspect.signature(function)
        return misfit(function.__qualname__.removesuffix(".__init__"), signature, args, named)

    return _answering(function, explain)


def made_by(method: str, example: str) -> Callable[[type[T]], type[T]]:
    """Of a class of frozen things that a network's method makes: say so to whoever calls it.

    Parameters
    ----------
    method : str
        The method, such as ``net.ensemble``.
    example : str
        What to write when it was called with nothing.
    """

    def decorate(cls: type[T]) -> type[T]:
        who, fields = cls.__name__, [*cls.__dataclass_fields__]  # type: ignore[attr-defined]

        def explain(args: tuple[Any, ...], named: Mapping[str, Any]) -> str:
            given = ", ".join([*map(check.show, args[1:]), *_written(named)])
            short = given and len(given) < 80 and "<" not in given  # which no program can write
            return (
                f"{who}: object must be made by its network, got a call of its class; "
                f"write {method}({given if short else example}), where net = nefsim.Network()."
            )

        def refuse(self: Any, name: str, value: object = None) -> NoReturn:
            do = f"pass {name} to {method}"
            if name not in fields:
                do = "keep it in a variable of your own"
            raise FrozenInstanceError(
                f"{self!r}: {name} must be set when it is made, got an assignment; {do}."
            )

        def missing(self: Any, name: str) -> NoReturn:
            message = habits.attribute(who, name, habits.OF_THINGS, dir(cls) + fields)
            raise AttributeError(message, name=name, obj=self)

        cls.__getattr__ = missing  # type: ignore[attr-defined]
        cls.__init__ = _answering(cls.__init__, explain)  # type: ignore[method-assign, misc]
        cls.__setattr__ = cls.__delattr__ = refuse  # type: ignore[assignment]
        return cls

    return decorate


def check_call(cls: type, args: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Answer the call of a class of values by a name that it has not; costs next to nothing."""
    known: tuple[str, ...] = getattr(cls, "__match_args__", ())
    if len(args) <= len(known) and all(name in known for name in named):
        return
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    try:
        signature.bind(None, *args, **named)
    except TypeError:
        raise TypeError(misfit(cls.__name__, signature, (None, *args), named)) from None


def _written(named: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name}={check.show(value)}" for name, value in named.items())


def _answering(function: F, explain: Explain) -> F:
    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except TypeError as error:
            # A call that never began has no frame below this one.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise TypeError(explain(args, named)) from None

    return call  # type: ignore[return-value]


def misfit(
    who: str, signature: inspect.Signature, args: tuple[Any, ...], named: Mapping[str, Any]
) -> str:
    """Why a call does not fit a signature, and what to write."""
    parameters = [*signature.parameters.values()]
    if parameters and parameters[0].name in ("self", "cls"):
        parameters, args = parameters[1:], args[1:]
    names = [p.name for p in parameters]
    for name in named:
        if name not in names:
            do = habits.keyword(who, name, names)
            return f"{who}: keyword must be one of its arguments, got {name}=; {do}."
    needed = [p.name for p in parameters if p.default is p.empty]
    owner, _, method = who.rpartition(".")
    call = f"{VARIABLES.get(owner, owner)}.{method}" if owner else method
    call = f"write {call}({', '.join(needed)})" if needed else "leave some out"
    do = habits.CALLS.get(who, call)
    if len(args) > len(names):
        of = ", ".join(names) or "none"
        return f"{who}: arguments must be at most {len(names)} ({of}), got {len(args)}; {do}."
    for name in names[: len(args)]:
        if name in named:
            return f"{who}: {name} must be given once, got it by place and by name; leave out one."
    missing = [name for name in needed if name not in named and name not in names[: len(args)]]
    return f"{who}: {' and '.join(missing)} must be given, got nothing; {do}."
