"""Terms of sums: products with matrices, dense, sparse and of those who fired."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options, padded, words
from nefsim.backends.compiled.kernel.vectors import (
    add_vector,
    lowest_bit,
    shifted,
    sum_of_fired,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    AFFINE,
    COLUMNS,
    DIAGONAL,
    FILL,
    GATHER,
    HELD,
    HELD_SPARSE,
    LINE,
    LISTED,
    ROWS,
    ROWS_OF_FIRED,
    RUNS,
    SCALE,
    SCATTER,
    SCRATCH,
    SET,
    SPARSE,
    SPARSE_SPIKES,
    SPIKES,
    M,
    N,
    S,
    X,
)


@njit(**options)
def columns(y, x, c, n, m, width):
    """``y += sum of column j times x[j]``, up to four columns to a pass."""
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
def changed(x, m, kept):
    """Whether a vector is another than in the last step, which ``kept`` holds."""
    whole_registers()
    differ = 0
    for j in range(m):
        differ += x[j] != kept[j]
    if differ:
        for j in range(m):
            kept[j] = x[j]
    return differ > 0


@njit(**options)
def held(kind, y, x, c, n, m, indices, kept):
    """``columns`` or ``rows``, but a vector that has not changed is not multiplied again.

    ``kept`` holds that vector and the product; both are zero at first.
    """
    whole_registers()
    product = shifted(kept, padded(m))
    if changed(x, m, kept):
        for i in range(n):
            product[i] = 0.0
        if kind == HELD:
            columns(product, x, c, n, m, padded(n))
        else:
            sparse_rows(product, x, c, n, indices)
    for i in range(n):
        y[i] += product[i]


@njit(**options)
def sparse_rows(y, x, c, n, indices):
    """``y += `` a sparse matrix times x, row by row; see :meth:`Table._sparse`."""
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
    columns(y, shifted(x, 1), shifted(c, width), n, m - 1, width)


@njit(**options)
def spikes(y, x, c, n, who, count):
    """``y += sum of row j times x[j]`` over the neurons j that fired, four to a pass."""
    in_fours = count - count % 4
    if n < LINE:  # a short row: one element after another
        for i in range(n):
            total, column = y[i], shifted(c, i)
            for s in range(0, in_fours, 4):
                j0, j1, j2, j3 = who[s], who[s + 1], who[s + 2], who[s + 3]
                one = column[j0 * n] * x[j0] + column[j1 * n] * x[j1]
                total += one + (column[j2 * n] * x[j2] + column[j3 * n] * x[j3])
            for s in range(in_fours, count):
                total += column[who[s] * n] * x[who[s]]
            y[i] = total
        return
    for s in range(0, in_fours, 4):
        j0, j1, j2, j3 = who[s], who[s + 1], who[s + 2], who[s + 3]
        r0, r1 = shifted(c, j0 * n), shifted(c, j1 * n)
        r2, r3 = shifted(c, j2 * n), shifted(c, j3 * n)
        x0, x1, x2, x3 = x[j0], x[j1], x[j2], x[j3]
        for i in range(n):
            y[i] += (r0[i] * x0 + r1[i] * x1) + (r2[i] * x2 + r3[i] * x3)
    for s in range(in_fours, count):
        j = who[s]
        row, height = shifted(c, j * n), x[j]
        for i in range(n):
            y[i] += row[i] * height


@njit(**options)
def rows_of_fired(y, c, n, who, count):
    """``y += row j`` over the neurons j that fired, four to a pass."""
    in_fours = count - count % 4
    for s in range(0, in_fours, 4):
        r0, r1 = shifted(c, who[s] * n), shifted(c, who[s + 1] * n)
        r2, r3 = shifted(c, who[s + 2] * n), shifted(c, who[s + 3] * n)
        for i in range(n):
            y[i] += (r0[i] + r1[i]) + (r2[i] + r3[i])
    for s in range(in_fours, count):
        row = shifted(c, who[s] * n)
        for i in range(n):
            y[i] += row[i]


@njit(**options)
def scattered(kind, y, x, c, worth, indices, who, count):
    """``y += sum of column j times x[j] * worth`` over the neurons j that fired.

    ``indices`` holds where the values lie in c, the number of columns and where each of them
    ends.  Then come for each value its row, or for each run of rows one under the other the
    first, how many they are and where its values lie.
    """
    whole_registers()
    values, ends = shifted(c, indices[0]), shifted(indices, 2)
    places = shifted(ends, indices[1] + 1)
    for s in range(count):
        j = who[s]
        height = x[j] * worth
        if kind == SPARSE_SPIKES:
            for e in range(ends[j], ends[j + 1]):
                y[places[e]] += values[e] * height
            continue
        for r in range(ends[j], ends[j + 1]):
            run = shifted(places, 3 * r)
            part, size, column = shifted(y, run[0]), run[1], shifted(values, run[2])
            in_eights = size - size % LINE
            for i in range(0, in_eights, LINE):
                add_vector(shifted(part, i), shifted(column, i), height)
            for i in range(in_eights, size):
                part[i] += column[i] * height


@njit(**options)
def listed(fired, n, who):
    """List which neurons fired; how many they are."""
    count = 0
    for first in range(0, n, 64):
        bits = fired[first // 64]
        while bits != 0:
            who[count] = first + lowest_bit(bits)
            count += 1
            bits &= bits - 1
    return count


@njit(**options)
def decode_bits(t, y, r, fired, c):
    """``y = ...`` or ``y += sum of column i over the neurons that fired`` in row r of a tile."""
    n, m = t[N], t[M]
    bits = shifted(fired, t[X] + r * words(m * LINE))
    for i in range(n):
        total = sum_of_fired(shifted(c, i * m * LINE), bits, m)
        y[i] = total if t[SET] else y[i] + total


@njit(**options)
def linear(kind, t, y, x, r, c, data, indices, fired, counts):
    """Terms of sums: ``y = ...`` where the operation sets, ``y += ...`` where it adds."""
    whole_registers()
    n, m = t[N], t[M]
    if kind == LISTED:
        counts[t[S]] = listed(shifted(fired, m + r * words(n)), n, shifted(fired, t[X]))
        return
    if kind == AFFINE:
        affine(y, c, x, shifted(c, padded(n)), n, m, padded(n))
        return
    if kind == FILL and m:
        for i in range(n):
            y[i] = c[i]
        return
    if t[SET] or kind == FILL:
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
        columns(y, x, c, n, m, padded(n))
    elif HELD <= kind <= HELD_SPARSE:
        held(kind, y, x, c, n, m, shifted(indices, t[X]), shifted(data, t[S]))
    elif kind == ROWS:
        for i in range(n):
            y[i] += dot(shifted(c, i * m), x, m)
    elif kind == SPIKES:
        spikes(y, x, c, n, shifted(fired, t[X]), counts[t[S]])
    elif kind == ROWS_OF_FIRED:
        rows_of_fired(y, c, n, shifted(fired, t[X]), counts[t[S]])
    elif kind == SPARSE:
        sparse_rows(y, x, c, n, shifted(indices, t[X]))
    elif SPARSE_SPIKES <= kind <= RUNS:
        worth = c[0]
        if t[SCRATCH]:  # into what accumulates: what a spike is worth depends on the step
            # Whatever is in the memory, it leads to a place before that of the values.
            worth = c[int(data[t[SCRATCH]]) % indices[m]]
            if worth == 0.0:
                return
        scattered(kind, y, x, c, worth, shifted(indices, m), shifted(fired, t[X]), counts[t[S]])
    elif kind == GATHER:
        which = shifted(indices, t[X])
        for i in range(n):
            y[i] = x[which[i]]
    elif kind == SCATTER:
        which = shifted(indices, t[X])
        for i in range(m):
            y[which[i]] += x[i]
