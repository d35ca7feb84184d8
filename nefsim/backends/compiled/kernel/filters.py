"""Filters, and operations on a state variable: its update and its copy for probes."""

from __future__ import annotations

import math

from numba import njit

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.vectors import shifted
from nefsim.backends.compiled.opcodes import (
    ADAPT,
    FILTER,
    IN_STRIDE,
    LINE,
    LOGARITHM,
    LOWPASS_GAIN,
    LOWPASS_KEEP,
    LOWPASS_TINY,
    LOWPASS_ZERO,
    OUT_STRIDE,
    RECTIFY,
    STATE,
    SUBTRACT_STATE,
    M,
    N,
)


@njit(**options)
def lowpass(n, y, x, c, state):
    """``y = gain x + keep y``.

    A value that has decayed almost to 0 is set to 0, as subnormal numbers take ten times as long.
    """
    gain, keep = c[LOWPASS_GAIN], c[LOWPASS_KEEP]
    tiny, zero = c[LOWPASS_TINY], c[LOWPASS_ZERO]
    for i in range(n):
        value = gain * x[i] + state[i]
        value = zero if abs(value) <= tiny else value  # NaN stays
        y[i] = value
        state[i] = keep * value


@njit(**options)
def lowpass_rows(t, n_rows, y, x, c, state):
    """The same filter for many rows: long rows one by one, else elements, each in a register."""
    if t[N] >= LINE:
        for r in range(n_rows):
            at, to = shifted(x, r * t[IN_STRIDE]), shifted(y, r * t[OUT_STRIDE])
            lowpass(t[N], to, at, c, state)
        return
    gain, keep = c[LOWPASS_GAIN], c[LOWPASS_KEEP]
    tiny, zero = c[LOWPASS_TINY], c[LOWPASS_ZERO]
    for i in range(t[N]):
        remainder, source, out = state[i], shifted(x, i), shifted(y, i)
        for r in range(n_rows):
            value = gain * source[r * t[IN_STRIDE]] + remainder
            value = zero if abs(value) <= tiny else value
            out[r * t[OUT_STRIDE]] = value
            remainder = keep * value
        state[i] = remainder


@njit(**options)
def by_state(n, m, y, x, c, state, scratch):
    """``(y, state) = c (x, state)``; each sum is computed in the order of its terms."""
    for k in range(m + 1):
        row = shifted(c, k * (m + 1))
        out = y if k == 0 else shifted(scratch, (k - 1) * n)
        for i in range(n):
            out[i] = row[0] * x[i]
        for j in range(m):
            factor, z = row[j + 1], shifted(state, j * n)
            for i in range(n):
                out[i] += factor * z[i]
    for i in range(m * n):
        state[i] = scratch[i]


@njit(**options)
def memory(kind, t, y, x, c, state, scratch):
    """Run a filter, or an operation on a state variable."""
    n, m = t[N], t[M]
    if kind == FILTER:
        for i in range(n):
            y[i] = c[0] * x[i] + (state[i] if m else 0.0)
        for k in range(m):
            z = shifted(state, k * n)
            for i in range(n):
                after = z[n + i] if k + 1 < m else 0.0
                z[i] = after + c[k + 1] * x[i] - c[m + 2 + k] * y[i]
    elif kind == STATE:
        by_state(n, m, y, x, c, state, scratch)
    elif kind == SUBTRACT_STATE:
        for i in range(n):
            y[i] = x[i] - state[i]
    elif kind == ADAPT:
        for i in range(n):
            state[i] += c[0] * (c[1] * x[i] - state[i])
    elif kind == RECTIFY:
        for i in range(n):
            y[i] = 0.0 if x[i] <= 0.0 else x[i]  # NaN stays
    elif kind == LOGARITHM:
        for i in range(n):
            y[i] = c[i] * math.log(x[i])
