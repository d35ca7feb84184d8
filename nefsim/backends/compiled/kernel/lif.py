"""The exact step of leaky integrate-and-fire neurons, in whole vectors."""

from __future__ import annotations

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

    After the constants named in :mod:`..opcodes`, c holds the first two of these for each neuron
    where neurons differ, and biases and encoders where the population computes its currents.
    ``fired`` has a bit for each neuron that fires.
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
