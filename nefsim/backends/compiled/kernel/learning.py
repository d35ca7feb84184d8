"""Learned weights: their products, and their changes by rules."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options
from nefsim.backends.compiled.kernel.sums import add_columns, add_scaled_rows
from nefsim.backends.compiled.kernel.vectors import shifted
from nefsim.backends.compiled.opcodes import (
    ADD,
    ANY,
    COPY_WEIGHTS,
    COUNT,
    DIVIDE,
    DOT,
    GREATER,
    LEARNED_PRODUCT,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    OUTER_DECAY,
    RLS,
    SELECT,
    SUBTRACT,
    THIRD,
    VECTORS,
    M,
    N,
    S,
    X,
)


@njit(**options)
def learned_product(kind, t, y, x, weights, spikes, counts):
    """``y = weights @ x`` by rows of the transpose: all rows, or those of neurons that fired.

    Or a copy of the weights for probes.
    """
    n, m = t[N], t[M]
    if kind == COPY_WEIGHTS:
        for j in range(m):
            for i in range(n):
                y[i * m + j] = weights[j * n + i]
        return
    for i in range(n):
        y[i] = 0.0
    if kind == LEARNED_PRODUCT:
        add_columns(y, x, weights, n, m, n)
    else:
        add_scaled_rows(y, x, weights, n, shifted(spikes, t[X]), counts[t[COUNT]])


@njit(**options)
def outer(kind, t, weights, x, c, u):
    """``weights += dt (u x - d weights)``; d follows u.  An x of 0 without d changes nothing."""
    n, m, dt = t[N], t[M], c[0]
    d = shifted(u, n)
    for j in range(m):
        row, value = shifted(weights, j * n), x[j]
        if kind == OUTER_DECAY:
            for i in range(n):
                row[i] += dt * (u[i] * value - d[i] * row[i])
        elif value != 0.0:
            for i in range(n):
                row[i] += dt * (u[i] * value)


@njit(**options)
def rls(t, weights, x, c, data, offsets):
    """See :class:`nefsim.RLS`; ``offsets`` are those of P, E, the gate (or -1) and k."""
    n, m, one = t[N], t[M], c[0]
    P, error, k = shifted(data, offsets[0]), shifted(data, offsets[1]), shifted(data, offsets[3])
    gate = data[offsets[2]] if offsets[2] >= 0 else one
    if gate == 0.0:
        return
    total = one
    for j in range(m):
        k[j] = dot(shifted(P, j * m), x, m)
    for j in range(m):
        total += x[j] * k[j]
    share = one / total
    for j in range(m):
        row, drop = shifted(P, j * m), share * k[j]
        for i in range(m):
            row[i] -= drop * k[i]
        change = shifted(weights, j * n)
        for i in range(n):
            change[i] -= gate * (share * error[i] * k[j])


@njit(**options)
def expression(kind, t, y, x, data):
    """One operation on vectors or numbers; ``t[VECTORS]`` has a bit for each vector argument.

    The columns IN, S and THIRD have the offsets of the arguments.
    """
    vectors = t[VECTORS]
    other, third = shifted(data, t[S]), shifted(data, t[THIRD])
    if kind <= SELECT:  # a single loop takes the least time to compile
        a, b, c = vectors & 1, (vectors >> 1) & 1, vectors >> 2
        for i in range(t[N]):
            p, q = x[i * a], other[i * b]
            if kind == ADD:
                p = p + q
            elif kind == SUBTRACT:
                p = p - q
            elif kind == MULTIPLY:
                p = p * q
            elif kind == DIVIDE:
                p = p / q
            elif kind == MAXIMUM:  # NaN stays
                p = p if p >= q or p != p else q
            elif kind == MINIMUM:
                p = p if p <= q or p != p else q
            elif kind == GREATER:
                p = 1 if p > q else 0
            else:
                p = q if p != 0 else third[i * c]
            y[i] = p
    elif kind == DOT:
        y[0] = dot(x, other, t[M])
    elif kind == ANY:
        y[0] = 0
        for i in range(t[M]):
            if x[i] != 0:
                y[0] = 1


@njit(**options)
def learning(kind, t, y, x, c, data, offsets, spikes, counts):
    """Run a product with learned weights, or a rule that changes them."""
    if kind <= COPY_WEIGHTS:
        learned_product(kind, t, y, x, shifted(data, t[S]), spikes, counts)
    elif kind <= OUTER_DECAY:
        outer(kind, t, y, x, c, shifted(data, t[S]))
    elif kind <= ANY:
        expression(kind, t, y, x, data)
    elif kind == RLS:
        rls(t, y, x, c, data, shifted(offsets, t[X]))
