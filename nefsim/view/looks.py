"""Colours, widths and texts of the boxes and wires of a graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from nefsim.network import Connection, Ensemble, Node
from nefsim.neurons import Direct
from nefsim.plot._style import COLOURS, GREY, INK
from nefsim.view.graph import Box, Graph
from nefsim.view.plots import inert

#: Longest label in a box [characters].
LONGEST = 19

#: Colours of the outline and the inside of each kind of box.
LOOKS = {
    "ensemble": (COLOURS[0], "#eef5fa"),
    "node": (COLOURS[2], "#eef8f3"),
    "relay": (GREY, "#f4f4f4"),
    "network": (INK, "#f3f0ea"),
    "open": ("#b9b2a5", "#faf8f4"),
    "held": (COLOURS[4], "#fdf3df"),
    "saturated": (COLOURS[1], "#fbeae0"),
}


def columns_of_wires(graph: Graph) -> dict[str, Any]:
    """The wires of a graph as columns of a data source; the browser computes their curves."""
    place = {box: i for i, box in enumerate(graph.boxes)}
    wires = graph.wires
    empty: list[Any] = [[] for _ in wires]
    zero = [0.0] * len(wires)
    return {
        "start": [place[w.start] for w in wires],
        "end": [place[w.end] for w in wires],
        "width": [_width(w.weight) for w in wires],
        "colour": [_colour(w) for w in wires],
        "dash": ["dashed" if w.teaches else "solid" for w in wires],
        "xs": empty,
        "ys": empty,
        "ax": zero,
        "ay": zero,
        "angle": zero,
    }


def columns_of_boxes(
    graph: Graph, held: Collection[Node], saturated: Collection[Ensemble]
) -> dict[str, Any]:
    """The boxes of a graph as columns of a data source."""
    boxes = graph.boxes
    looks = [LOOKS[_look(box, held, saturated)] for box in boxes]
    title = [box.y + box.height / 2 - 0.25 if box.is_open else box.y for box in boxes]
    return {
        "x": [box.x for box in boxes],
        "y": [box.y for box in boxes],
        "w": [box.width for box in boxes],
        "h": [box.height for box in boxes],
        "open": [box.is_open for box in boxes],
        "label": [_label(box) for box in boxes],
        "label_y": title,
        "about": [about(box.thing) for box in boxes],
        "line": [line for line, _ in looks],
        "fill": [fill for _, fill in looks],
        "outline": [2.5 if line == COLOURS[1] else 1.3 for line, _ in looks],
    }


def _look(box: Box, held: Collection[Node], saturated: Collection[Ensemble]) -> str:
    if box.is_open:
        return "open"
    if box.thing in held:
        return "held"
    return "saturated" if box.thing in saturated else box.kind


def about(thing: Any) -> str:
    """A line about an object."""
    if isinstance(thing, Ensemble):
        name = type(thing.neuron_type).__name__
        n = "" if isinstance(thing.neuron_type, Direct) else f"{thing.n_neurons} neurons, "
        size = f"{n}{thing.dimensions}-D, {name}"
        return f"{thing.label}: {size}, radius {thing.radius:g}"
    if isinstance(thing, Node):
        kind = "relay" if thing.output is None else "node"
        return f"{thing.label}: {kind}, {thing.size_out or thing.size_in}-D"
    if isinstance(thing, Connection):
        synapse = "no synapse" if thing.synapse is None else repr(thing.synapse)
        rules = "".join(f", {type(rule).__name__}" for _, rule in thing.rules)
        return f"{thing.label}: {synapse}{rules}"
    n_neurons = sum(e.n_neurons for e in thing.all_ensembles)
    return f"{thing.label or 'network'}: network of {n_neurons} neurons; double-click opens it"


def _label(box: Box) -> str:
    label = box.label if len(box.label) <= LONGEST else box.label[: LONGEST - 1] + "…"
    label = inert(label.replace("\n", " "))
    thing = box.thing
    if box.kind == "ensemble":
        direct = isinstance(thing.neuron_type, Direct)
        size = "direct" if direct else f"{thing.n_neurons} neurons, {thing.dimensions}-D"
        return f"{label}\n{size}"
    if box.kind == "network" and not box.is_open:
        return f"{label}\n▸ {sum(e.n_neurons for e in thing.all_ensembles)} neurons"
    return label


def _width(weight: float) -> float:
    """Width of a wire [pixels] by the size of its weights, from 0.8 to 4."""
    return float(np.clip(1.6 * max(weight, 1e-9) ** 0.5, 0.8, 4.0))


def _colour(wire: Any) -> str:
    if wire.learns:
        return COLOURS[3]
    if wire.teaches:
        return COLOURS[1]
    return COLOURS[0] if wire.recurs else "#777777"
