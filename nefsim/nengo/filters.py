"""Synapses in Nengo's terms."""

from __future__ import annotations

import nengo
import numpy as np

from nefsim import synapses
from nefsim.nengo.given import Filter


def synapse(ours: synapses.Synapse | None, dt: float) -> nengo.synapses.Synapse | None:
    """Nengo's synapse of the same transfer function; its own discretisation where it has one."""
    if ours is None:
        return None
    # By the exact type: a subclass may have coefficients of its own.
    if type(ours) is synapses.Lowpass:
        return nengo.Lowpass(ours.tau)
    if type(ours) is synapses.Alpha:
        return nengo.Alpha(ours.tau)
    if type(ours) is synapses.Triangle:
        return nengo.synapses.Triangle(ours.t)
    if type(ours) is synapses.DoubleExp:
        t1, t2 = ours.tau1, ours.tau2
        return nengo.LinearFilter([1.0], [t1 * t2, t1 + t2, 1.0])
    if type(ours) is Filter:
        return ours.theirs
    if type(ours) is synapses.LinearFilter:
        return nengo.LinearFilter(ours.num, ours.den, analog=ours.analog)
    b, a = ours.coefficients(dt)
    size = max(len(a), len(b))
    return nengo.LinearFilter(np.pad(b, (0, size - len(b))), np.pad(a, (0, size - len(a))), False)
