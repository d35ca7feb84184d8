"""Terms of sums: products with dense and sparse matrices, of values and of spikes."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options, padded, words
from nefsim.backends.compiled.kernel.events import add_events, add_runs
from nefsim.backends.compiled.kernel.vectors import (
    lanes_of,
    lowest_bit,
    nonzero,
    shifted,
    sum_where_set,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    AFFINE,
    BITS,
    COLLECTED,
    COLUMNS,
    DIAGONAL,
    FILL,
    GATHER,
    IS_BINARY,
    LINE,
    LIST_NONZERO,
    LIST_SPIKES,
    REPEATED_INPUT,
    REPEATED_INPUT_SPARSE,
    ROWS,
    SCALE,
    SCALED_SPIKE_ROWS,
    SCATTER,
    SET,
    SLOTS,
    SPARSE,
    SPARSE_SPIKE_RUNS,
    SPARSE_SPIKES,
    SPIKE_ROWS,
    STEPS_DONE,
    M,
    N,
    S,
    X,
)


@njit(**options)
def add_columns(y, x, c, n, m, width):
    """``y += sum of column j times x[j]``, up to four columns in a pass."""
    whole_registers()
    for j in range(0, m, 4):
        c0, c1 = shifted(c, j * width), shifted(c, (j + 1) * width)
        c2, c3 = shifted(c, (j + 2) * width), shifted(c, (j + 3) * width)
        if m - j >= 4:
            x0, x1, x2, x3 = x[j], x[j + 1], x[j + 2], x[j + 3]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1 + c2[i] * x2 + c3[i] * x3
        elif m - j == 3:
            x0, x1, x2 = x[j], x[j + 1], x[j + 2]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1 + c2[i] * x2
        elif m - j == 2:
            x0, x1 = x[j], x[j + 1]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1
        else:
            x0 = x[j]
            for i in range(n):
                y[i] += c0[i] * x0


@njit(**options)
def differs(x, m, last):
    """Whether a vector differs from that of the last step, ``last``, which is updated."""
    whole_registers()
    count = 0
    for j in range(m):
        count += x[j] != last[j]
    if count:
        for j in range(m):
            last[j] = x[j]
    return count > 0


@njit(**options)
def add_product_of_repeated_input(kind, y, x, c, n, m, indices, last):
    """As ``add_columns`` or ``sparse_rows``, but an unchanged vector is not multiplied again.

    ``last`` contains the vector of the last step and its product; both are zero at first.
    """
    whole_registers()
    product = shifted(last, padded(m))
    if differs(x, m, last):
        for i in range(n):
            product[i] = 0.0
        if kind == REPEATED_INPUT:
            add_columns(product, x, c, n, m, padded(n))
        else:
            sparse_rows(product, x, c, n, indices)
    for i in range(n):
        y[i] += product[i]


@njit(**options)
def sparse_rows(y, x, c, n, indices):
    """``y += matrix @ x`` for a sparse matrix, row by row, with its indptr and indices."""
    which = shifted(indices, n + 1)
    for i in range(n):
        total = y[i]
        for s in range(indices[i], indices[i + 1]):
            total += c[s] * x[which[s]]
        y[i] = total


@njit(**options)
def affine(y, offset, x, c, n, m, width):
    """``y = offset + sum of column j times x[j]``."""
    whole_registers()
    first = x[0]
    for i in range(n):
        y[i] = offset[i] + c[i] * first
    add_columns(y, shifted(x, 1), shifted(c, width), n, m - 1, width)


@njit(**options)
def add_scaled_rows(y, x, c, n, fired, count):
    """``y += sum of row j times x[j]`` over the neurons j that fired, four in a pass."""
    in_fours = count - count % 4
    if n < LINE:  # a short row: one element after another
        for i in range(n):
            total, column = y[i], shifted(c, i)
            for s in range(0, in_fours, 4):
                j0, j1, j2, j3 = fired[s], fired[s + 1], fired[s + 2], fired[s + 3]
                one = column[j0 * n] * x[j0] + column[j1 * n] * x[j1]
                total += one + (column[j2 * n] * x[j2] + column[j3 * n] * x[j3])
            for s in range(in_fours, count):
                total += column[fired[s] * n] * x[fired[s]]
            y[i] = total
        return
    for s in range(0, in_fours, 4):
        j0, j1, j2, j3 = fired[s], fired[s + 1], fired[s + 2], fired[s + 3]
        r0, r1 = shifted(c, j0 * n), shifted(c, j1 * n)
        r2, r3 = shifted(c, j2 * n), shifted(c, j3 * n)
        x0, x1, x2, x3 = x[j0], x[j1], x[j2], x[j3]
        for i in range(n):
            y[i] += (r0[i] * x0 + r1[i] * x1) + (r2[i] * x2 + r3[i] * x3)
    for s in range(in_fours, count):
        j = fired[s]
        row, height = shifted(c, j * n), x[j]
        for i in range(n):
            y[i] += row[i] * height


@njit(**options)
def add_rows(y, c, n, fired, count):
    """``y += row j`` over the neurons j that fired, four in a pass, in ascending order."""
    whole_registers()
    in_fours = count - count % 4
    for s in range(0, in_fours, 4):
        r0, r1 = shifted(c, fired[s] * n), shifted(c, fired[s + 1] * n)
        r2, r3 = shifted(c, fired[s + 2] * n), shifted(c, fired[s + 3] * n)
        for i in range(n):
            y[i] = y[i] + r0[i] + r1[i] + r2[i] + r3[i]
    for s in range(in_fours, count):
        row = shifted(c, fired[s] * n)
        for i in range(n):
            y[i] += row[i]


@njit(**options)
def list_spikes(bits, n, fired):
    """List the indices of the bits that are set; returns their number."""
    count = 0
    for first in range(0, n, 64):
        word = bits[first // 64]
        while word != 0:
            fired[count] = first + lowest_bit(word)
            count += 1
            word &= word - 1
    return count


@njit(**options)
def list_nonzero(values, n, fired):
    """List the indices of the values that are not 0; returns their number."""
    count = 0
    for first in range(0, n, LINE):
        bits = nonzero(shifted(values, first))
        if n - first < LINE:
            bits &= (1 << (n - first)) - 1
        while bits != 0:
            fired[count] = first + lowest_bit(bits)
            count += 1
            bits &= bits - 1
    return count


@njit(**options)
def decode_bits(t, y, r, spikes, c):
    """``y = ...`` or ``y += sum of column i over the neurons that fired`` in row r of a tile."""
    n, m = t[N], t[M]
    width = m * lanes_of(c)
    bits = shifted(spikes, t[X] + r * words(width))
    for i in range(n):
        total = sum_where_set(shifted(c, i * width), bits, m)
        y[i] = total if t[SET] else y[i] + total


@njit(**options)
def collect(t, row, y, data, c, indices):
    """A sum of few numbers from several places, each times a factor."""
    which = shifted(indices, t[X])
    for k in range(t[M]):
        at = COLLECTED * k
        i = which[at + 2]
        if which[at + 3]:
            y[i] = 0.0
        y[i] += c[k] * data[which[at] + row * which[at + 1]]


@njit(**options)
def linear(kind, t, y, x, r, c, data, indices, spikes, counts):
    """A term of a sum: ``y = ...`` if its SET is 1, else ``y += ...``; or a list of spikes."""
    whole_registers()
    n, m = t[N], t[M]
    if kind == LIST_SPIKES:
        bits = shifted(spikes, t[BITS] + r * words(n))
        counts[t[S]] = list_spikes(bits, n, shifted(spikes, t[X]))
        return
    if kind == LIST_NONZERO:
        counts[t[S]] = list_nonzero(x, n, shifted(spikes, t[X]))
        return
    if kind == AFFINE:
        affine(y, c, x, shifted(c, padded(n)), n, m, padded(n))
        return
    if kind == FILL and m:
        for i in range(n):
            y[i] = c[i]
        return
    if (t[SET] and kind != SPARSE_SPIKES and kind != SPARSE_SPIKE_RUNS) or kind == FILL:
        for i in range(n):
            y[i] = 0.0
    if kind == SCALE:
        factor = c[0]
        for i in range(n):
            y[i] += factor * x[i]
    elif kind == DIAGONAL:
        for i in range(n):
            y[i] += c[i] * x[i]
    elif kind == COLUMNS:
        add_columns(y, x, c, n, m, padded(n))
    elif REPEATED_INPUT <= kind <= REPEATED_INPUT_SPARSE:
        last = shifted(data, t[S])
        add_product_of_repeated_input(kind, y, x, c, n, m, shifted(indices, t[X]), last)
    elif kind == ROWS:
        for i in range(n):
            y[i] += dot(shifted(c, i * m), x, m)
    elif kind == SCALED_SPIKE_ROWS:
        add_scaled_rows(y, x, c, n, shifted(spikes, t[X]), counts[t[S]])
    elif kind == SPIKE_ROWS:
        add_rows(y, c, n, shifted(spikes, t[X]), counts[t[S]])
    elif kind == SPARSE:
        sparse_rows(y, x, c, n, shifted(indices, t[X]))
    elif SPARSE_SPIKES <= kind <= SPARSE_SPIKE_RUNS:
        place_value = c[0]
        if t[STEPS_DONE]:  # input of inverse LIF neurons: the place value depends on the step
            # The remainder is an index within c for any content of the memory.
            place_value = c[int(data[t[STEPS_DONE]]) % indices[m]]
            if place_value == 0.0:
                return
        if t[SLOTS]:
            y = shifted(y, r % t[SLOTS] * n)
        columns, fired = shifted(indices, m), shifted(spikes, t[X])
        heights = t[IS_BINARY] == 0
        if kind == SPARSE_SPIKES:
            add_events(y, x, c, place_value, heights, columns, fired, counts[t[S]])
        else:
            add_runs(y, x, c, place_value, heights, columns, fired, counts[t[S]])
    elif kind == GATHER:
        which = shifted(indices, t[X])
        for i in range(n):
            y[i] = x[which[i]]
    elif kind == SCATTER:
        which = shifted(indices, t[X])
        for i in range(m):
            y[which[i]] += x[i]
