"""Objects of Nengo by names and numbers, so that model files can contain them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import nengo
from nengo.params import FrozenObject

from nefsim import _checks as check
from nefsim._values import Value

#: Modules of Nengo whose types are written by name.
MODULES = ("processes", "synapses", "dists")

#: Parameters of all processes of Nengo, of which most types set the first two themselves.
COMMON = ("default_size_in", "default_size_out", "default_dt", "seed")


@cache
def types() -> dict[str, type[FrozenObject]]:
    """The types of Nengo by name, such as ``"processes.WhiteSignal"``."""
    found = {}
    for module in MODULES:
        room = getattr(nengo, module)
        for name, kind in vars(room).items():
            own = isinstance(kind, type) and kind.__module__ == room.__name__
            if own and issubclass(kind, FrozenObject):
                found[f"{module}.{name}"] = kind
    return found


@dataclass(frozen=True, eq=False)
class NengoObject(Value):
    """A process, filter or distribution of Nengo.

    Parameters
    ----------
    name : str
        The module and the name of its type, such as ``"processes.WhiteSignal"``.
    arguments : mapping
        The arguments of its type by name.

    Raises
    ------
    ValueError
        If Nengo has no such type, or refuses the arguments.

    See Also
    --------
    described : The names and numbers of an object of Nengo.

    Examples
    --------
    >>> from nefsim.nengo.parameters import NengoObject
    >>> NengoObject("synapses.Lowpass", {"tau": 0.1}).original
    Lowpass(tau=0.1)
    """

    name: str
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        do = "pass the name of a type, such as processes.WhiteSignal"
        if not isinstance(self.name, str) or self.name not in types():
            check.fail("NengoObject", "name", "be a type of Nengo", check.show(self.name), do)
        do = "pass a mapping of names to arguments"
        check.instance("NengoObject", "arguments", self.arguments, Mapping, "a mapping", do)
        try:
            _ = self.original
        except Exception as error:  # arguments of a file may be anything
            got, do = f"{type(error).__name__}: {error}", "pass arguments that it accepts"
            check.fail("NengoObject", "arguments", f"be those of {self.name}", got, do)

    @cached_property
    def original(self) -> Any:
        """The object of Nengo."""
        arguments = {
            name: value.original if isinstance(value, NengoObject) else value
            for name, value in self.arguments.items()
        }
        return types()[self.name](**arguments)


def described(original: Any) -> Any:
    """The names and numbers of an object of Nengo; itself if its type is not one of Nengo's."""
    kind = type(original)
    name = next((name for name, each in types().items() if each is kind), None)
    if name is None:
        return original
    parameters = inspect.signature(kind).parameters.values()
    wanted = [each.name for each in parameters if each.kind != each.VAR_KEYWORD]
    has_common = len(wanted) < len(parameters)
    if has_common and hasattr(original, "method") and "method" not in wanted:  # of a filter
        wanted.append("method")
    for more in (COMMON[2:], COMMON[1:], COMMON) if has_common else ((),):
        given = {part: getattr(original, part) for part in (*wanted, *more)}
        parts = {
            key: described(value) if isinstance(value, FrozenObject) else value
            for key, value in given.items()
        }
        with suppress(ValueError):
            found = NengoObject(name, parts)
            if found.original == original:
                return found
    return original


def original_of(thing: Any) -> Any:
    """The object of Nengo that a description stands for."""
    return thing.original if isinstance(thing, NengoObject) else thing
