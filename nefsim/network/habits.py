"""Errors that name the correct call for common wrong uses of a network."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

from nefsim import _checks as check
from nefsim import _habits as habits

#: Attributes of each network.
ATTRIBUTES = ("seed", "label", "parent", "nodes", "ensembles", "connections", "probes", "networks")


class Answers:
    """Base class of networks: raises errors for uses that are correct in other programs only.

    A user may set attributes of a network, as in ``net.output = net.node(size_in=1)``.
    """

    if not TYPE_CHECKING:  # or mypy would take any name, and a with block

        def __enter__(self) -> NoReturn:
            do = "write net = nefsim.Network() and net.ensemble(50, 1), net.connect(a, b)"
            check.fail("Network", "objects", "be made by methods", "a with block", do, TypeError)

        def __exit__(self, *error: object) -> None:
            """Defined so that Python calls ``__enter__``."""

        def __getattr__(self, name: str) -> Any:
            known = (*ATTRIBUTES, *dir(type(self)))
            message = habits.attribute("Network", name, habits.OF_NETWORK, known)
            raise AttributeError(message, name=name, obj=self)

        def __setattr__(self, name: str, value: object) -> None:
            if name not in self.__dict__ and not name.startswith("_"):
                _check_name(type(self), name, value)
            object.__setattr__(self, name, value)


def _check_name(cls: type, name: str, value: object) -> None:
    """Refuse an attribute that replaces a method, or whose name is likely a misspelling."""
    if callable(getattr(cls, name, None)):
        do = f"take another name, as net.{name}(...) is a method"
        raise AttributeError(f"Network: {name} must stay a method, got an assignment; {do}.")
    known = [*ATTRIBUTES, *(known for known in dir(cls) if not known.startswith("_"))]
    words = (name, *name.split("_"))  # n_probes is not a misspelt probes
    if not isinstance(value, (str, Real)) or any(word in known for word in words):
        return
    if name in habits.OF_NETWORK or habits.nearest(name, known, 0.8):
        raise AttributeError(habits.attribute("Network", name, habits.OF_NETWORK, known))
