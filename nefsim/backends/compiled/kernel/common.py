"""What the parts of the interpreter share."""

from __future__ import annotations

from typing import Any

from numba import njit

from nefsim.backends.compiled.opcodes import LINE, MOST_VECTORS, OUT_STRIDE, N

#: Nothing here is called from Python but the whole, so no function has wrappers of its own.
options: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


@njit(**options, fastmath={"reassoc", "contract", "nsz"})
def dot(a, b, n):
    """Inner product; the one place where the order of a sum is left to the compiler."""
    total = 0.0 * a[0]
    for i in range(n):
        total += a[i] * b[i]
    return total


@njit(**options)
def padded(n):
    """The length of a column that ends with a line of the cache."""
    return n + -n % LINE


@njit(**options)
def words(n):
    """How many words so many bits take."""
    return (n + 63) // 64


@njit(**options)
def vectors_of_block(n):
    """How many of ``n`` vectors are taken side by side: about as many in each block."""
    n_blocks = (n + MOST_VECTORS - 1) // MOST_VECTORS
    return (n + n_blocks - 1) // n_blocks


@njit(**options)
def clear(t, out, who, before, zero):
    """Take away the spikes of the step before, or of what had the place of this row."""
    if t[OUT_STRIDE]:
        for i in range(t[N]):
            out[i] = zero
    else:
        for s in range(before):
            out[who[s]] = zero
