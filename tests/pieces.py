"""Records of a probe, as plots of the page receive them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nefsim.view.taps import Piece


def piece(times: Any, rows: Any = None, neurons: Any = None, **more: Any) -> Piece:
    """Records of a probe with a label."""
    from nefsim.view.taps import Piece  # pytest collects this file where Bokeh is missing, too

    times = np.asarray(times, float)
    rows = None if rows is None else np.asarray(rows, float)
    neurons = None if neurons is None else np.asarray(neurons)
    return Piece("a", 0.1, times, rows, neurons, **more)
