"""Synapses in Nengo's terms."""

from __future__ import annotations

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim import filtering, synapses
from nefsim.nengo.given import Filter

Array = NDArray[np.float64]


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
    return _of_z(*ours.coefficients(dt))


def delayed(ours: synapses.Synapse | None, dt: float, steps: int) -> nengo.synapses.Synapse | None:
    """The same, so many steps later; Nengo has no delays but those of filters."""
    if not steps:
        return synapse(ours, dt)
    # A filter that gives nothing at once loses a step in Nengo, and a connection adds one.
    if ours is None:
        return _of_z(np.ones(1), np.ones(1), steps)
    form = ours.form(dt)
    both = filtering.polynomials(form) if isinstance(form, filtering.StateSpace) else form
    return _of_z(*both, steps + 1)


def _of_z(b: Array, a: Array, steps: int = 0) -> nengo.LinearFilter:
    """A filter by its coefficients in z^-1, and so many steps."""
    size = max(len(a), len(b))
    num, den = (np.pad(part, (0, size - len(part))) for part in (b, a))
    return nengo.LinearFilter(num, np.append(den, np.zeros(steps)), analog=False)
