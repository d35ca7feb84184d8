"""Leaky integrate-and-fire neurons and their rates."""

from __future__ import annotations

import math

from numba import njit

from nefsim.backends.codes import AFTER_CONSTANTS, ENCODERS, LINE, N
from nefsim.backends.kernel.common import options, padded
from nefsim.backends.kernel.vectors import (
    byte_shifted,
    lif_four_vectors,
    lif_vector,
    shifted,
    whole_registers,
)


@njit(**options)
def lif(t, x, v, E, out, fired, c, scratch):
    """One step of an LIF population; see :func:`nefsim.neurons.lif.exact_step`.

    c holds k, the factor of a new refractory time, the lowest voltage, a spike's height, and
    1 and 0 in the precision of the rest; behind them, biases and encoders where currents are
    not given.  A bit of ``fired`` tells whether a neuron fired.
    """
    whole_registers()
    n, m, width = t[N], t[ENCODERS], padded(t[N])
    bias = shifted(c, AFTER_CONSTANTS)
    if m == 0:  # those that only fill the last line get no current
        bias = scratch
        for i in range(n):
            bias[i] = x[i]
    columns, four = shifted(bias, width), 4 * LINE
    in_fours = width - width % four
    for i in range(0, in_fours, four):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        lif_four_vectors(b, e, width, x, m, shifted(v, i), shifted(E, i), shifted(out, i), bits, c)
    for i in range(in_fours, width, LINE):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        lif_vector(b, e, width, x, m, shifted(v, i), shifted(E, i), shifted(out, i), bits, c)


@njit(**options)
def lif_log(J, v, wait, out, fired, n, c):
    """The LIF step on the refractory time itself, with time constants of each neuron.

    Behind three constants are tau_rc, tau_ref and the decay exp(-dt / tau_rc) of a whole step.
    """
    low, pulse, dt = c[0], c[1], c[2]
    own, refs, decays = shifted(c, 3), shifted(c, 3 + n), shifted(c, 3 + 2 * n)
    count = 0
    for i in range(n):
        wait[i] -= dt
        after = min(max(dt - wait[i], 0.0), dt)
        gap = J[i] - v[i]
        decay = decays[i] if after == dt else math.exp(-after / own[i])
        w = J[i] - gap * decay
        w = w if w > low else low
        out[i] = 0.0
        if w > 1.0:
            wait[i] = refs[i] + (dt - after) + own[i] * math.log(gap / (J[i] - 1.0))
            w = 0.0
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


@njit(**options)
def lif_euler(J, v, wait, out, fired, n, c):
    """Explicit Euler; see :class:`nefsim.LIF`, and for the first constants :func:`lif_log`."""
    low, pulse, dt = c[0], c[1], c[2]
    own, refs = shifted(c, 3), shifted(c, 3 + n)
    count = 0
    for i in range(n):
        w = v[i] + dt * (J[i] - v[i]) / own[i]
        w = w if w > low else low
        if wait[i] > 0.0:
            w = 0.0
            wait[i] -= dt
        out[i] = 0.0
        if w > 1.0:
            w = 0.0
            wait[i] = refs[i]
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


@njit(**options)
def lif_rate(J, out, n, c):
    """``amplitude / (tau_ref + tau_rc log(1 + 1/(J - 1)))`` above J = 1, each with its own."""
    amplitude, own, refs = c[0], shifted(c, 1), shifted(c, 1 + n)
    for i in range(n):
        over = J[i] - 1.0
        rate = 0.0
        if over > 0.0:
            rate = amplitude * (1.0 / (refs[i] + own[i] * math.log1p(1.0 / over)))
        out[i] = rate


@njit(**options)
def soft_lif(J, out, n, c):
    """See :func:`nefsim.neurons.soft.soft_lif_rates`; c holds its parameters."""
    tau_rc, tau_ref, amplitude, sigma, far = c[0], c[1], c[2], c[3], c[4]
    for i in range(n):
        q = (J[i] - 1.0) / sigma
        if q < far:
            logarithm = -q - math.log(sigma)
        else:
            z = sigma * ((q if q > 0.0 else 0.0) + math.log1p(math.exp(-abs(q))))
            logarithm = math.log1p(1.0 / z)
        out[i] = amplitude * (1.0 / (tau_ref + tau_rc * logarithm))
