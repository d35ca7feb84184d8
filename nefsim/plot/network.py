"""Draw a network as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.network.dot import ends_of
from nefsim.neurons import Direct
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches of a figure for each layer and for each row.
WIDTH, HEIGHT = 1.5, 0.75


@explained
def network(net: Network, ax: Axes | None = None) -> Axes:
    """Draw a network as a graph, with the signals running from left to right.

    Ensembles are boxes and nodes are round boxes; a node that only passes on its input is a
    dot.  Connections are arrows; those that close a loop are curved.  A dashed arrow leads from
    the error of a learning rule to the target of the connection that it changes.

    Parameters
    ----------
    net : Network
        The network, with its subnetworks.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a text for each object and an arrow for each connected pair.

    Raises
    ------
    TypeError
        If ``net`` is not a network.

    See Also
    --------
    nefsim.Network.to_dot : The same graph for Graphviz, for large networks.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1, label="a")
    >>> c = net.connect(net.node(np.sin, label="stimulus"), a)
    >>> [text.get_text() for text in nef.plot.network(net).texts if text.get_text()]
    ['stimulus', 'a\\n50 neurons']
    """
    who = "plot.network"
    check.instance(who, "net", net, Network, "a Network", "pass one")
    things: list[Node | Ensemble] = [*net.all_nodes, *net.all_ensembles]
    place = {thing: i for i, thing in enumerate(things)}
    arrows: dict[tuple[int, int], bool] = {}
    for connection in net.all_connections:
        ends = ends_of(connection)
        if ends is not None and all(end in place for end in ends[:2]):
            pair = place[ends[0]], place[ends[1]]
            arrows[pair] = arrows.get(pair, True) and ends[2]
    at = layout(len(things), [pair for pair, taught in arrows.items() if not taught])
    columns, rows = np.ptp(at, axis=0) + 1 if len(at) else (1, 1)
    ax = style.axes(who, ax, figsize=(1.0 + WIDTH * columns, 0.8 + HEIGHT * rows))
    frames = [_draw(ax, x, y, thing) for (x, y), thing in zip(at, things, strict=True)]
    for (i, j), taught in arrows.items():
        _arrow(ax, (at[i], at[j]), (frames[i], frames[j]), i == j, taught)
    ax.set_xlim(-0.7, columns - 0.3)
    half = 0.5 * rows
    ax.set_ylim(-half - 0.3, half + 0.3)
    ax.set_axis_off()
    return ax


def layout(n: int, arrows: list[tuple[int, int]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Column and row (n, 2) of each of ``n`` objects, which ``arrows`` connect.

    The column is the length of the longest path to the object.  The row is near the rows of
    the objects before it.
    """
    order, forward = _without_loops(n, arrows)
    before: dict[int, list[int]] = {i: [] for i in range(n)}
    column, row = np.zeros(n, dtype=int), np.zeros(n)
    for i in order:
        for j in forward[i]:
            column[j] = max(column[j], column[i] + 1)
            before[j].append(i)
    for x in range(column.max(initial=-1) + 1):
        members = [int(i) for i in np.flatnonzero(column == x)]
        near = {i: np.mean([row[j] for j in before[i]] or [0.0]) for i in members}
        # Those from the top first, so that few arrows cross.
        for y, i in enumerate(sorted(members, key=lambda i: (-near[i], i))):
            row[i] = (len(members) - 1) / 2 - y
    return np.column_stack([column, row]).astype(np.float64)


def _without_loops(n: int, arrows: list[tuple[int, int]]) -> tuple[list[int], dict[int, list[int]]]:
    """A topological order of the objects, and the arrows that do not close a loop.

    Loops are found by depth-first search, from objects without an arrow to them: an arrow to an
    object on the path of the search closes a loop.
    """
    after: dict[int, list[int]] = {i: [] for i in range(n)}
    arrives: set[int] = set()
    for source, target in arrows:
        after[source].append(target)
        arrives |= {target} - {source}
    forward: dict[int, list[int]] = {i: [] for i in range(n)}
    finished: list[int] = []
    seen: set[int] = set()
    for root in sorted(range(n), key=lambda i: i in arrives):
        path = [] if root in seen else [(root, iter(after[root]))]
        on_path = {root}
        while path:
            i, rest = path[-1]
            seen.add(i)
            for j in rest:
                if j in on_path:
                    continue
                forward[i].append(j)
                if j not in seen:
                    path.append((j, iter(after[j])))
                    on_path.add(j)
                    break
            else:
                path.pop()
                on_path.discard(i)
                finished.append(i)
    return finished[::-1], forward


def _draw(ax: Axes, x: float, y: float, thing: Node | Ensemble) -> Any:
    """Draw an object and return its box; a node that only passes on its input has none."""
    name = thing.label.rpartition(".")[2]
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": style.INK}
    if isinstance(thing, Ensemble):
        direct = isinstance(thing.neuron_type, Direct)
        name += "\ndirect" if direct else f"\n{thing.n_neurons} neurons"
        frame = {"boxstyle": "square", "fc": "white", "ec": style.COLOURS[0], "lw": 1.0}
    elif thing.output is None:
        ax.plot([x], [y], "o", color=style.GREY, markersize=4, zorder=3)
        ax.text(x, y + 0.14, name, zorder=3, **look | {"va": "bottom"})
        return None
    else:
        frame = {"boxstyle": "round", "fc": "white", "ec": style.COLOURS[2], "lw": 1.0}
    return ax.text(x, y, name, bbox=frame, zorder=3, **look).get_bbox_patch()


def _arrow(ax: Axes, ends: Any, frames: Any, again: bool, taught: bool) -> None:
    """Draw an arrow; it is curved unless it leads to a later column."""
    start, end = ends
    bend = 0.0 if end[0] > start[0] else 0.35
    if end[0] > start[0] + 1 and end[1] == start[1]:
        bend = 0.2  # past the objects between
    if again:
        start, end, bend = (end[0] - 0.1, end[1]), (end[0] + 0.1, end[1]), 2.5
        frames = (None, None)
    look = {
        "arrowstyle": "-|>",
        "color": style.COLOURS[1] if taught else style.INK,
        "linestyle": "--" if taught else "-",
        "lw": 0.7,
        "patchA": frames[0],
        "patchB": frames[1],
        "shrinkA": 1 if frames[0] else 12 if again else 5,
        "shrinkB": 1 if frames[1] else 12 if again else 5,
        "connectionstyle": f"arc3,rad={bend}",
    }
    # Boxes know their place once they are drawn, so that arrows come later.
    ax.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=look, zorder=4)
