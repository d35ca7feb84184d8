"""The panel about the selected object: its facts, its plots, and its input."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from html import escape
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import Button, Div

from nefsim.network import Node
from nefsim.view.kinds import kinds_of
from nefsim.view.knobs import MOST_OF_NODE, knobs
from nefsim.view.live import Live
from nefsim.view.looks import about

#: Most connections of one wire that are listed.
MOST_WIRES = 4

HINT = "Click on a box or a wire to add plots or to set an input; double-click opens a network."


class Inspector:
    """Facts about an object of the network, with buttons for its plots and its input.

    Parameters
    ----------
    live : Live
        The network that runs.
    add : callable
        ``add(kind, thing)`` adds a plot.
    toggle : callable
        ``toggle(network)`` opens or closes a subnetwork.
    held : callable
        Called after a node was held or handed back.
    alone : callable
        A ``with`` block during which the network does not run.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        The panel.
    dress : callable
        ``dress(element)`` gives new elements their colours.
    """

    def __init__(
        self,
        live: Live,
        add: Callable[[str, Any], Any],
        toggle: Callable[[Any], None],
        held: Callable[[], None],
        alone: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._live, self._add, self._toggle, self._held = live, add, toggle, held
        self._alone = alone
        self.dress: Callable[[Any], None] = lambda root: None
        self.thing: Any = None
        self.root = column(sizing_mode="stretch_width", min_height=70)
        self.show(None)

    def show(self, thing: Any) -> None:
        """Show an object: a node, an ensemble, a network, or the connections of a wire."""
        self.thing = thing
        made = column(*self._parts(thing))
        self.dress(made)
        self.root.children = made.children

    def _parts(self, thing: Any) -> list[Any]:
        """Texts, buttons and knobs for an object."""
        if thing is None:
            return [_text(HINT)]
        if isinstance(thing, tuple):
            parts: list[Any] = []
            for connection in thing[:MOST_WIRES]:
                parts += [_text(about(connection)), self._buttons(connection)]
            if len(thing) > MOST_WIRES:
                parts.append(_text(f"and {len(thing) - MOST_WIRES} more connections"))
            return parts
        if isinstance(thing, Node):
            return [_text(about(thing)), self._buttons(thing), *self._input(thing)]
        if hasattr(thing, "networks"):
            return [_text(about(thing)), self._network(thing)]
        return [_text(about(thing)), self._buttons(thing)]

    def _buttons(self, thing: Any) -> Any:
        buttons: list[Any] = [
            _button(f"+ {kind}", partial(self._add, kind, thing))
            for kind in kinds_of(thing, self._live)
        ]
        return row(*buttons, styles={"flex-wrap": "wrap"}, sizing_mode="stretch_width")

    def _network(self, net: Any) -> Any:
        buttons = [_button("open or close", partial(self._toggle, net))]
        nodes = [n for n in net.nodes if n.label.rpartition(".")[2] in ("input", "output")]
        for node in nodes:
            name = node.label.rpartition(".")[2]
            buttons += [
                _button(f"+ {name}: {kind}", partial(self._add, kind, node))
                for kind in kinds_of(node, self._live)
            ]
        return row(*buttons, styles={"flex-wrap": "wrap"}, sizing_mode="stretch_width")

    def _input(self, node: Node) -> list[Any]:
        """Knobs of a node, or a button that holds it."""
        live = self._live
        if not live.is_open or not node.size_out:
            return []
        if node not in live.inputs:
            return [_button("set by hand", partial(self._hold, node))]
        made, n_without = knobs(live.simulator.network, {node: live.inputs[node]}, MOST_OF_NODE)
        note = [_text(f"{n_without} more values have no slider")] if n_without else []
        back = _button("hand back to the model", partial(self._hand_back, node))
        return [*(knob.root for knob in made), *note, back]

    def _hold(self, node: Node) -> None:
        with self._alone():
            self._live.hold(node)
        self._held()
        self.show(node)

    def _hand_back(self, node: Node) -> None:
        with self._alone():
            self._live.hand_back(node)
        self._held()
        self.show(node)


def _button(label: str, click: Callable[[], None]) -> Button:
    made = Button(label=label, width=110, sizing_mode="fixed", height=30)
    made.width = max(80, 14 + 7 * len(label))
    made.on_click(click)
    return made


def _text(text: str) -> Div:
    return Div(text=escape(text), disable_math=True, sizing_mode="stretch_width")
