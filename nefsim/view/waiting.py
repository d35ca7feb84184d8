"""A page that shows the graph of a network until the network is built."""

from __future__ import annotations

from html import escape
from typing import Any

from bokeh.layouts import column
from bokeh.models import Div

from nefsim.network import Network
from nefsim.view.diagram import Diagram
from nefsim.view.graph import Graph
from nefsim.view.jobs import reason
from nefsim.view.layouts import restore
from nefsim.view.theme import Theme


class Waiting:
    """The graph of a network, and a line about its build.

    Parameters
    ----------
    net : Network
        A network with the graph.
    layout : dict or None
        A layout of :meth:`~nefsim.view.Page.layout`.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        All of the page.
    graph : Graph
        The graph, which a user may change.
    """

    def __init__(self, net: Network, layout: dict[str, Any] | None) -> None:
        self.graph = Graph(net)
        if layout is not None:
            restore(self.graph, layout)
        self.before = self.graph.saved()
        self.diagram = Diagram(self.graph)
        status = {"role": "status"}
        self.message = Div(disable_math=True, sizing_mode="stretch_width", html_attributes=status)
        self.root = column(self.message, self.diagram.root, sizing_mode="stretch_width")
        self._theme = Theme()
        self._theme.dress(self.root)

    def put(self, element: Any) -> None:
        """Add an element below the graph."""
        self._theme.dress(element)
        self.root.children = [*self.root.children, element]

    def say(self, text: str) -> None:
        """Show a line."""
        self.message.text = escape(f"{text[:1].upper()}{text[1:]} ...")

    def fail(self, error: BaseException) -> None:
        """Show why the network cannot be built."""
        self.message.text = escape(f"Not built: {reason(error)}")

    def changed(self) -> dict[str, Any] | None:
        """The places and open networks that a user has chosen; None if there are none."""
        now = self.graph.saved()
        return None if now == self.before else now
