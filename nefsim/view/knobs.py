"""Sliders that set the inputs of a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bokeh.models import Slider
from numpy.typing import NDArray

from nefsim.network import Ensemble, Network, Node
from nefsim.network.objects import whole
from nefsim.view.plots import inert

Array = NDArray[np.float64]

#: Most sliders for one node, and in all.
MOST_OF_NODE, MOST = 8, 24


def sliders(net: Network, inputs: dict[Node, Array]) -> tuple[list[Slider], int]:
    """Make sliders for values of inputs; return them and the number of values without a slider.

    The range of a slider is from -r to r.  r is 1, twice the value, or the largest radius of the
    ensembles that the node is connected to, whichever is largest, rounded up to 1, 2 or 5 times
    a power of 10.
    """
    knobs: list[Slider] = []
    for node, values in inputs.items():
        fed = [whole(c.post) for c in net.all_connections if whole(c.pre) is node]
        radii = [end.radius for end in fed if isinstance(end, Ensemble)]
        for i in range(min(len(values), MOST_OF_NODE, MOST - len(knobs))):
            far = _round_up(max([1.0, 2.0 * abs(values[i]), *radii]))
            title = node.label if len(values) == 1 else f"{node.label}[{i}]"
            knobs.append(_slider(values, i, inert(title), far))
    return knobs, sum(map(len, inputs.values())) - len(knobs)


def _slider(values: Array, index: int, title: str, far: float) -> Slider:
    """Make a slider that sets one value of an input."""
    slider = Slider(
        start=-far, end=far, step=far / 100, value=float(values[index]), title=title, width=220
    )

    def turn(name: str, old: float, new: Any) -> None:
        if math.isfinite(new):  # a browser may send any value
            values[index] = min(max(float(new), -far), far)

    slider.on_change("value", turn)
    return slider


def _round_up(number: float) -> float:
    """Round a number above 0 up to 1, 2 or 5 times a power of 10."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0, 20.0) if m * power >= number)
