"""Sliders and fields that set the inputs of a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bokeh.layouts import row
from bokeh.models import NumericInput, Slider
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble, Network, Node
from nefsim.network.objects import whole
from nefsim.view.plots import inert

Array = NDArray[np.float64]

#: Most knobs for one node, and in all.
MOST_OF_NODE, MOST = 8, 24


class Knob:
    """A slider for one value of an input, and a field in which the value is typed.

    Parameters
    ----------
    values : ndarray
        Values of the input, which the knob changes.
    index : int
        Index of the value.
    title : str
        Title of the slider.
    far : float
        The slider reaches from ``-far`` to ``far``; a larger typed number widens it.

    Attributes
    ----------
    slider : bokeh.models.Slider
        The slider.
    field : bokeh.models.NumericInput
        The field.
    root : bokeh.models.LayoutDOM
        Both.
    """

    def __init__(self, values: Array, index: int, title: str, far: float) -> None:
        self._values, self._index, self._far = values, index, far
        value = float(values[index])
        self.slider = Slider(
            start=-far, end=far, step=far / 100, value=value, title=title, width=190
        )
        self.field = NumericInput(value=value, mode="float", width=76, margin=(22, 5, 5, 0))
        self.slider.on_change("value", self._turned)
        self.field.on_change("value", self._typed)
        name = {"role": "group", "aria-label": title}
        self.root = row(self.slider, self.field, html_attributes=name)

    def _turned(self, name: str, old: Any, new: Any) -> None:
        if _is_number(new):  # a browser may send any value
            value = min(max(float(new), -self._far), self._far)
            self._values[self._index] = value
            if self.field.value != value:
                self.field.value = value

    def _typed(self, name: str, old: Any, new: Any) -> None:
        if not _is_number(new):
            return
        value = min(max(float(new), -check.HUGE), check.HUGE)
        if abs(value) > self._far:
            self._far = far = round_up(abs(value))
            self.slider.update(start=-far, end=far, step=far / 100)
        self._values[self._index] = value
        if self.slider.value != value:
            self.slider.value = value


def knobs(net: Network, inputs: dict[Node, Array], most: int = MOST) -> tuple[list[Knob], int]:
    """Make knobs for values of inputs; return them and the number of values without one.

    The range of a slider is from -r to r.  r is 1, twice the value, or the largest radius of the
    ensembles that the node is connected to, whichever is largest, rounded up to 1, 2 or 5 times
    a power of 10.
    """
    made: list[Knob] = []
    for node, values in inputs.items():
        fed = [whole(c.post) for c in net.all_connections if whole(c.pre) is node]
        radii = [end.radius for end in fed if isinstance(end, Ensemble)]
        for i in range(min(len(values), MOST_OF_NODE, most - len(made))):
            far = round_up(max([1.0, 2.0 * abs(values[i]), *radii]))
            title = node.label if len(values) == 1 else f"{node.label}[{i}]"
            made.append(Knob(values, i, inert(title), far))
    return made, sum(map(len, inputs.values())) - len(made)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def round_up(number: float) -> float:
    """Round a number above 0 up to 1, 2 or 5 times a power of 10."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0, 20.0) if m * power >= number)
