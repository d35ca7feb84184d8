"""Learned weights: their products, and their changes by rules."""

from __future__ import annotations

from math import sqrt

from numba import njit

from nefsim.backends.compiled.kernel.common import dot, options
from nefsim.backends.compiled.kernel.sums import add_columns, add_scaled_rows
from nefsim.backends.compiled.kernel.vectors import add_vector, shifted
from nefsim.backends.compiled.opcodes import (
    ADD,
    ANY,
    COPY_WEIGHTS,
    COUNT,
    DIVIDE,
    DOT,
    GREATER,
    HEBBIAN,
    IN_USE,
    LEARNED_PRODUCT,
    LINE,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    REPORT,
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
from nefsim.backends.reports import DIVERGED, LEARNED, REPEATED

#: Numbers of a block of weights that several rules change.
ROWS_OF_RULES = 4096


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
def norm(a, n):
    """The Euclidean norm, at least as large as any of the numbers; NaN if one of them is."""
    return sqrt(dot(a, a, n))


@njit(**options)
def change(weights, x, dt, u, d, decays, n, m):
    """``weights += dt (u x - d weights)``; an x of 0 without d changes nothing."""
    if n == 1 and not decays:
        factor = dt * u[0]
        for j in range(m):
            weights[j] += factor * x[j]
        return
    in_eights = n - n % LINE
    for j in range(m):
        row, value = shifted(weights, j * n), x[j]
        if decays:
            for i in range(n):
                row[i] += dt * (u[i] * value - d[i] * row[i])
        elif value != 0.0:
            height = dt * value
            for i in range(0, in_eights, LINE):
                add_vector(shifted(row, i), shifted(u, i), height)
            for i in range(in_eights, n):
                row[i] += u[i] * height


@njit(**options)
def change_by_all(weights, first, count, n, dt, x, data, rules):
    """Change ``count`` rows of weights, from row ``first`` on, by each rule.

    ``rules``: their number, and of each the offsets of x (of the first, the argument), u and d.
    """
    for p in range(rules[0]):
        rule = shifted(rules, 3 * p)
        pre = shifted(data, rule[1] + first) if p else shifted(x, first)
        u, d = shifted(data, rule[2]), shifted(data, max(rule[3], 0))
        change(weights, pre, dt, u, d, rule[3] >= 0, n, count)


@njit(**options)
def stays_below(t, weights, largest, dt, x, data, rules, scratch):
    """Whether all weights stay below a bound if they are changed; tried on a copy of each row."""
    n = t[N]
    for j in range(t[M]):
        row = shifted(weights, j * n)
        for i in range(n):
            scratch[i] = row[i]
        change_by_all(scratch, j, 1, n, dt, x, data, rules)
        for i in range(n):
            if not -largest < scratch[i] < largest:  # NaN is not below the bound either
                return False
    return True


@njit(**options)
def hebbian(t, row, weights, x, c, data, rules, bound, report):
    """Change weights by all rules that have factors, in one pass, unless they would diverge.

    ``bound`` is an upper bound of the norm of the weights, followed by scratch.
    """
    n, m = t[N], t[M]
    dt, safe, largest = c[0], c[1], c[2]
    if report[DIVERGED] != 0 or row <= report[REPEATED]:
        return
    grown, factor = 0.0 * dt, 1.0 + 0.0 * dt
    for p in range(rules[0]):
        rule = shifted(rules, 3 * p)
        pre = shifted(data, rule[1]) if p else x
        grown += dt * norm(shifted(data, rule[2]), n) * norm(pre, m)
        if rule[3] >= 0:
            factor += dt * norm(shifted(data, rule[3]), n)
    after = bound[0] * factor + grown
    if not after < safe:
        after = norm(weights, n * m) * factor + grown
    if not after < safe and not stays_below(
        t, weights, largest, dt, x, data, rules, shifted(bound, 1)
    ):
        report[DIVERGED] = row
        return
    bound[0] = after
    # Rows that stay in the cache while several rules change them.
    block = m if rules[0] == 1 else max(ROWS_OF_RULES // n, 1)
    for first in range(0, m, block):
        rows = shifted(weights, first * n)
        change_by_all(rows, first, min(block, m - first), n, dt, x, data, rules)
    report[LEARNED] = row


@njit(**options)
def rls(t, row, weights, x, c, data, offsets, report):
    """See :class:`nefsim.RLS`; ``offsets`` are those of P, E, the gate (or -1) and k."""
    n, m, one, largest = t[N], t[M], c[0], c[1]
    P, error, k = shifted(data, offsets[0]), shifted(data, offsets[1]), shifted(data, offsets[3])
    gate = data[offsets[2]] if offsets[2] >= 0 else one
    if gate == 0.0 or report[DIVERGED] != 0:
        return
    total = one
    for j in range(m):
        k[j] = dot(shifted(P, j * m), x, m)
    for j in range(m):
        total += x[j] * k[j]
    share = one / total
    for j in range(m):
        of_j, drop = shifted(P, j * m), share * k[j]
        for i in range(m):
            of_j[i] -= drop * k[i]
        change = shifted(weights, j * n)
        for i in range(n):
            change[i] -= gate * (share * error[i] * k[j])
            if not -largest < change[i] < largest:
                report[DIVERGED] = row


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
def learning(kind, t, row, y, x, c, data, offsets, spikes, counts):
    """Run a product with learned weights, or a rule that changes them."""
    report = shifted(counts, t[REPORT])
    if kind <= COPY_WEIGHTS:
        # The output of weights that are not in use is 0 from the start.
        is_used = t[IN_USE] == 0 or data[t[IN_USE]] != 0.0
        if is_used and row > report[REPEATED]:
            learned_product(kind, t, y, x, shifted(data, t[S]), spikes, counts)
    elif kind == HEBBIAN:
        rules, bound = shifted(offsets, t[X]), shifted(data, t[S])
        hebbian(t, row, y, x, c, data, rules, bound, report)
    elif kind <= ANY:
        expression(kind, t, y, x, data)
    elif kind == RLS:
        rls(t, row, y, x, c, data, shifted(offsets, t[X]), report)
