"""Neurons of trained and converted networks, with one update per step."""

from __future__ import annotations

import math

from numba import njit

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.kernel.common import clear, options, padded
from nefsim.backends.compiled.kernel.vectors import (
    list_above,
    release_vector,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import AFTER_CONSTANTS, LINE


@njit(**options)
def charge_discrete(J, v, n, c, decay, scale):
    """``v = g(decay * v + scale * J)``, where g is the identity, linear by parts, or ELU."""
    whole_registers()
    activation, is_uniform = int(c[k.DISCRETE_ACTIVATION]), c[k.DISCRETE_IS_UNIFORM] > 0
    slope, zero = c[k.DISCRETE_SLOPE], c[k.DISCRETE_ZERO]
    if is_uniform:
        keep, gain = decay[0], scale[0]
        for i in range(n):
            v[i] = keep * v[i] + gain * J[i]
    else:
        for i in range(n):
            v[i] = decay[i] * v[i] + scale[i] * J[i]
    if activation == 2:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else math.expm1(v[i])
    elif activation:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else slope * v[i]


@njit(**options)
def discrete(t, J, v, out, indices, n_before, c):
    """Charge, fire, reset; see :func:`nefsim.neurons.discrete.discrete_step`.

    After the constants of :mod:`..opcodes`, c contains the decay, scale and threshold of each
    neuron and the number above which it fires; each array starts at a cache line.
    """
    n, pulse = t[k.N], c[k.DISCRETE_PULSE]
    subtract, zero = c[k.DISCRETE_SUBTRACTS] > 0, c[k.DISCRETE_ZERO]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold, limit = shifted(scale, width), shifted(scale, 2 * width)
    clear(t, out, indices, n_before, zero)
    charge_discrete(J, v, n, c, decay, scale)
    count = 0
    for i in range(0, width, LINE):  # the padding never fires
        count += list_above(shifted(v, i), shifted(limit, i), i, shifted(indices, count))
    for s in range(count):
        i = indices[s]
        out[i] = pulse
        v[i] = v[i] - threshold[i] if subtract else zero * v[i]  # infinite ones become NaN
    return count


@njit(**options)
def discrete_smooth(t, J, v, out, c):
    """As :func:`discrete`, with the output ``sigmoid(v - threshold)``."""
    n, pulse, subtract = t[k.N], c[k.DISCRETE_PULSE], c[k.DISCRETE_SUBTRACTS] > 0
    half, one = c[k.DISCRETE_HALF], c[k.DISCRETE_ONE]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold = shifted(scale, width)
    charge_discrete(J, v, n, c, decay, scale)
    for i in range(n):
        y = half * (one + math.tanh(half * (v[i] - threshold[i])))
        v[i] = v[i] - threshold[i] * y if subtract else v[i] * (one - y)
        out[i] = y * pulse


@njit(**options)
def inverse_lif(t, J, v, a, done, out, indices, n_before, c):
    """Accumulate, release a digit, start the next period; see :class:`nefsim.InverseLIF`.

    After the constants of :mod:`..opcodes`, c contains the threshold and the offset of each neuron
    and the place value of a spike in each step; each array starts at a cache line.  Without
    currents, other operations have added the input spikes to ``a``.
    """
    whole_registers()
    n, has_currents, width = t[k.N], t[k.HAS_CURRENTS], padded(t[k.N])
    pulse, factor, samples = c[k.INVERSE_PULSE], c[k.INVERSE_FACTOR], c[k.INVERSE_SAMPLES] > 0
    n_steps, period = int(c[k.INVERSE_N_STEPS]), int(c[k.INVERSE_PERIOD])
    release_at, one, zero = int(c[k.INVERSE_RELEASE_AT]), c[k.INVERSE_ONE], c[k.INVERSE_ZERO]
    step = int(done[0]) % period  # within c for any content of the memory
    threshold, offset = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    value, count = c[AFTER_CONSTANTS + 2 * width + step], 0
    clear(t, out, indices, n_before, zero)
    if samples and step == release_at:
        for i in range(n):
            v[i] = J[i] + offset[i]
    if has_currents and step < n_steps:
        for i in range(n):
            a[i] += value * J[i]
    if step >= release_at:
        for i in range(0, width, LINE):  # the padding never reaches its threshold
            potential, limit = shifted(v, i), shifted(threshold, i)
            count += release_vector(potential, limit, factor, i, shifted(indices, count))
    for s in range(count):
        out[indices[s]] = pulse
    step += 1
    if step == n_steps:
        for i in range(n):
            v[i] = a[i] + offset[i]
            a[i] = zero
    done[0] = one * (step % period)
    return count
