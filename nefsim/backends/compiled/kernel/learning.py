"""Weights that are learned: their use, and their changes."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options
from nefsim.backends.compiled.kernel.sums import columns, spikes
from nefsim.backends.compiled.kernel.vectors import shifted
from nefsim.backends.compiled.opcodes import (
    ABOVE,
    ADD,
    ANY,
    DIVIDE,
    DOT,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    OUTER_DECAY,
    RLS,
    SCRATCH,
    SELECT,
    SET,
    SHOW,
    SUBTRACT,
    WEIGH,
    M,
    N,
    S,
    X,
)


@njit(**options)
def weigh(kind, t, y, x, weights, fired, counts):
    """``y = weights @ x`` by rows of the transpose, all of them or those that fired."""
    n, m = t[N], t[M]
    if kind == SHOW:
        for j in range(m):
            for i in range(n):
                y[i * m + j] = weights[j * n + i]
        return
    for i in range(n):
        y[i] = 0.0
    if kind == WEIGH:
        columns(y, x, weights, n, m, n)
    else:
        spikes(y, x, weights, n, shifted(fired, t[X]), counts[t[SET]])


@njit(**options)
def outer(kind, t, weights, x, c, u):
    """``weights += dt (u x - d weights)``; d follows u.  What did not fire changes nothing."""
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
def rls(t, weights, x, c, data, places):
    """See :class:`nefsim.RLS`; ``places`` tells where P, E, the gate and room for k lie."""
    n, m, one = t[N], t[M], c[0]
    P, error, k = shifted(data, places[0]), shifted(data, places[1]), shifted(data, places[3])
    gate = data[places[2]] if places[2] >= 0 else one
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
    """One operation on vectors or numbers; ``t[SET]`` has a bit for each argument that is a vector.

    The arguments lie at IN, S and, where there are three, SCRATCH.
    """
    vectors = t[SET]
    other, third = shifted(data, t[S]), shifted(data, t[SCRATCH])
    if kind <= SELECT:  # one loop for all takes the least time to be compiled
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
            elif kind == MAXIMUM:  # what is not a number stays so
                p = p if p >= q or p != p else q
            elif kind == MINIMUM:
                p = p if p <= q or p != p else q
            elif kind == ABOVE:
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
def learning(kind, t, y, x, c, data, places, fired, counts):
    """The use of weights that are learned, and their changes."""
    if kind <= SHOW:
        weigh(kind, t, y, x, shifted(data, t[S]), fired, counts)
    elif kind <= OUTER_DECAY:
        outer(kind, t, y, x, c, shifted(data, t[S]))
    elif kind <= ANY:
        expression(kind, t, y, x, data)
    elif kind == RLS:
        rls(t, y, x, c, data, shifted(places, t[X]))
