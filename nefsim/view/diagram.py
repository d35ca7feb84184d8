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

from nefsim.network import Connection, Ensemble, Node
from nefsim.neurons import Direct
from nefsim.plot._style import COLOURS, GREY, INK
from nefsim.view.graph import Box, Graph
from nefsim.view.plots import inert

#: Heights of the graph and of the map of it [pixels].
HEIGHT, MAP = 400, 90

#: Longest label in a box [characters].
LONGEST = 19

#: Share of steps beyond the radius from which an ensemble is marked.
SATURATED = 0.1

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

#: Draws the curves of wires from the places of boxes; runs in the browser, so that wires follow
#: a box while it is dragged.
CURVES = r"""
const b = boxes.data, w = wires.data, n = w.start.length;
const xs = [], ys = [], ax = [], ay = [], angle = [];
for (let i = 0; i < n; i++) {
  const s = w.start[i], e = w.end[i];
  const sx = b.x[s], sy = b.y[s], sw = b.w[s] / 2, sh = b.h[s] / 2;
  const ex = b.x[e], ey = b.y[e], ew = b.w[e] / 2, eh = b.h[e] / 2;
  let p;
  if (s === e) {
    p = [[sx + sw / 2, sy + sh], [sx + sw, sy + sh + 0.7],
         [sx - sw, sy + sh + 0.7], [sx - sw / 2, sy + sh]];
  } else if (ex - ew > sx + sw + 0.1) {
    const c = Math.max(0.3, 0.45 * (ex - ew - sx - sw));
    let low = 0;  // below a box between them
    for (let k = 0; k < b.x.length; k++) {
      const t = (b.x[k] - sx) / (ex - sx);
      if (k !== s && k !== e && b.w[k] <= 2 && t > 0 && t < 1 && b.x[k] < ex - ew
          && Math.abs(sy + t * (ey - sy) - b.y[k]) < b.h[k] / 2) { low = b.h[k] * 1.3; }
    }
    p = [[sx + sw, sy - low / 8], [sx + sw + c, sy - low], [ex - ew - c, ey - low],
         [ex - ew, ey - low / 8]];
  } else if (Math.abs(ex - sx) < sw) {
    const up = ey > sy ? 1 : -1, side = 0.5 + 0.1 * Math.abs(ey - sy);
    p = [[sx + up * sw, sy], [sx + up * (sw + side), sy],
         [ex + up * (ew + side), ey], [ex + up * ew, ey]];
  } else {
    const top = Math.max(sy + sh, ey + eh) + 0.35 + 0.08 * Math.abs(ex - sx);
    p = [[sx, sy + sh], [sx, top], [ex, top], [ex, ey + eh]];
  }
  const x = [], y = [];
  for (let k = 0; k <= 20; k++) {
    const t = k / 20, u = 1 - t;
    const f = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    x.push(f[0] * p[0][0] + f[1] * p[1][0] + f[2] * p[2][0] + f[3] * p[3][0]);
    y.push(f[0] * p[0][1] + f[1] * p[1][1] + f[2] * p[2][1] + f[3] * p[3][1]);
  }
  xs.push(x); ys.push(y); ax.push(x[20]); ay.push(y[20]);
  const sizes = [plot.inner_width / (plot.x_range.end - plot.x_range.start),
                 plot.inner_height / (plot.y_range.end - plot.y_range.start)];
  angle.push(Math.atan2((y[20] - y[18]) * sizes[1], (x[20] - x[18]) * sizes[0]) - Math.PI / 2);
}
wires.data = {...w, xs, ys, ax, ay, angle};
const room = plot.inner_height / Math.abs(plot.y_range.end - plot.y_range.start);
const wide = plot.inner_width / Math.abs(plot.x_range.end - plot.x_range.start);
const longest = Math.max(1, ...b.label.flatMap((label) => label.split('\n').map((l) => l.length)));
const size = Math.max(0, Math.min(13, 0.2 * room, 2.9 * wide / longest));
labels.text_font_size = size < 3.5 ? '0px' : size.toFixed(1) + 'px';
"""


#: Selects the wire at the place of a click, unless a box is there.
TAP = """
const b = boxes.data, w = wires.data, x = cb_obj.x, y = cb_obj.y;
const sx = plot.inner_width / (plot.x_range.end - plot.x_range.start);
const sy = plot.inner_height / (plot.y_range.end - plot.y_range.start);
let best = 7, found = [];
for (let i = 0; i < w.xs.length; i++) {
  for (let k = 1; k < w.xs[i].length; k++) {
    const px = (x - w.xs[i][k - 1]) * sx, py = (y - w.ys[i][k - 1]) * sy;
    const dx = (w.xs[i][k] - w.xs[i][k - 1]) * sx, dy = (w.ys[i][k] - w.ys[i][k - 1]) * sy;
    const t = Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
    const far = Math.hypot(px - t * dx, py - t * dy);
    if (far < best) { best = far; found = [i]; }
  }
}
for (let k = 0; k < b.x.length; k++) {
  const inside = Math.abs(x - b.x[k]) < b.w[k] / 2 && Math.abs(y - b.y[k]) < b.h[k] / 2;
  if (inside && !b.open[k]) { found = []; }
}
if (found.length) { boxes.selected.indices = []; }
wires.selected.indices = found;
// Else the next drag would move this box as well.
setTimeout(() => { boxes.selected.indices = []; }, 0);
"""


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
        self.redraw = CustomJS(args=arguments, code=CURVES)
        del arguments["labels"]
        made.js_on_event("tap", CustomJS(args=arguments, code=TAP))
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
        boxes = self.graph.boxes
        place = {box: i for i, box in enumerate(boxes)}
        looks = [LOOKS[self._look(box)] for box in boxes]
        title = [box.y + box.height / 2 - 0.25 if box.is_open else box.y for box in boxes]
        self._is_changing = True
        try:
            wires = self.graph.wires
            empty: list[Any] = [[] for _ in wires]
            zero = [0.0] * len(wires)
            self.wires.data = {
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
            # Later than the wires, as the browser then draws their curves.
            self._n_fills += 1
            self.boxes.data = {
                "fills": [self._n_fills] * len(boxes),
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
        finally:
            self._is_changing = False

    def _look(self, box: Box) -> str:
        if box.is_open:
            return "open"
        if box.thing in self.held:
            return "held"
        return "saturated" if box.thing in self.saturated else box.kind

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
