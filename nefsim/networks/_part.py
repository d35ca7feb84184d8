"""The base class of results, and the making of subnetworks."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.network import Network


class _Made(type):
    """The type of classes that are called by the function of their name, and refuse other calls.

    A copy or an unpickled object is not made by a call.
    """

    def __call__(cls, *args: Any, **options: Any) -> Any:
        """Refuse a call with the arguments of the function of that name, or with none."""
        is_complete = len(args) + len(options) >= len(fields(cls))  # type: ignore[arg-type]
        if not is_complete or (args and not isinstance(args[0], Network)):
            function = re.sub("(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
            of_net = "net" if args or options else "net, ..."
            given = [check.show(value) for value in args if not isinstance(value, Network)]
            named = [
                f"{name}={check.show(value)}"
                for name, value in options.items()
                if not isinstance(value, Network)
            ]
            room = cls.__module__.split(".")[1]
            raise TypeError(
                f"{cls.__name__}: object must be made by a function, got a call of its class; "
                f"write nefsim.{room}.{function}({', '.join([of_net, *given, *named])})."
            )
        return super().__call__(*args, **options)


@dataclass(frozen=True, eq=False, repr=False)
class Part(metaclass=_Made):
    """Base class of results: the objects that a function added to a network, by name."""

    network: Network

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
    """Make a subnetwork for a ``with`` block, which is removed if the block fails.

    The default label is ``kind``, followed by a number if there are several of it.  If the
    subnetwork ``saturates``, it drives populations beyond their radius on purpose, and no
    :class:`nefsim.RadiusWarning` is given for them.
    """
    check.instance(who, "net", net, Network, "a network", "pass net = nefsim.Network(), or a part")
    name = check.label(who, label)
    if not name:
        before = sum(str(inner.label).rstrip("0123456789 ") == kind for inner in net.networks)
        name = f"{kind} {before + 1}" if before else kind
    inner = net.subnetwork(name, check.seed(who, seed))
    inner._kind, inner._warns_of_radius = kind, not saturates
    try:
        yield inner
    except BaseException:
        net.networks.remove(inner)
        raise


def count(who: str, argument: str, value: object, low: int = 1) -> int:
    """Check a number of neurons or of dimensions."""
    return check.integer(who, argument, value, low=low)


def twin_seed(net: Network) -> int:
    """A seed for populations that are to be equal: from the place of their network and its seed."""
    path: list[int] = []
    scope: Any = net
    while scope.seed is None and scope.parent is not None:
        path.append(scope.parent.networks.index(scope))
        scope = scope.parent
    entropy = secrets.randbits(64) if scope.seed is None else scope.seed
    return int(np.random.SeedSequence(entropy, spawn_key=path).generate_state(1, np.uint64)[0])
