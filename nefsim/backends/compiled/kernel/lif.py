"""Leaky integrate-and-fire neurons and their rates."""

from __future__ import annotations

import math

from numba import njit

from nefsim.backends.compiled.kernel.common import options, padded, vectors_of_block, words
from nefsim.backends.compiled.kernel.exact import (
    lif_four_vectors,
    lif_own_vector,
    lif_rows,
    lif_vector,
)
from nefsim.backends.compiled.kernel.vectors import byte_shifted, shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    AFTER_CONSTANTS,
    ENCODERS,
    IN,
    IN_STRIDE,
    LINE,
    OUT,
    OUT_STRIDE,
    SET,
    C,
    M,
    N,
    S,
    X,
)


@njit(**options)
def lif(t, x, v, E, out, fired, c, scratch):
    """One step of an LIF population; see :mod:`nefsim.backends.compiled.kernel.exact`.

    c holds k, the factor of a new refractory time, the lowest voltage, a spike's height, and
    1 and 0 in the precision of the rest; behind them, the first two of each neuron where they
    have their own, and biases and encoders where currents are not given.  A bit of ``fired``
    tells whether a neuron fired.
    """
    whole_registers()
    n, m, width = t[N], t[ENCODERS], padded(t[N])
    own = shifted(c, AFTER_CONSTANTS)
    bias = shifted(own, 2 * width * t[SET])
    columns = shifted(bias, width)
    if m == 0:  # those that only fill the last line get no current
        bias = scratch
        for i in range(n):
            bias[i] = x[i]
    four = 4 * LINE
    in_fours = 0 if t[SET] else width - width % four
    for i in range(0, in_fours, four):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        w, f, y = shifted(v, i), shifted(E, i), shifted(out, i)
        lif_four_vectors(c, own, b, e, width, m, x, w, f, y, bits)
    for i in range(in_fours, width, LINE):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        w, f, y = shifted(v, i), shifted(E, i), shifted(out, i)
        if t[SET]:
            lif_own_vector(c, shifted(own, i), b, e, width, m, x, w, f, y, bits)
        else:
            lif_vector(c, own, b, e, width, m, x, w, f, y, bits)


@njit(**options)
def lif_ahead(t, row, n_rows, data, fired, constants):
    """Rows of a tile from ``row`` on, all of some neurons before those of others.

    The constants are those of :func:`lif`, with encoders and no time constants of each neuron.
    """
    whole_registers()
    m, width, n_vectors = t[ENCODERS], padded(t[N]), padded(t[N]) // LINE
    c = shifted(constants, t[C])
    bias = shifted(c, AFTER_CONSTANTS)
    columns, bits = shifted(bias, width), shifted(fired, t[X])
    x, out = shifted(data, t[IN] + row * t[IN_STRIDE]), shifted(data, t[OUT] + row * t[OUT_STRIDE])
    size = vectors_of_block(n_vectors)
    # What fills up the last line is written into the row behind, whose own start comes later.
    for first in range((n_vectors - 1) // size * size, -1, -size):
        i, n = first * LINE, min(size, n_vectors - first)
        b, e, who = shifted(bias, i), shifted(columns, i), byte_shifted(bits, first)
        v, E, y = shifted(data, t[S] + i), shifted(data, t[M] + i), shifted(out, i)
        strides = t[IN_STRIDE], t[OUT_STRIDE], 8 * words(t[N])
        lif_rows(n, n_rows, *strides, c, b, e, width, m, x, v, E, y, who)


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
        w = low if w <= low else w  # NaN stays
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
        w = low if w <= low else w  # NaN stays
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
        if not over <= 0.0:  # NaN stays
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
