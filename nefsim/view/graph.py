"""The graph of a network: boxes of objects and subnetworks, and the wires between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.network.dot import ends_of
from nefsim.plot.network import layout

#: Width and height of a box, and the room between boxes and around the boxes of an open network.
WIDTH, HEIGHT, ROOM, MARGIN = 1.7, 0.74, 0.62, 0.42

#: Room above the boxes of an open network for its label.
TITLE = 0.42

#: Outermost networks with so many objects are open at first; larger ones show networks closed.
MOST_OPEN = 24


@dataclass(eq=False)
class Box:
    """An object of a network, or a subnetwork, at a place of the graph.

    Attributes
    ----------
    thing : Node, Ensemble or Network
        The object.
    kind : {"ensemble", "node", "relay", "network"}
        Its kind; a relay is a node that only passes on its input.
    name : str
        A name of this object only, such as "ensemble 3", for saved layouts.
    label : str
        The label to show, without that of the network around it.
    x, y, width, height : float
        Centre and size.
    is_open : bool
        Whether the boxes of a network are shown.
    inside : list of Box
        The boxes in an open network.
    """

    thing: Any
    kind: str
    name: str
    label: str
    x: float = 0.0
    y: float = 0.0
    width: float = WIDTH
    height: float = HEIGHT
    is_open: bool = False
    inside: list[Box] = field(default_factory=list)

    def everything(self) -> Iterator[Box]:
        """This box and those in it, outer ones first."""
        yield self
        for box in self.inside:
            yield from box.everything()

    def move(self, dx: float, dy: float) -> None:
        """Move the box and those in it."""
        for box in self.everything():
            box.x, box.y = box.x + dx, box.y + dy


@dataclass(frozen=True, eq=False)
class Wire:
    """All connections from one box to another.

    Attributes
    ----------
    start, end : Box
        The boxes.
    connections : tuple of Connection
        The connections, also those of objects in closed networks.
    weight : float
        Largest norm of their transforms, relative to that of the identity.
    learns : bool
        Whether a learning rule changes one of them.
    teaches : bool
        Whether they carry an error to a learning rule.
    recurs : bool
        Whether the wire is part of a loop.
    """

    start: Box
    end: Box
    connections: tuple[Connection, ...]
    weight: float
    learns: bool
    teaches: bool
    recurs: bool


class Graph:
    """Boxes and wires of a network, of which subnetworks can be opened and closed.

    Parameters
    ----------
    net : Network
        The outermost network.

    Attributes
    ----------
    boxes : list of Box
        The boxes that are shown, outer ones first.
    wires : list of Wire
        The wires between them.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.view.graph import Graph
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1, label="a")
    >>> c = net.connect(net.node(0.5, label="knob"), a)
    >>> graph = Graph(net)
    >>> [(box.label, box.x) for box in graph.boxes]
    [('knob', 0.0), ('a', 2.32)]
    """

    def __init__(self, net: Network) -> None:
        self.net = net
        self._names: dict[Any, str] = {}
        kinds: tuple[tuple[str, list[Any]], ...] = (
            ("network", [*net.everything()][1:]),
            ("node", net.all_nodes),
            ("ensemble", net.all_ensembles),
        )
        for kind, things in kinds:
            self._names |= {thing: f"{kind} {i}" for i, thing in enumerate(things)}
        self._ends = [(c, ends) for c in net.all_connections if (ends := ends_of(c)) is not None]
        n_objects = len(net.all_nodes) + len(net.all_ensembles)
        self.opened = {n for n in [*net.everything()][1:] if n_objects <= MOST_OPEN}
        self._places: dict[str, tuple[float, float]] = {}
        self.arrange()

    def arrange(self) -> None:
        """Lay out all boxes again; places that were chosen by hand are restored."""
        self._owner: dict[Any, Box] = {}
        roots = self._roots = self._boxes_of(self.net)
        self._place(roots)
        self.boxes = [box for root in roots for box in root.everything()]
        for box in self.boxes:
            if box.name in self._places:
                x, y = self._places[box.name]
                box.move(x - box.x, y - box.y)
        self._fit(roots)
        self.wires = self._wires()

    def toggle(self, net: Any) -> None:
        """Open a closed network, or close an open one."""
        self.opened ^= {net}
        self.arrange()

    def put(self, box: Box, x: float, y: float) -> None:
        """Move a box, and the boxes in it, to a place that stays when the graph is laid out."""
        box.move(x - box.x, y - box.y)
        for each in box.everything():
            self._places[each.name] = (each.x, each.y)
        self._fit(self._roots)

    def saved(self) -> dict[str, Any]:
        """Places and open networks, as plain numbers and names."""
        places = {name: [round(x, 3), round(y, 3)] for name, (x, y) in self._places.items()}
        return {"places": places, "open": sorted(self._names[net] for net in self.opened)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over places and open networks; those of other networks are ignored."""
        names = {name: thing for thing, name in self._names.items()}
        places = saved.get("places", {})
        self._places = {
            name: (float(place[0]), float(place[1]))
            for name, place in places.items()
            if name in names and len(place) == 2 and np.isfinite(np.array(place, float)).all()
        }
        if "open" in saved:
            self.opened = {
                names[n] for n in saved["open"] if str(n).startswith("network") and n in names
            }
        self.arrange()

    def box_of(self, thing: Any) -> Box | None:
        """The box that shows an object: its own, or that of a closed network around it."""
        return self._owner.get(thing)

    # -- boxes ---------------------------------------------------------------------------

    def _boxes_of(self, net: Any) -> list[Box]:
        path = net.path() if net.parent is not None else ""
        boxes: list[Box] = []
        for inner in net.networks:
            label = (inner.label or "network").rpartition(".")[2]
            box = Box(inner, "network", self._names[inner], label)
            if inner in self.opened:
                box.is_open, box.inside = True, self._boxes_of(inner)
                self._place(box.inside)
                self._fit_one(box)
            else:
                for scope in inner.everything():
                    self._owner |= dict.fromkeys([*scope.nodes, *scope.ensembles], box)
            boxes.append(box)
        for thing in (*net.nodes, *net.ensembles):
            kind = "ensemble" if isinstance(thing, Ensemble) else "node"
            if isinstance(thing, Node) and thing.output is None:
                kind = "relay"
            label = thing.label.removeprefix(f"{path}.")
            box = self._owner[thing] = Box(thing, kind, self._names[thing], label)
            boxes.append(box)
        return boxes

    def _place(self, boxes: list[Box]) -> None:
        """Place boxes in columns, from inputs to outputs."""
        index: dict[Box | None, int] = {}
        for i, box in enumerate(boxes):
            index |= dict.fromkeys(list(box.everything()), i)
        arrows: list[tuple[int, int]] = []
        for _, (pre, post, teaches) in self._ends:
            start, end = (index.get(self._owner.get(each)) for each in (pre, post))
            if not teaches and start is not None and end is not None and start != end:
                arrows.append((start, end))
        at = layout(len(boxes), [*dict.fromkeys(arrows)])
        left = 0.0
        for column in sorted(set(at[:, 0])) if len(at) else []:
            found = np.flatnonzero(at[:, 0] == column).tolist()
            members = sorted(found, key=lambda i: -at[i, 1])
            wide = max(boxes[i].width for i in members)
            total = sum(boxes[i].height for i in members) + ROOM * (len(members) - 1)
            top = total / 2
            for i in members:
                box = boxes[i]
                box.move(left + wide / 2 - WIDTH / 2 - box.x, top - box.height / 2 - box.y)
                top -= box.height + ROOM
            left += wide + ROOM

    def _fit(self, boxes: list[Box]) -> None:
        """Make open networks as large as the boxes in them."""
        for box in boxes:
            if box.is_open:
                self._fit(box.inside)
                self._fit_one(box)

    def _fit_one(self, box: Box) -> None:
        if not box.inside:
            return
        left = min(b.x - b.width / 2 for b in box.inside) - MARGIN
        right = max(b.x + b.width / 2 for b in box.inside) + MARGIN
        low = min(b.y - b.height / 2 for b in box.inside) - MARGIN
        high = max(b.y + b.height / 2 for b in box.inside) + MARGIN + TITLE
        box.x, box.y = (left + right) / 2, (low + high) / 2
        box.width, box.height = right - left, high - low

    # -- wires ---------------------------------------------------------------------------

    def _wires(self) -> list[Wire]:
        groups: dict[tuple[Box, Box, bool], list[Connection]] = {}
        for connection, (pre, post, teaches) in self._ends:
            start, end = self._owner.get(pre), self._owner.get(post)
            if start is None or end is None or (start is end and start.kind == "network"):
                continue
            groups.setdefault((start, end, teaches), []).append(connection)
        loops = self._loops([(s, e) for s, e, teaches in groups if not teaches])
        return [
            Wire(
                start,
                end,
                tuple(connections),
                max(map(_weight, connections)),
                any(c.rules for c in connections),
                teaches,
                not teaches and loops[start] == loops[end] and (start is end or start in loops),
            )
            for (start, end, teaches), connections in groups.items()
        ]

    def _loops(self, arrows: list[tuple[Box, Box]]) -> dict[Box, int]:
        """The number of the strongly connected component of each box."""
        from nefsim._graphs import strong_components

        index = {box: i for i, box in enumerate(self.boxes)}
        before: dict[int, list[int]] = {i: [] for i in index.values()}
        for start, end in arrows:
            before[index[end]].append(index[start])
        number = {i: k for k, group in enumerate(strong_components(before)) for i in group}
        return {box: number[i] for box, i in index.items()}


def _weight(connection: Connection) -> float:
    """The norm of a connection's transform, relative to that of the identity."""
    transform: Any = connection.transform
    if hasattr(transform, "tocoo"):
        transform = transform.tocoo().data
    values = np.asarray(transform, np.float64)
    norm = float(np.sqrt((values**2).sum()))
    n = min(values.shape) if values.ndim == 2 else max(values.size, 1)
    return norm / float(np.sqrt(max(n, 1)))
