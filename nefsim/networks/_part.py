"""The base of results, and the subnetwork that a function fills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Self

from nefsim import _checks as check
from nefsim.network import Network


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Objects that a function of this room added to a network, by name."""

    network: Network

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Refuse a call with the arguments of the function of that name."""
        if args and not isinstance(args[0], Network):
            function = re.sub("(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
            arguments = ", ".join(["net", *map(check.show, args)])
            raise TypeError(
                f"{cls.__name__}: object must be made by a function, got a call of its class; "
                f"write nefsim.networks.{function}({arguments})."
            )
        return super().__new__(cls)

    def __repr__(self) -> str:
        names = ", ".join(field.name for field in fields(self))
        return f"<{type(self).__name__} {self.network.label!r}: {names}>"


@contextmanager
def part(
    who: str,
    net: Network,
    label: str | None,
    seed: int | None,
    kind: str,
    saturates: bool = False,
) -> Iterator[Network]:
    """A subnetwork to fill, which is taken away again if that fails.

    One that ``saturates`` drives populations beyond their radius on purpose, so that there is no
    :class:`nefsim.RadiusWarning`.  Without a label it is called after its kind, with a number
    from the second of a kind on.
    """
    check.instance(who, "net", net, Network, "a network", "pass net = nefsim.Network(), or a part")
    name = check.label(who, label)
    if not name:
        before = sum(str(inner.label).rstrip("0123456789 ") == kind for inner in net.networks)
        name = f"{kind} {before + 1}" if before else kind
    inner = net.subnetwork(name, check.seed(who, seed))
    inner._warns_of_radius = not saturates
    try:
        yield inner
    except BaseException:
        net.networks.remove(inner)
        raise


def count(who: str, argument: str, value: object, low: int = 1) -> int:
    """A number of neurons or of dimensions."""
    return check.integer(who, argument, value, low=low)
