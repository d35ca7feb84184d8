"""Layouts of pages in files next to their models."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim._schema import misfit
from nefsim._writing import replacing
from nefsim.network import Network
from nefsim.plot._names import quantity, title
from nefsim.view.graph import Graph

#: Kind and version of a file.
KIND = {"kind": "nefsim view", "version": 1}

SCHEMA = {
    "kind": "nefsim view",
    "version": range(1, 2),
    "graph": {"places": {str: [float, float]}, "open": [str]},
    "plots": [[str, str]],
}

#: Largest file that is read [bytes].
LARGEST = 1 << 20


def _objects(net: Network) -> tuple[tuple[str, list[Any]], ...]:
    return (
        ("network", [*net.everything()][1:]),
        ("node", net.all_nodes),
        ("ensemble", net.all_ensembles),
        ("connection", net.all_connections),
        ("probe", net.all_probes),
    )


def numbers_of(net: Network) -> dict[Any, str]:
    """A kind and number for each object of a network, as the graph and earlier layouts have it."""
    return {
        thing: f"{kind} {i}" for kind, things in _objects(net) for i, thing in enumerate(things)
    }


def names_of(net: Network) -> dict[Any, str]:
    """A name for each object of a network, which is the same after others are added.

    It has the label of the object, and a number among those of the same label.

    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b, c = (net.ensemble(10, 1, label=label) for label in "aba")
    >>> [*names_of(net).values()]
    ["ensemble 'a'", "ensemble 'b'", "ensemble 'a' 2"]
    """
    found: dict[Any, str] = {}
    numbers: Counter[str] = Counter()
    for kind, things in _objects(net):
        for thing in things:
            label = f"{title(thing)}: {quantity(thing)}" if kind == "probe" else thing.label or ""
            name = f"{kind} {label!r}"
            numbers[name] += 1
            found[thing] = name if numbers[name] == 1 else f"{name} {numbers[name]}"
    return found


def renamed(graph: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The places and open networks of a graph by other names; those without one are left out."""
    places = {names[name]: place for name, place in graph["places"].items() if name in names}
    return {"places": places, "open": [names[name] for name in graph["open"] if name in names]}


def restore(graph: Graph, layout: dict[str, Any]) -> None:
    """Give a graph the places and open networks of a layout, in which names have labels."""
    numbers, names = numbers_of(graph.net), names_of(graph.net)
    things = {name: thing for found in (numbers, names) for thing, name in found.items()}
    by_number = {name: numbers[thing] for name, thing in things.items()}
    graph.restore(renamed(layout["graph"], by_number))


def write(path: Path, layout: dict[str, Any]) -> None:
    """Write a layout."""
    text = json.dumps({**KIND, **layout}, indent=1)
    with replacing(path) as stream:
        stream.write(text.encode())


def read(path: Path) -> dict[str, Any]:
    """Read a layout.

    Raises
    ------
    ValueError
        If the file is not a layout.
    """
    do = "remove it, and save the layout again"
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        layout = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        check.fail("view", "layout", "be a file of a layout", f"{path} ({error})", do)
    wrong = misfit(layout, SCHEMA) if isinstance(layout, dict) else "it is no object"
    wrong = wrong or misfit(layout.get("known", []), [str], "known")  # earlier files have none
    if wrong:
        check.fail("view", "layout", "be a file of a layout", f"{path} ({wrong})", do)
    return dict(layout)
