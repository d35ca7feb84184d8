"""The exact step of leaky integrate-and-fire neurons, in whole vectors."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import options, padded, vectors_of_block, words
from nefsim.backends.compiled.kernel.exact import (
    lif_four_vectors,
    lif_rows,
    lif_vector,
    lif_vector_per_neuron,
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
    PER_NEURON,
    C,
    M,
    N,
    S,
    X,
)


@njit(**options)
def lif(t, x, v, E, out, bits, c, scratch):
    """One step of an LIF population; see :mod:`nefsim.backends.compiled.kernel.exact`.

    After the constants of :mod:`..opcodes`, c contains the first two of these for each neuron if
    they differ between neurons, then biases and encoders if the population computes its currents.
    ``bits`` has a bit for each neuron that fires.
    """
    whole_registers()
    n, m, width = t[N], t[ENCODERS], padded(t[N])
    factors = shifted(c, AFTER_CONSTANTS)
    bias = shifted(factors, 2 * width * t[PER_NEURON])
    columns = shifted(bias, width)
    if m == 0:  # the padding of the last cache line has no current
        bias = scratch
        for i in range(n):
            bias[i] = x[i]
    four = 4 * LINE
    in_fours = 0 if t[PER_NEURON] else width - width % four
    for i in range(0, in_fours, four):
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // LINE)
        w, f, y = shifted(v, i), shifted(E, i), shifted(out, i)
        lif_four_vectors(c, factors, b, e, width, m, x, w, f, y, fired)
    for i in range(in_fours, width, LINE):
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // LINE)
        w, f, y = shifted(v, i), shifted(E, i), shifted(out, i)
        if t[PER_NEURON]:
            lif_vector_per_neuron(c, shifted(factors, i), b, e, width, m, x, w, f, y, fired)
        else:
            lif_vector(c, factors, b, e, width, m, x, w, f, y, fired)


@njit(**options)
def lif_tile(t, row, n_rows, data, spikes, constants):
    """Rows of a tile from ``row`` on: a block of neurons runs all rows, then the next block.

    The constants are those of :func:`lif`, with encoders and equal time constants.
    """
    whole_registers()
    m, width, n_vectors = t[ENCODERS], padded(t[N]), padded(t[N]) // LINE
    c = shifted(constants, t[C])
    bias = shifted(c, AFTER_CONSTANTS)
    columns, bits = shifted(bias, width), shifted(spikes, t[X])
    x, out = shifted(data, t[IN] + row * t[IN_STRIDE]), shifted(data, t[OUT] + row * t[OUT_STRIDE])
    size = vectors_of_block(n_vectors)
    # The padding of a row overwrites the start of the next row, which a later block writes again.
    for first in range((n_vectors - 1) // size * size, -1, -size):
        i, n = first * LINE, min(size, n_vectors - first)
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, first)
        v, E, y = shifted(data, t[S] + i), shifted(data, t[M] + i), shifted(out, i)
        strides = t[IN_STRIDE], t[OUT_STRIDE], 8 * words(t[N]), 0
        lif_rows(n, n_rows, *strides, c, b, e, width, m, x, v, E, y, fired)
