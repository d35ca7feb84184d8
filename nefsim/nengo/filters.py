"""Convert synapses of nefsim to synapses of Nengo."""

from __future__ import annotations

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim import filtering, synapses
from nefsim.nengo.fixed import Filter
from nefsim.nengo.parameters import original_of

Array = NDArray[np.float64]


def synapse(source: synapses.Synapse | None, dt: float) -> nengo.synapses.Synapse | None:
    """Nengo's synapse of the same type; else a filter with nefsim's discrete coefficients."""
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
        return original_of(source.original)
    if type(source) is synapses.LinearFilter:
        return nengo.LinearFilter(source.num, source.den, analog=source.analog)
    b, a = source.coefficients(dt)
    # A filter that gives nothing at once loses a step in Nengo.
    return _of_z(b, a, 0 if b[0] else 1)


def with_delay(
    source: synapses.Synapse | None, dt: float, steps: int
) -> nengo.synapses.Synapse | None:
    """A Nengo filter that is a synapse and a delay in one, as Nengo's connections have no delay."""
    if not steps:
        return synapse(source, dt)
    # In Nengo a filter without D delays by a step less, and a connection by one step more.
    if source is None:
        return _of_z(np.ones(1), np.ones(1), steps)
    form = source.form(dt)
    both = filtering.polynomials(form) if isinstance(form, filtering.StateSpace) else form
    return _of_z(*both, steps + 1)


def _of_z(b: Array, a: Array, steps: int = 0) -> nengo.LinearFilter:
    """A Nengo filter with coefficients ``b`` and ``a`` of z^-1, delayed by ``steps``."""
    size = max(len(a), len(b))
    num, den = (np.pad(part, (0, size - len(part))) for part in (b, a))
    # Nengo warns of leading zeros.
    num = np.trim_zeros(num, "f")
    return nengo.LinearFilter(num, np.append(den, np.zeros(steps)), analog=False)
