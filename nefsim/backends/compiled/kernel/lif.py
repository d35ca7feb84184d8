"""The exact step of leaky integrate-and-fire neurons, in whole vectors."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import options, vectors_of_block, words
from nefsim.backends.compiled.kernel.exact import (
    compact_four_vectors,
    compact_vector,
    lif_four_vectors,
    lif_pairs,
    lif_vector,
    lif_vector_per_neuron,
    write_values,
)
from nefsim.backends.compiled.kernel.vectors import (
    byte_shifted,
    lanes_of,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    AFTER_CONSTANTS,
    ENCODERS,
    IN,
    IN_STRIDE,
    LIF_COMPACT,
    LIF_DECAY,
    LIF_LEAST,
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
def in_lanes(n, c):
    """The length of a column of ``n`` numbers, padded to whole vectors."""
    return n + -n % lanes_of(c)


@njit(**options)
def lif_block(c, bias, columns, width, m, x, v, E, bits, n, is_compact=False):
    """One step of ``n`` neurons, a multiple of a vector, with equal time constants.

    If ``is_compact``, their state is ``v`` alone; see :func:`compact`.
    """
    whole_registers()
    line = lanes_of(c)
    four = 4 * line
    in_fours = n - n % four
    for i in range(0, in_fours, four):
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // 8)
        w, f = shifted(v, i), shifted(E, i)
        if is_compact:
            compact_four_vectors(c, c, b, e, width, m, x, w, f, fired)
        else:
            lif_four_vectors(c, c, b, e, width, m, x, w, f, fired)
    for i in range(in_fours, n, line):
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // 8)
        w, f = shifted(v, i), shifted(E, i)
        if is_compact:
            compact_vector(c, c, b, e, width, m, x, w, f, fired)
        else:
            lif_vector(c, c, b, e, width, m, x, w, f, fired)


@njit(**options)
def compact(c, v, E, n):
    """Make the state one number, v: the voltage, or minus the factor if the next step needs it.

    Returns whether that is possible: neurons that rest for the whole next step have a voltage of 0,
    unless they were set to another one.
    """
    for i in range(n):
        if E[i] * c[LIF_DECAY] > 1.0 and v[i] != 0.0:
            return False
    for i in range(n):
        if E[i] * c[LIF_DECAY] > 1.0:
            v[i] = -E[i]
    return True


@njit(**options)
def expand(v, E, n):
    """The inverse of :func:`compact`."""
    for i in range(n):
        E[i] = max(-v[i], 1.0)
        v[i] = max(v[i], 0.0)


@njit(**options)
def lif_rows(n, n_rows, x_stride, stride, bias_stride, c, bias, columns, width, m, x, v, E, bits):
    """``n_rows`` steps of ``n`` vectors of neurons; strides are those of :func:`lif_pairs`.

    They are taken two at a time, unless a neuron that fires in one may be charged in the next.
    """
    done = n_rows - n_rows % 2 if c[LIF_LEAST] else 0
    if done:
        strides = x_stride, stride, bias_stride
        if not lif_pairs(n, done, *strides, c, bias, columns, width, m, x, v, E, bits):
            done = 0
    for r in range(done, n_rows):
        b, y = shifted(bias, r * bias_stride), shifted(x, r * x_stride)
        word = byte_shifted(bits, r * stride)
        lif_block(c, b, columns, width, m, y, v, E, word, n * lanes_of(c))


@njit(**options)
def write_rows(c, bits, stride, n, n_rows, out, out_stride):
    """The outputs of ``n`` vectors of neurons in ``n_rows`` steps."""
    for r in range(n_rows):
        write_values(c, byte_shifted(bits, r * stride), n, shifted(out, r * out_stride))


@njit(**options)
def lif(t, x, v, E, out, bits, c, scratch, is_last):
    """One step of an LIF population; see :mod:`nefsim.backends.compiled.kernel.exact`.

    After the constants of :mod:`..opcodes`, c contains the first two of these for each neuron if
    they differ between neurons, then biases and encoders if the population computes its currents.
    ``bits`` has a bit for each neuron that fires; ``out`` is written if its offset is not -1.
    ``scratch`` is for currents that are read.  Where c allows a :func:`compact` state, up to the
    last step of a call, ``scratch`` is not 0 while the state is compact.
    """
    whole_registers()
    n, m, width = t[N], t[ENCODERS], in_lanes(t[N], c)
    factors = shifted(c, AFTER_CONSTANTS)
    bias = shifted(factors, 2 * width * t[PER_NEURON])
    columns = shifted(bias, width)
    if m == 0:  # the padding of the last cache line has no current
        bias = scratch
        for i in range(n):
            bias[i] = x[i]
    if t[PER_NEURON]:
        for i in range(0, width, lanes_of(c)):
            b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // 8)
            w, f = shifted(v, i), shifted(E, i)
            lif_vector_per_neuron(c, shifted(factors, i), b, e, width, m, x, w, f, fired)
    elif c[LIF_COMPACT] == 0.0:
        lif_block(c, bias, columns, width, m, x, v, E, bits, width)
    else:
        if is_last and scratch[0] != 0.0:
            expand(v, E, width)
            scratch[0] = 0.0
        is_compact = scratch[0] != 0.0
        lif_block(c, bias, columns, width, m, x, v, E, bits, width, is_compact)
        if not (is_compact or is_last) and compact(c, v, E, width):
            scratch[0] = 1.0
    if t[OUT] >= 0:
        write_values(c, bits, width // lanes_of(c), out)


@njit(**options)
def lif_tile(t, row, n_rows, data, spikes, constants):
    """Rows of a tile from ``row`` on: a block of neurons runs all rows, then the next block.

    The constants are those of :func:`lif`, with encoders and equal time constants.
    """
    whole_registers()
    c = shifted(constants, t[C])
    line, width, m = lanes_of(c), in_lanes(t[N], c), t[ENCODERS]
    n_vectors, stride = width // line, 8 * words(t[N])
    bias = shifted(c, AFTER_CONSTANTS)
    columns, bits = shifted(bias, width), shifted(spikes, t[X])
    x, out = shifted(data, t[IN] + row * t[IN_STRIDE]), shifted(data, t[OUT] + row * t[OUT_STRIDE])
    size = vectors_of_block(n_vectors)
    # The padding of a row overwrites the start of the next row, which a later block writes again.
    for first in range((n_vectors - 1) // size * size, -1, -size):
        i, n = first * line, min(size, n_vectors - first)
        b, e, fired = shifted(bias, i), shifted(columns, i), byte_shifted(bits, i // 8)
        v, E, y = shifted(data, t[S] + i), shifted(data, t[M] + i), shifted(out, i)
        lif_rows(n, n_rows, t[IN_STRIDE], stride, 0, c, b, e, width, m, x, v, E, fired)
        if t[OUT_STRIDE]:
            write_rows(c, fired, stride, n, n_rows, y, t[OUT_STRIDE])
