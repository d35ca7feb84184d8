"""One step of a population of any kind."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.discrete import discrete, discrete_smooth, inverse_lif
from nefsim.backends.compiled.kernel.lif import lif_euler, lif_log, lif_rate, soft_lif
from nefsim.backends.compiled.kernel.vectors import shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    DISCRETE,
    DISCRETE_SMOOTH,
    INVERSE_LIF,
    IZHIKEVICH,
    LIF_EULER,
    LIF_LOG,
    LIF_RATE,
    RELU,
    SCRATCH,
    SET,
    SIGMOID,
    SOFT_LIF,
    TANH,
    WHOLE_SPIKES,
    M,
    N,
    S,
    X,
)


@njit(**options)
def izhikevich(J, v, u, out, fired, n, c):
    """See :class:`nefsim.Izhikevich`; c holds its parameters, two limits, the pulse and dt."""
    dt = c[7]
    count = 0
    for i in range(n):
        current = c[4] if J[i] <= c[4] else J[i]  # NaN stays
        w = v[i] + (0.04 * (v[i] * v[i]) + 5 * v[i] + 140 - u[i] + current) * 1000 * dt
        spiked = w >= c[5]
        w = c[2] if spiked else w
        r = u[i] + (c[0] * (c[1] * w - u[i])) * 1000 * dt
        out[i] = 0.0
        if spiked:
            r += c[3]
            out[i] = c[6]
            fired[count] = i
            count += 1
        v[i] = w
        u[i] = r
    return count


@njit(**options)
def whole_spikes(rates, v, out, fired, n, c):
    """Integrate rates and give out whole numbers of spikes."""
    pulse, dt = c[0], c[1]
    count = 0
    for i in range(n):
        w = v[i] + rates[i] * dt
        spikes = np.floor(w)  # math.floor gives a whole number, which ends at 2**63
        v[i] = w - spikes
        out[i] = spikes * pulse
        if spikes != 0:
            fired[count] = i
            count += 1
    return count


@njit(**options)
def neurons(kind, t, y, J, c, data, fired, counts):
    """One step of a population; spikes are listed for those who decode them."""
    whole_registers()
    n, state, other = t[N], shifted(data, t[S]), shifted(data, t[M])
    who, count = shifted(fired, t[X]), t[SET]
    if kind == LIF_LOG:
        counts[count] = lif_log(J, state, other, y, who, n, c)
    elif kind == LIF_EULER:
        counts[count] = lif_euler(J, state, other, y, who, n, c)
    elif kind == IZHIKEVICH:
        counts[count] = izhikevich(J, state, other, y, who, n, c)
    elif kind == WHOLE_SPIKES:
        counts[count] = whole_spikes(J, state, y, who, n, c)
    elif kind == DISCRETE:
        counts[count] = discrete(t, J, state, y, who, counts[count], c)
    elif kind == DISCRETE_SMOOTH:
        discrete_smooth(t, J, state, y, c)
    elif kind == INVERSE_LIF:
        done = shifted(data, t[SCRATCH])
        counts[count] = inverse_lif(t, J, state, other, done, y, who, counts[count], c)
    elif kind == SOFT_LIF:
        soft_lif(J, y, n, c)
    elif kind == LIF_RATE:
        lif_rate(J, y, n, c)
    elif kind == RELU:
        for i in range(n):
            y[i] = 0.0 if J[i] <= 0.0 else c[0] * J[i]  # NaN stays
    elif kind == SIGMOID:
        for i in range(n):
            y[i] = c[0] / (1.0 + math.exp(-J[i]))
    elif kind == TANH:
        for i in range(n):
            y[i] = math.tanh(J[i]) / c[0]
