"""Functions that several modules of the interpreter use."""

from __future__ import annotations

from typing import Any

from numba import njit

from nefsim.backends.compiled.opcodes import LINE, MOST_VECTORS, OUT_STRIDE, N

#: Only ``run`` is called from Python, so the other functions need no wrappers for it.
options: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


@njit(**options, fastmath={"reassoc", "contract", "nsz"})
def dot(a, b, n):
    """Inner product; only here may the compiler choose the order of a sum."""
    total = 0.0 * a[0]
    for i in range(n):
        total += a[i] * b[i]
    return total


@njit(**options)
def padded(n):
    """The length of a column of ``n`` numbers, padded to whole cache lines."""
    return n + -n % LINE


@njit(**options)
def words(n):
    """Number of 64-bit words for ``n`` bits."""
    return (n + 63) // 64


@njit(**options)
def vectors_of_block(n):
    """Number of vectors in a block if ``n`` vectors are split into blocks of about equal size."""
    n_blocks = (n + MOST_VECTORS - 1) // MOST_VECTORS
    return (n + n_blocks - 1) // n_blocks


@njit(**options)
def clear(t, out, indices, count, zero):
    """Set an output to 0: all of a stored row, or the ``count`` spikes of the previous step."""
    if t[OUT_STRIDE]:
        for i in range(t[N]):
            out[i] = zero
    else:
        for s in range(count):
            out[indices[s]] = zero
