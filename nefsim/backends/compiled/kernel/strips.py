"""Populations that are stepped by cells: currents, step and decoding of a strip of neurons.

The currents and the output of a strip stay in the innermost cache, and so do its state and its
constants if it takes many steps at a time.
"""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options, padded
from nefsim.backends.compiled.kernel.populations import any_cell
from nefsim.backends.compiled.kernel.sums import affine
from nefsim.backends.compiled.kernel.vectors import doubles, separate, shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    CELL_DECODED,
    CELL_DRAWS,
    CELL_GENERATOR,
    CELL_N_DECODED,
    CELL_OWN,
    CELL_RATES,
    CELL_SIZE,
    CELL_WORK,
    ENCODERS,
    IN,
    IN_STRIDE,
    KIND,
    LAYOUT,
    OUT,
    OUT_STRIDE,
    SCRATCH,
    STATE_2,
    STRIP,
    C,
    N,
    S,
)


@njit(**options)
def strips(t, row, end, data, constants, indices, spikes, counts):
    """Rows ``row`` to ``end - 1`` of a population: a strip takes all rows, then the next strip.

    The constants are biases and columns of encoders, if the population computes its currents; then
    rows of decoders; then the numbers and arrays of the cell for each strip.  All start at cache
    lines, and all loops are over whole cache lines.  The padding of a row overwrites the start of
    the next row, which a later strip or step writes again; so the last strip comes first.  Neurons
    that draw random numbers do so in their order, one step at a time.
    """
    whole_registers()
    separate()
    n, m, kind, width, n_rows = t[N], t[ENCODERS], t[KIND], padded(t[N]), end - row
    layout = shifted(indices, t[LAYOUT])
    rates_kind, n_decoded = layout[CELL_RATES], layout[CELL_N_DECODED]
    bias = shifted(constants, t[C])
    columns = shifted(bias, width)
    decoders = shifted(bias, (m + 1) * width if m else 0)
    numbers = shifted(decoders, n_decoded * width)
    decoded = shifted(data, layout[CELL_DECODED] + row * n_decoded)
    currents = shifted(data, t[SCRATCH])
    x, y = shifted(data, t[IN] + row * t[IN_STRIDE]), shifted(data, t[OUT] + row * t[OUT_STRIDE])
    work = doubles(shifted(spikes, layout[CELL_WORK]))
    generator = shifted(counts, layout[CELL_GENERATOR])
    last, draws = (n - 1) // STRIP, layout[CELL_DRAWS] > 0
    for i in range(last + 1):
        s = i if draws else last - i
        first = s * STRIP
        size = STRIP if first + STRIP < n else n - first
        w = padded(size)
        c, state, other = shifted(numbers, s * layout[CELL_SIZE]), t[S] + first, t[STATE_2] + first
        v, u = shifted(data, state), shifted(data, other)
        for r in range(n_rows):
            out, J = shifted(y, r * t[OUT_STRIDE] + first), currents
            source = shifted(x, r * t[IN_STRIDE])
            if m:
                affine(J, shifted(bias, first), source, shifted(columns, first), w, m, width)
            elif w == size:
                J = shifted(source, first)
            else:  # the padding has no current
                for j in range(size):
                    J[j] = source[first + j]
                for j in range(size, w):
                    J[j] = 0.0
            if rates_kind:
                any_cell(rates_kind, J, u, u, work, generator, u, w, shifted(c, layout[CELL_OWN]))
                J = u
            any_cell(kind, J, v, u, work, generator, out, w if not draws else size, c)
            if draws:
                for j in range(size, w):
                    out[j] = 0.0
            for d in range(n_decoded):
                value = dot(shifted(decoders, d * width + first), out, w)
                place = r * n_decoded + d
                decoded[place] = value if i == 0 else decoded[place] + value
