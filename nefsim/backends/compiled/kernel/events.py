"""Sparse weights of spikes: the columns of the neurons that fired are added."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.vectors import (
    add_vector,
    fetch_early,
    half_index,
    shifted,
    short_index,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import LINE

#: Bytes of a cache line.
LINE_OF_CACHE = 64


@njit(**options)
def fetch_column(rows, width, values, has_values, first, last):
    """Load a column early: its rows, ``width`` bytes each, and its values if there are any."""
    for place in range(first * width, last * width, LINE_OF_CACHE):
        fetch_early(rows, place)
    if has_values:
        for e in range(first, last, LINE):
            fetch_early(shifted(values, e), 0)


@njit(**options)
def add_events(y, x, c, place_value, heights, indices, fired, count):
    """``y += sum of column j times x[j] * place_value`` over the neurons j that fired.

    Without ``heights`` the weights are multiplied by the height of a spike already.  ``indices``
    contains the offset of the values in c, the number of columns, whether a column has one value
    for all its rows, whether rows are integers of 16 bits rather than 32, and the end of each
    column; then follow the rows.

    Columns are far apart in memory, so that the next but one is loaded meanwhile.
    """
    values, n_columns = shifted(c, indices[0]), indices[1]
    is_uniform, is_short = indices[2], indices[3]
    ends = shifted(indices, 4)
    rows = shifted(ends, n_columns + 1)
    for s in range(count):
        j = fired[s]
        if s + 2 < count:
            later = fired[s + 2]
            width, first, last = 2 if is_short else 4, ends[later], ends[later + 1]
            fetch_column(rows, width, values, is_uniform == 0, first, last)
        height = x[j] * place_value if heights else place_value
        if is_uniform:
            step = values[j] * height
            if is_short:
                for e in range(ends[j], ends[j + 1]):
                    y[short_index(rows, e)] += step
            else:
                for e in range(ends[j], ends[j + 1]):
                    y[half_index(rows, e)] += step
        elif is_short:
            for e in range(ends[j], ends[j + 1]):
                y[short_index(rows, e)] += values[e] * height
        else:
            for e in range(ends[j], ends[j + 1]):
                y[half_index(rows, e)] += values[e] * height


@njit(**options)
def add_runs(y, x, c, place_value, heights, indices, fired, count):
    """The same for runs of adjacent rows.

    ``indices`` contains the offset of the values in c, the number of columns, and the end of each
    column; then follow the first row, the length and the offset of the values of each run.
    """
    whole_registers()
    values, ends = shifted(c, indices[0]), shifted(indices, 2)
    entries = shifted(ends, indices[1] + 1)
    for s in range(count):
        j = fired[s]
        height = x[j] * place_value if heights else place_value
        for r in range(ends[j], ends[j + 1]):
            run = shifted(entries, 3 * r)
            part, size, column = shifted(y, run[0]), run[1], shifted(values, run[2])
            in_eights = size - size % LINE
            for i in range(0, in_eights, LINE):
                add_vector(shifted(part, i), shifted(column, i), height)
            for i in range(in_eights, size):
                part[i] += column[i] * height
