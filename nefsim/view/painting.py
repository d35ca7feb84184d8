"""The screen of a page: its plots are painted on canvases from packets of binary arrays."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
from bokeh.core.properties import Bool, Bytes, Int, List, Nullable, String
from bokeh.model import DataModel
from bokeh.models import CustomJS, Div, InlineStyleSheet
from numpy.typing import NDArray

from nefsim.plot._style import COLOURS
from nefsim.view.taps import Piece

Array = NDArray[np.float64]

#: Largest absolute value of a range; differences of such values are finite.
LARGEST = 1e300

#: Height of a plot, and width of one without a time axis [pixels].
HEIGHT, WIDTH = 262, 300

#: Makes the painter of a screen at the first packet, and takes packets over.
TAKE = "if (screen.painter == null) {\n%s\nscreen.painter = new Painter(screen); }\n"

#: The canvas fills its element; a ring shows the focus of the keyboard.
SHEET = """
.bk-clearfix { display: block !important; width: 100%; }
canvas { display: block; width: 100%; }
canvas:focus-visible { outline: 2px solid #56B4E9; }
"""


class Screen(DataModel):
    """Packets for the painter in a browser, and its answers.

    Attributes
    ----------
    packet : bytes or None
        The newest packet.
    plots : list of str
        Elements with canvases.
    drawn : int
        Number of the newest packet that the browser has drawn.
    seen : list of str
        Elements that are on the screen.
    starts : int
        Raised by a new painter, which has no data.
    has_ended : bool
        Whether another page has replaced this one, whose painter then ends.
    """

    packet = Nullable(Bytes, default=None)  # BokehJS cannot copy a default of bytes
    plots = List(String, default=[])
    drawn = Int(default=0)
    seen = List(String, default=[])
    starts = Int(default=0)
    has_ended = Bool(default=False)


def painter(after: str = "") -> str:
    """Code that makes the painter of a ``screen``, if there is none, and some code after it."""
    return TAKE % "\n".join(map(script, ("pictures", "painter"))) + after


def script(name: str) -> str:
    """A script of this room for the browser."""
    return files("nefsim.view").joinpath(f"{name}.js").read_text("utf-8")


def make_screen() -> Screen:
    """A screen whose packets the browser paints."""
    screen = Screen()
    hang = "screen.painter.n_tries = 0; screen.painter.all();"
    for name, after in (("packet", "screen.painter.take();"), ("plots", hang)):
        screen.js_on_change(name, CustomJS(args={"screen": screen}, code=painter(after)))
    end = CustomJS(args={"screen": screen}, code="screen.painter?.dispose();")
    screen.js_on_change("has_ended", end)
    return screen


@dataclass(frozen=True, eq=False)
class Part:
    """New data of a plot.

    Attributes
    ----------
    head : dict
        Numbers and texts.
    arrays : tuple of ndarray
        Arrays of float64, int32 or uint8.
    """

    head: dict[str, Any]
    arrays: tuple[NDArray[Any], ...]


def packet(parts: Iterable[Part], **more: Any) -> bytes:
    """Pack the new data of plots for the painter, which explains the format.

    >>> from nefsim.view.painting import Part, packet
    >>> import numpy as np
    >>> made = packet([Part({"id": "p1"}, (np.array([1.5]),))], number=1)
    >>> made[4:31], len(made) % 8
    (b'{"number":1,"parts":[{"id":', 0)
    """
    heads, bodies = [], []
    for part in parts:
        kinds = [[array.dtype.str[1:], array.size] for array in part.arrays]
        heads.append({**part.head, "arrays": kinds})
        bodies += [array.astype(array.dtype.newbyteorder("<")).tobytes() for array in part.arrays]
    # Browsers read neither Infinity nor NaN in such a text.
    text = json.dumps({**more, "parts": heads}, separators=(",", ":"), allow_nan=False).encode()
    pieces = [len(text).to_bytes(4, "little") + text, *bodies]
    return b"".join(piece + bytes(-len(piece) % 8) for piece in pieces)


def extent(values: NDArray[Any]) -> tuple[float, float] | None:
    """The least and the largest finite value, within bounds for ranges; None without one.

    >>> import numpy as np
    >>> extent(np.array([2.0, np.inf, 0.5, np.nan]))
    (0.5, 2.0)
    """
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        if not finite.size:
            return None
        low, high = float(finite.min()), float(finite.max())
    return max(-LARGEST, min(low, LARGEST)), min(LARGEST, max(high, -LARGEST))


class Plot(ABC):
    """A plot on a canvas.

    Parameters
    ----------
    kind : {"lines", "marks", "curves", "plane", "space", "image"}
        The way in which the painter draws it.
    title, x_label, y_label : str
        Texts.
    names : sequence of str
        Names of the columns.
    more
        More settings of the kind.

    Attributes
    ----------
    figure : bokeh.models.LayoutDOM
        The element of the page.
    title : str
        The title.
    window : float [s]
        Length of the records that are shown.
    x, y : (float, float)
        Ranges of the axes.
    """

    window: float

    def __init__(
        self,
        kind: str,
        title: str,
        x_label: str,
        y_label: str,
        names: Sequence[str] = (),
        **more: Any,
    ) -> None:
        self.title, self.names = title, [*names]
        self.x, self.y = (0.0, 1.0), (-1.0, 1.0)
        spec = {"kind": kind, "title": title, "x_label": x_label, "y_label": y_label}
        colours = COLOURS if len(self.names) <= len(COLOURS) else _colours(len(self.names))
        text = json.dumps({**spec, "names": self.names, "colours": colours, **more})
        is_wide = kind in ("lines", "marks")
        size: dict[str, Any] = {"height": HEIGHT, "width": WIDTH}
        if is_wide:
            size = {"height": HEIGHT, "min_width": 350, "sizing_mode": "stretch_width"}
        label = escape(f"{title}, {y_label}", quote=True)
        self.figure = Div(
            text=f'<canvas role="img" tabindex="0" aria-label="{label}" style="height:{HEIGHT}px" '
            f'data-spec="{escape(text, quote=True)}"></canvas>',
            disable_math=True,
            stylesheets=[InlineStyleSheet(css=SHEET)],
            **size,
        )
        self._parts: list[Part] = []

    def take(self) -> list[Part]:
        """The new data since the last call."""
        parts, self._parts = self._parts, []
        return parts

    def _put(self, kind: str, *arrays: NDArray[Any], is_new: bool = False, **head: Any) -> None:
        """Put new data into the next packet; of a new plot, instead of earlier data."""
        if is_new:
            self._parts.clear()
        axes = {"x": [*map(float, self.x)], "y": [*map(float, self.y)]}
        head = {"id": self.figure.id, "kind": kind, "is_new": is_new, **axes, **head}
        self._parts.append(Part(head, arrays))

    @abstractmethod
    def add(self, piece: Piece, now: float) -> None:
        """Add new records, which end at a time [s]."""

    @abstractmethod
    def replace(self, piece: Piece, now: float) -> None:
        """Show other records instead of those so far."""

    @abstractmethod
    def clear(self) -> None:
        """Remove all records."""


def _colours(n: int) -> list[str]:
    """Colours of many lines, of neighbouring lines far apart."""
    return [f"hsl({137.5 * i % 360:.0f} 75% {(42, 55)[i % 2]}%)" for i in range(n)]
