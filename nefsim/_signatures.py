"""Errors about calls that do not fit a signature, with the correct call."""

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

#: Names of variables for objects of a class in messages.
VARIABLES = {"Network": "net", "Simulator": "sim"}


def explained(function: F) -> F:
    """Decorate a function so that errors about its signature contain the correct call."""

    def explain(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        signature = inspect.signature(function)
        return misfit(function.__qualname__.removesuffix(".__init__"), signature, args, kwargs)

    return _answering(function, explain)


def network_object(method: str, example: str) -> Callable[[type[T]], type[T]]:
    """Decorate a class whose objects are created by a method of a network.

    Calls of the class and assignments to attributes raise errors that name the method.

    Parameters
    ----------
    method : str
        The method, such as ``net.ensemble``.
    example : str
        Arguments in the message about a call without arguments.
    """

    def decorate(cls: type[T]) -> type[T]:
        who, fields = cls.__name__, [*cls.__dataclass_fields__]  # type: ignore[attr-defined]

        def explain(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
            text = ", ".join([*map(check.show, args[1:]), *_written(kwargs)])
            short = text and len(text) < 80 and "<" not in text  # valid Python
            return (
                f"{who}: object must be made by its network, got a call of its class; "
                f"write {method}({text if short else example}), where net = nefsim.Network()."
            )

        def refuse(self: Any, name: str, value: object = None) -> NoReturn:
            do = f"pass {name} to {method}"
            if name not in fields:
                do = "store it in a variable"
            raise FrozenInstanceError(
                f"{self!r}: {name} must be set when it is made, got an assignment; {do}."
            )

        def missing(self: Any, name: str) -> NoReturn:
            message = habits.attribute(who, name, habits.OF_THINGS, [*dir(cls), *fields])
            raise AttributeError(message, name=name, obj=self)

        cls.__getattr__ = missing  # type: ignore[attr-defined]
        cls.__init__ = _answering(cls.__init__, explain)  # type: ignore[method-assign, misc]
        cls.__setattr__ = cls.__delattr__ = refuse  # type: ignore[assignment]
        return cls

    return decorate


def check_call(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Check the call of a class of values against its signature, at negligible cost."""
    fields: tuple[str, ...] = getattr(cls, "__match_args__", ())
    if len(args) <= len(fields) and all(name in fields for name in kwargs):
        return
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    try:
        signature.bind(None, *args, **kwargs)
    except TypeError:
        raise TypeError(misfit(cls.__name__, signature, (None, *args), kwargs)) from None


def _written(kwargs: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name}={check.show(value)}" for name, value in kwargs.items())


def _answering(function: F, explain: Explain) -> F:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            # If the call itself failed, there is no frame below this one.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise TypeError(explain(args, kwargs)) from None

    return call  # type: ignore[return-value]


def misfit(
    who: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    """The message about a call that does not fit a signature, with the correct call."""
    parameters = [*signature.parameters.values()]
    if parameters and parameters[0].name in ("self", "cls"):
        parameters, args = parameters[1:], args[1:]
    # **options takes any number of arguments, or none.
    parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in parameters]
    for name in kwargs:
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
        if name in kwargs:
            return f"{who}: {name} must be given once, got it by place and by name; leave out one."
    missing = [name for name in needed if name not in kwargs and name not in names[: len(args)]]
    return f"{who}: {' and '.join(missing)} must be given, got nothing; {do}."
