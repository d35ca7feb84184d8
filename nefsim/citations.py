"""The publications to cite for a model."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.network import Network


def citations(net: Network) -> str:
    """Return BibTeX of nefsim and of the publications behind the parts of a network.

    Neuron types, learning rules, solvers, distributions and ready networks are looked up; the
    Neural Engineering Framework itself is always cited.  A network that was read from a file has
    no record of its ready networks.

    Parameters
    ----------
    net : Network
        The network of a model.

    Returns
    -------
    str
        Entries of BibTeX, the one of nefsim first.

    Raises
    ------
    TypeError
        If ``net`` is not a network.

    See Also
    --------
    describe : Sizes and cost of a network.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network()
    >>> a = net.ensemble(50, 1, neuron_type=nef.Izhikevich())
    >>> [line for line in nef.citations(net).splitlines() if line.startswith("@")]
    ['@software{nefsim,', '@book{eliasmith2003neural,', '@article{izhikevich2003simple,']
    """
    from nefsim._bibliography import OF_CLASSES, OF_NETWORKS, entry

    check.instance("citations", "net", net, Network, "a network", "pass net = nefsim.Network()")
    keys = {"eliasmith2003neural": None}
    for inner in net.everything():
        keys |= dict.fromkeys(OF_NETWORKS.get(inner._kind, ()))
    for name in _classes(net):
        keys |= dict.fromkeys(OF_CLASSES.get(name, ()))
    return "\n\n".join([_of_nefsim(), *map(entry, keys)]) + "\n"


def _of_nefsim() -> str:

    version = sys.modules["nefsim"].__version__  # type: ignore[attr-defined]
    return (
        "@software{nefsim,\n"
        "  author = {{nefsim developers}},\n"
        "  title = {{nefsim: networks of spiking neurons by the Neural Engineering Framework}},\n"
        f"  version = {{{version}}},\n"
        "  year = {2026},\n}"
    )


def _classes(net: Network) -> Iterator[str]:
    """Names of the classes of all values of the objects, with those inside of other values."""
    for thing in (*net.all_ensembles, *net.all_nodes, *net.all_connections, *net.all_probes):
        for value in vars(thing).values():
            yield from _of_value(value)


def _of_value(value: Any) -> Iterator[str]:
    if isinstance(value, Value):
        yield type(value).__name__
        parts: Iterable[Any] = vars(value).values()
    elif isinstance(value, Mapping):
        parts = value.values()
    else:
        parts = value if isinstance(value, (list, tuple)) else ()
    for part in parts:
        yield from _of_value(part)
