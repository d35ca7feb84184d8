"""The compiled interpreter: one function that runs any table of operations.

It is compiled once for each precision and kept on disk (:mod:`..object_cache`), so that a new
network compiles nothing.  A row of the table is one operation; :mod:`..opcodes` names its columns
and what it may be.  Numbers are reached through plain pointers, which cost
nothing to make or to pass on.
"""

from __future__ import annotations

from typing import Any

from numba import cfunc, njit, types
from numba.np.numpy_support import from_dtype

from nefsim.backends.compiled.kernel.common import options, words
from nefsim.backends.compiled.kernel.filters import lowpass, lowpass_rows, memory
from nefsim.backends.compiled.kernel.learning import learning
from nefsim.backends.compiled.kernel.lif import lif, lif_ahead
from nefsim.backends.compiled.kernel.populations import neurons
from nefsim.backends.compiled.kernel.sums import decode_bits, linear
from nefsim.backends.compiled.kernel.vectors import shifted, whole_registers
from nefsim.backends.compiled.kernel.whole import written
from nefsim.backends.compiled.opcodes import (
    FIRED,
    FIRST_CELL,
    IN,
    IN_STRIDE,
    KIND,
    LAST_MEMORY,
    LAST_POPULATION,
    LAST_RULE,
    LAST_SUM,
    LIF,
    LOWPASS,
    N_COLUMNS,
    OUT,
    OUT_STRIDE,
    SCRATCH,
    TILE,
    TOGETHER,
    C,
    M,
    N,
    S,
    X,
)


@njit(**options)
def take_ahead(t, lo, hi, D, constants, F):
    """Rows ``lo + 1`` to ``hi``, a tile, of an operation that takes them all at once."""
    kind, row, c = t[KIND], lo + 1, shifted(constants, t[C])
    y, x = shifted(D, t[OUT] + row * t[OUT_STRIDE]), shifted(D, t[IN] + row * t[IN_STRIDE])
    if kind == LIF:
        lif_ahead(t, row, hi - lo, D, F, constants)
    elif kind == LOWPASS:
        lowpass_rows(t, hi - lo, y, x, c, shifted(D, t[S]))
    else:
        for r in range(hi - lo):
            decode_bits(t, shifted(y, r * t[OUT_STRIDE]), r, F, c)


@njit(**options)
def take_steps(table, first, last, lo, hi, D, constants, places, F, K):
    """Rows ``lo + 1`` to ``hi``, a tile, of some operations, each row of all before the next."""
    whole_registers()
    for row in range(lo + 1, hi + 1):
        r = row - lo - 1
        for p in range(first, last):
            t = shifted(table, p * N_COLUMNS)
            kind = t[KIND]
            y = shifted(D, t[OUT] + row * t[OUT_STRIDE])
            x = shifted(D, t[IN] + row * t[IN_STRIDE])
            c = shifted(constants, t[C])
            if kind == LIF:
                bits = shifted(F, t[X] + r * words(t[N]))
                state, other = shifted(D, t[S]), shifted(D, t[M])
                lif(t, x, state, other, y, bits, c, shifted(D, t[SCRATCH]))
            elif kind == FIRED:
                decode_bits(t, y, r, F, c)
            elif kind == LOWPASS:
                lowpass(t[N], y, x, c, shifted(D, t[S]))
            elif kind <= LAST_SUM:
                linear(kind, t, y, x, r, c, D, places, F, K)
            elif kind <= LAST_MEMORY:
                memory(kind, t, y, x, c, shifted(D, t[S]), shifted(D, t[SCRATCH]))
            elif kind <= LAST_POPULATION or kind >= FIRST_CELL:
                neurons(kind, t, y, x, c, D, F, K)
            elif kind <= LAST_RULE:
                learning(kind, t, y, x, c, D, places, F, K)


def run(
    table,
    spans,
    n_spans,
    lo,
    hi,
    data,
    n_trials,
    width,
    constants,
    places,
    fired,
    n_fired,
    counts,
    n_counts,
):
    """Rows ``lo + 1`` to ``hi`` of spans of operations, span by span and trial by trial.

    An operation that waits for nothing behind it takes the rows of a tile at once; those between
    take them one by one, each row of all before the next (:mod:`nefsim.backends.compiled.tiling`).

    ``data``, ``fired`` and ``counts`` have a row for each trial; ``width``, ``n_fired`` and
    ``n_counts`` are the lengths of these rows.
    """
    whole_registers()
    for s in range(n_spans):
        first, last = spans[2 * s], spans[2 * s + 1]
        for trial in range(n_trials):
            D = shifted(data, trial * width)
            F, K = shifted(fired, trial * n_fired), shifted(counts, trial * n_counts)
            for start in range(lo, hi, TILE):
                end, o = min(start + TILE, hi), first
                while o < last:
                    n = min(table[o * N_COLUMNS + TOGETHER], last - o)
                    if n:
                        take_steps(table, o, o + n, start, end, D, constants, places, F, K)
                    else:
                        take_ahead(shifted(table, o * N_COLUMNS), start, end, D, constants, F)
                    o += max(n, 1)


def instructions(dtype: Any) -> Any:
    """``run`` as :func:`compiled` has it, optimised, but not to be called."""
    return written(lambda: compiled(dtype))


def compiled(dtype: Any) -> Any:
    """``run`` as a C function for numbers of a type."""
    whole, wholes = types.int64, types.CPointer(types.int64)
    reals = types.CPointer(from_dtype(dtype))
    arrays = (reals, whole, whole, reals, wholes, wholes, whole, wholes, whole)
    return cfunc(types.void(wholes, wholes, whole, whole, whole, *arrays), **options)(run)
