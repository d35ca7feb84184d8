"""Gaussian noise, white or through a filter of first order, in float64 for any precision."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.draws import normals
from nefsim.backends.compiled.kernel.vectors import doubles, shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    NOISE_FILTER,
    NOISE_GAIN,
    NOISE_GENERATOR,
    NOISE_IS_FILTERED,
    NOISE_KEEP,
    NOISE_MEAN,
    NOISE_NUMBERS,
    NOISE_SCALE,
    NOISE_STD,
    NOISE_WORK,
    STRIP,
)


@njit(**options)
def noise(n, y, layout, spikes, counts):
    """A step of ``y = scale (mean + std z)``, or of this filtered: ``y = gain u + keep y``."""
    whole_registers()
    numbers = doubles(shifted(layout, NOISE_NUMBERS))
    mean, std, scale = numbers[NOISE_MEAN], numbers[NOISE_STD], numbers[NOISE_SCALE]
    gain, keep = numbers[NOISE_GAIN], numbers[NOISE_KEEP]
    generator = shifted(counts, layout[NOISE_GENERATOR])
    work = doubles(shifted(spikes, layout[NOISE_WORK]))
    for first in range(0, n, STRIP):
        size = STRIP if first + STRIP < n else n - first
        out = shifted(y, first)
        normals(generator, work, size)
        state = doubles(shifted(spikes, layout[NOISE_FILTER] + first))
        if layout[NOISE_IS_FILTERED]:
            for i in range(size):
                value = gain * ((mean + std * work[i]) * scale) + state[i]
                out[i] = value
                state[i] = keep * value
        else:
            for i in range(size):
                out[i] = (mean + std * work[i]) * scale
