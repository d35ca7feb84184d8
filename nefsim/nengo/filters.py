"""Synapses of nefsim as synapses of Nengo."""

from __future__ import annotations

import nengo
import numpy as np

from nefsim import synapses
from nefsim.nengo.fixed import Filter


def synapse(source: synapses.Synapse | None, dt: float) -> nengo.synapses.Synapse | None:
    """Nengo's synapse with the same transfer function, discretised by Nengo if it has this type."""
    if source is None:
        return None
    # The exact type is compared, as a subclass may have other coefficients.
    if type(source) is synapses.Lowpass:
        return nengo.Lowpass(source.tau)
    if type(source) is synapses.Alpha:
        return nengo.Alpha(source.tau)
    if type(source) is synapses.Triangle:
        return nengo.synapses.Triangle(source.t)
    if type(source) is synapses.DoubleExp:
        t1, t2 = source.tau1, source.tau2
        return nengo.LinearFilter([1.0], [t1 * t2, t1 + t2, 1.0])
    if type(source) is Filter:
        return source.original
    if type(source) is synapses.LinearFilter:
        return nengo.LinearFilter(source.num, source.den, analog=source.analog)
    b, a = source.coefficients(dt)
    size = max(len(a), len(b))
    return nengo.LinearFilter(np.pad(b, (0, size - len(b))), np.pad(a, (0, size - len(a))), False)
