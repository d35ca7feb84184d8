"""The graph of a network on a page: zoom, drag, open and close, click to select."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from bokeh.events import DoubleTap
from bokeh.layouts import column
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    HoverTool,
    PointDrawTool,
    Range1d,
    RangeTool,
    Rect,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from nefsim.network import Ensemble, Node
from nefsim.plot._style import COLOURS, INK
from nefsim.view.graph import Graph
from nefsim.view.looks import columns_of_boxes, columns_of_wires
from nefsim.view.painting import script

#: Heights of the graph and of the map of it [pixels].
HEIGHT, MAP = 400, 90

#: Share of steps beyond the radius from which an ensemble is marked.
SATURATED = 0.1


class Diagram:
    """The graph of a network as a figure, and a map of it.

    Parameters
    ----------
    graph : Graph
        The graph.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        The figure and the map.
    on_select : callable
        Called with the box, or the connections, that a user clicks on, or None.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.on_select: Callable[[Any], None] = lambda thing: None
        self.held: Collection[Node] = ()
        self.saturated: Collection[Ensemble] = ()
        self._is_changing, self._n_fills = False, 0
        self.boxes, self.wires = ColumnDataSource(), ColumnDataSource(syncable=False)
        self.ranges = {"x_range": Range1d(), "y_range": Range1d()}
        self._fill()
        self._fit()
        self.figure = self._figure()
        small = figure(
            height=MAP,
            sizing_mode="stretch_width",
            tools="",
            toolbar_location=None,
            x_range=Range1d(*self._limits[0]),
            y_range=Range1d(*self._limits[1]),
        )
        small.rect(
            "x",
            "y",
            "w",
            "h",
            source=self.boxes,
            fill_color="fill",
            line_color="line",
            line_width=0.5,
        )
        small.axis.visible, small.grid.visible = False, False
        small.outline_line_color = "#dddddd"
        self.map = small
        self.frame = RangeTool(**self.ranges)
        self.frame.overlay.update(fill_color=COLOURS[4], fill_alpha=0.15)
        small.add_tools(self.frame)
        self.root = column(self.figure, small, sizing_mode="stretch_width")

    def _figure(self) -> Any:
        made = figure(
            height=HEIGHT,
            sizing_mode="stretch_width",
            tools="",
            **self.ranges,
            toolbar_location="above",
            name="graph",
        )
        made.axis.visible, made.grid.visible = False, False
        made.outline_line_color = "#dddddd"
        made.toolbar.logo = None
        wires = made.multi_line(
            "xs",
            "ys",
            source=self.wires,
            line_color="colour",
            line_width="width",
            line_dash="dash",
            line_alpha=0.85,
            selection_line_color=COLOURS[4],
            nonselection_line_alpha=0.85,
            name="wires",
        )
        heads = made.scatter(
            "ax",
            "ay",
            source=self.wires,
            marker="triangle",
            size=7,
            angle="angle",
            color="colour",
            nonselection_alpha=1.0,
        )
        look: dict[str, Any] = {
            "fill_color": "fill",
            "line_color": "line",
            "line_width": "outline",
            "border_radius": 6,
        }
        boxes = made.rect("x", "y", "w", "h", source=self.boxes, **look)
        boxes.nonselection_glyph = Rect(x="x", y="y", width="w", height="h", **look)
        boxes.selection_glyph = Rect(
            x="x",
            y="y",
            width="w",
            height="h",
            fill_color="fill",
            line_color=COLOURS[4],
            line_width=3,
            border_radius=6,
        )
        labels = made.text(
            "x",
            "label_y",
            text="label",
            source=self.boxes,
            text_align="center",
            text_baseline="middle",
            text_color=INK,
            nonselection_text_alpha=1.0,
            text_font_size="11px",
        )
        made.renderers = [boxes, wires, heads, labels]
        drag = PointDrawTool(
            renderers=[boxes], add=False, drag=True, num_objects=0, description="Drag boxes"
        )
        zoom = WheelZoomTool()
        hover = HoverTool(renderers=[boxes], tooltips=[("", "@about")], attachment="above")
        made.add_tools(drag, zoom, hover, ResetTool())
        made.toolbar.active_scroll = zoom
        made.toolbar.active_multi = drag
        arguments = {"boxes": self.boxes, "wires": self.wires, "plot": made, "labels": labels.glyph}
        self.redraw = CustomJS(args=arguments, code=script("wires"))
        del arguments["labels"]
        made.js_on_event("tap", CustomJS(args=arguments, code=script("tap")))
        forget = CustomJS(args={"boxes": self.boxes}, code="boxes.selected.indices = [];")
        made.js_on_event("panend", forget)
        made.js_on_event("pan", self.redraw)
        self.boxes.js_on_change("data", self.redraw)
        for name in ("inner_width", "inner_height"):
            made.js_on_change(name, self.redraw)
        for axis in self.ranges.values():
            axis.js_on_change("end", self.redraw)
        made.on_event(DoubleTap, lambda event: self.double(event.x, event.y))
        self.boxes.selected.on_change("indices", self._selected_box)
        self.wires.selected.on_change("indices", self._selected_wire)
        self.boxes.on_change("data", self._dragged)
        return made

    # -- data ----------------------------------------------------------------------------

    def _fill(self) -> None:
        self._is_changing = True
        try:
            self.wires.data = columns_of_wires(self.graph)
            # Later than the wires, as the browser then draws their curves.
            self._n_fills += 1
            boxes = columns_of_boxes(self.graph, self.held, self.saturated)
            self.boxes.data = {"fills": [self._n_fills] * len(self.graph.boxes), **boxes}
        finally:
            self._is_changing = False

    def _fit(self) -> None:
        """Show the whole graph."""
        x = [end for b in self.graph.boxes for end in (b.x - b.width / 2, b.x + b.width / 2)]
        y = [end for b in self.graph.boxes for end in (b.y - b.height / 2, b.y + b.height / 2)]
        low, high = (
            [min(ends, default=0.0) for ends in (x, y)],
            [max(ends, default=0.0) for ends in (x, y)],
        )
        # Small networks are not drawn larger than this.
        least = (7.0, 4.0)
        self._limits = []
        for name, a, b, room in zip(("x_range", "y_range"), low, high, least, strict=True):
            extra = max(room - (b - a), 1.2) / 2
            limits = (a - extra, b + extra)
            self._limits.append(limits)
            self.ranges[name].update(
                start=limits[0], end=limits[1], reset_start=limits[0], reset_end=limits[1]
            )

    def refresh(self, held: Collection[Node], saturated: Collection[Ensemble]) -> None:
        """Mark held nodes and saturated ensembles, if they have changed."""
        if set(held) != set(self.held) or set(saturated) != set(self.saturated):
            self.held, self.saturated = set(held), set(saturated)
            self._fill()

    def arrange(self) -> None:
        """Draw the graph again after it has been laid out."""
        self._fill()
        self._fit()
        (self.map.x_range.start, self.map.x_range.end), y = self._limits
        self.map.y_range.start, self.map.y_range.end = y

    # -- what a user does ----------------------------------------------------------------

    def double(self, x: float, y: float) -> None:
        """Open or close the network at a place of the graph."""
        inside = [
            box
            for box in self.graph.boxes
            if box.kind == "network"
            and abs(x - box.x) <= box.width / 2
            and abs(y - box.y) <= box.height / 2
        ]
        if inside:
            self.toggle(inside[-1].thing)  # the innermost

    def toggle(self, net: Any) -> None:
        """Open or close a network."""
        self.boxes.selected.indices = []
        self.graph.toggle(net)
        self.arrange()

    def _selected_box(self, name: str, old: Any, new: Any) -> None:
        boxes = self.graph.boxes
        good = [i for i in new if isinstance(i, int) and 0 <= i < len(boxes)]
        if good and boxes[good[-1]].is_open and self.wires.selected.indices:
            return  # a wire in this network
        if good:  # an object is drawn over the networks around it
            self.on_select(boxes[good[-1]].thing)

    def _selected_wire(self, name: str, old: Any, new: Any) -> None:
        wires = self.graph.wires
        good = [i for i in new if isinstance(i, int) and 0 <= i < len(wires)]
        boxes = [self.graph.boxes[i] for i in self.boxes.selected.indices]
        if good and all(box.is_open for box in boxes):
            self.on_select(wires[good[0]].connections)

    def _dragged(self, name: str, old: Any, new: Any) -> None:
        """Take over the places of boxes that were dragged in the browser."""
        if self._is_changing:
            return
        boxes, moved = self.graph.boxes, False
        for box, x, y in zip(boxes, new.get("x", ()), new.get("y", ()), strict=False):
            is_number = isinstance(x, (int, float)) and isinstance(y, (int, float))
            if is_number and np.isfinite([x, y]).all() and abs(x - box.x) + abs(y - box.y) > 1e-9:
                self.graph.put(box, float(x), float(y))
                moved = True
                break  # one box at a time; those in it come along
        if moved:
            self._fill()
