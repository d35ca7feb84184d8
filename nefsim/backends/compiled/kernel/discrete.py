"""Neurons of trained and converted networks, one update a step."""

from __future__ import annotations

import math

from numba import njit

from nefsim.backends.compiled.kernel.common import clear, options, padded
from nefsim.backends.compiled.kernel.vectors import (
    list_above,
    release_vector,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import AFTER_CONSTANTS, ENCODERS, LINE, N


@njit(**options)
def charge_discrete(J, v, n, c, decay, scale):
    """``v = g(decay * v + scale * J)``, where g is the identity, linear by parts, or ELU."""
    whole_registers()
    kind, alike, slope, zero = int(c[1]), c[3] > 0, c[4], c[7]
    if alike:
        keep, gain = decay[0], scale[0]
        for i in range(n):
            v[i] = keep * v[i] + gain * J[i]
    else:
        for i in range(n):
            v[i] = decay[i] * v[i] + scale[i] * J[i]
    if kind == 2:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else math.expm1(v[i])
    elif kind:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else slope * v[i]


@njit(**options)
def discrete(t, J, v, out, who, before, c):
    """Charge, fire, reset; see :func:`nefsim.neurons.discrete.discrete_step`.

    c holds a spike's height, the activation, whether a spike takes the threshold away,
    whether decays and scales are the same for all neurons, the slope below zero, 1/2, 1 and
    0; then, each from a line of the cache on, the decay, scale and threshold of each neuron
    and the number above which it fires.
    """
    n, pulse, subtract, zero = t[N], c[0], c[2] > 0, c[7]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold, limit = shifted(scale, width), shifted(scale, 2 * width)
    clear(t, out, who, before, zero)
    charge_discrete(J, v, n, c, decay, scale)
    count = 0
    for i in range(0, width, LINE):  # with neurons that never fire
        count += list_above(shifted(v, i), shifted(limit, i), i, shifted(who, count))
    for s in range(count):
        i = who[s]
        out[i] = pulse
        v[i] = v[i] - threshold[i] if subtract else zero * v[i]  # infinite ones become NaN
    return count


@njit(**options)
def discrete_smooth(t, J, v, out, c):
    """As :func:`discrete`, with the output ``sigmoid(v - threshold)``."""
    n, pulse, subtract, half, one = t[N], c[0], c[2] > 0, c[5], c[6]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold = shifted(scale, width)
    charge_discrete(J, v, n, c, decay, scale)
    for i in range(n):
        y = half * (one + math.tanh(half * (v[i] - threshold[i])))
        v[i] = v[i] - threshold[i] * y if subtract else v[i] * (one - y)
        out[i] = y * pulse


@njit(**options)
def inverse_lif(t, J, v, a, done, out, who, before, c):
    """Accumulate, release a digit, hand over; see :class:`nefsim.InverseLIF`.

    c holds a spike's height, the factor, the lengths of a window and of the period, when a
    release begins, whether it samples, 1 and 0; then, each from a line of the cache on, the
    threshold and the offset of each neuron and what spikes are worth in each step.  Where
    the spikes that come in were added to ``a`` already there are no currents.
    """
    whole_registers()
    n, has_currents = t[N], t[ENCODERS]
    pulse, factor, n_steps, period, release_at = c[0], c[1], int(c[2]), int(c[3]), int(c[4])
    step = int(done[0]) % period  # whatever is in the memory, c has it
    samples, one, zero, width = c[5] > 0, c[6], c[7], padded(n)
    threshold, offset = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    worth, count = c[AFTER_CONSTANTS + 2 * width + step], 0
    clear(t, out, who, before, zero)
    if samples and step == release_at:
        for i in range(n):
            v[i] = J[i] + offset[i]
    if has_currents and step < n_steps:
        for i in range(n):
            a[i] += worth * J[i]
    if step >= release_at:
        for i in range(0, width, LINE):  # with neurons that never reach their threshold
            here, limit = shifted(v, i), shifted(threshold, i)
            count += release_vector(here, limit, factor, i, shifted(who, count))
    for s in range(count):
        out[who[s]] = pulse
    step += 1
    if step == n_steps:
        for i in range(n):
            v[i] = a[i] + offset[i]
            a[i] = zero
    done[0] = one * (step % period)
    return count
