"""Linear filters in discrete time: conversion between their forms, and fast steps.

A filter is a pair of coefficients ``(b, a)`` in z^-1 with ``a[0] = 1``, or a :class:`StateSpace`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Coefficients = tuple[NDArray[np.float64], NDArray[np.float64]]
Advance = Callable[[Array, Array], None]

#: Lowest order of filters of s that use state space, as polynomials would lose digits.
LOWEST_ORDER_OF_STATE = 3

#: Up to this number of columns, a loop over Python floats of each column is faster than rows.
COLUMNS_ONE_BY_ONE = 8

#: Minimum number of rows and maximum number of columns at which SciPy is faster than a loop.
ROWS_FOR_LFILTER, COLUMNS_FOR_LFILTER = 16, 256


class StateSpace(NamedTuple):
    """A filter in state space: ``y = C x + D u``, and then ``x <- A x + B u``.

    Attributes
    ----------
    A : (n, n) array
        State matrix.
    B, C : (n,) arrays
        Input and output vectors.
    D : float
        Feedthrough, from the input to the output of the same step.
    """

    A: NDArray[np.float64]
    B: NDArray[np.float64]
    C: NDArray[np.float64]
    D: float

    def matrix(self) -> NDArray[np.float64]:
        """The block matrix (n + 1, n + 1) of D, C, B and A, from (u, x) to (y, next x)."""
        return np.block([[np.array([[self.D]]), self.C[None]], [self.B[:, None], self.A]])


Form = Coefficients | StateSpace


def order(form: Form) -> int:
    """Order of a filter: the number of state variables for each input."""
    return len(form.A) if isinstance(form, StateSpace) else max(map(len, form)) - 1


def shift(steps: int) -> Coefficients:
    """The filter that delays by a number of steps, a power of z^-1."""
    return np.append(np.zeros(steps), 1.0), np.ones(1)


def is_shift(form: Form) -> bool:
    """Whether a filter is a pure delay."""
    if isinstance(form, StateSpace):
        return False
    b, a = form
    return len(a) == 1 and len(b) > 1 and a[0] == b[-1] == 1.0 and not b[:-1].any()


# -- from one form to another -------------------------------------------------------------


def companion(num: ArrayLike, den: ArrayLike) -> StateSpace:
    """The state space of ``num / den``, polynomials in z with the highest power first."""
    denominator = np.asarray(den, dtype=np.float64)
    a = denominator / denominator[0]
    b = np.pad(np.asarray(num, dtype=np.float64), (len(a) - np.size(num), 0)) / denominator[0]
    n = len(a) - 1
    if not n:
        return StateSpace(np.zeros((1, 1)), np.zeros(1), np.zeros(1), float(b[0]))
    A = np.vstack([-a[1:], np.eye(n - 1, n)])
    return StateSpace(A, np.eye(n)[0], b[1:] - b[0] * a[1:], float(b[0]))


def hold(system: StateSpace, dt: float) -> StateSpace:
    """Zero-order hold: discretise a filter of continuous time at a step of ``dt`` [s]."""
    A, B = held_matrices(system.A, system.B[:, None], dt)
    return system._replace(A=A, B=B[:, 0])


def held_matrices(
    A: NDArray[np.float64], B: NDArray[np.float64], dt: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""A and B (n, m) in discrete time, for inputs that are constant within a step of ``dt`` [s].

    .. math:: A_{dt} = e^{A\,dt}, \qquad B_{dt} = \int_0^{dt} e^{A t} B \, dt

    Elements that overflow are not finite.  For order 3 and above states are scaled first,
    because SciPy's exponential is precise relative to the largest element of the matrix only,
    and elements of a chain of integrators are far smaller.
    """
    from scipy.linalg import expm, matrix_balance

    n, size = len(A), len(A) + B.shape[1]
    both, scale = np.zeros((size, size)), np.ones(size)
    both[:n, :n], both[:n, n:] = A, B
    both *= dt
    try:
        with np.errstate(all="ignore"):
            if n >= LOWEST_ORDER_OF_STATE:
                both, (scale, _) = matrix_balance(both, permute=False, separate=True)
            both = expm(both) * (scale[:, None] / scale)
    except ValueError:  # SciPy raises on infinities
        both = np.full_like(both, np.nan)
    return both[:n, :n], both[:n, n:]


def within_the_step(system: StateSpace) -> StateSpace:
    """Change a filter without D such that its output is that of the new state, not the old one."""
    A, B, C, D = system
    return system if D else StateSpace(A, B, C @ A, float(C @ B))


def polynomials(system: StateSpace) -> Coefficients:
    """The coefficients ``b`` and ``a`` of a state space, of equal length."""
    A, B, C, D = system
    with np.errstate(all="ignore"):  # callers check for infinities
        a = np.poly(A) if np.isfinite(A).all() else np.full(len(A) + 1, np.nan)
        # Of C (z - A)^-1 B the numerator is det(z - A + B C) - det(z - A).
        b = np.poly(A - np.outer(B, C)) + (D - 1) * a if np.isfinite(a).all() else a
    return np.asarray(b, dtype=np.float64), np.asarray(a, dtype=np.float64)


def in_states(form: Form) -> StateSpace:
    """The state space of coefficients, with the states of the transposed direct form II."""
    if isinstance(form, StateSpace):
        return form
    n = order(form)
    b, a = (np.pad(part, (0, n + 1 - len(part))) for part in form)
    A = np.eye(n, k=1)
    if n:
        A[:, 0] -= a[1:]
    return StateSpace(A, b[1:] - a[1:] * b[0], np.eye(n)[:1].ravel(), float(b[0]))


def at_rest(form: Form, start: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """The state, (order, ...), of a filter whose output has always been ``start``, (...).

    For a pair of coefficients the input has been ``start``, too.
    """
    if not np.any(start):
        return np.zeros((order(form), *np.shape(start)))
    if isinstance(form, StateSpace):
        A, B, C, D = form
        x = np.linalg.solve(np.eye(len(A)) - A, B)
        return np.multiply.outer(x / (C @ x + D), start)
    b, a = form
    both = np.zeros(max(len(a), len(b)))
    both[: len(b)] += b
    both[: len(a)] -= a
    left: NDArray[np.float64] = np.cumsum(both[:0:-1])[::-1]
    return np.multiply.outer(left, start)


# -- over time ----------------------------------------------------------------------------
#
# Rounding does not depend on the number of rows or on the function used: sums are those of
# direct form II transposed, or term by term in the order u, x[0], x[1], ...


def filtered(form: Form, values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Filter a signal from rest along an axis."""
    n = order(form)
    if n > 1 and not isinstance(form, StateSpace):
        from scipy.signal import lfilter

        return np.asarray(lfilter(*form, values, axis=axis))
    u = np.moveaxis(values, axis, 0)
    flat = u.reshape(len(u), -1)
    y = np.empty(flat.shape)
    many_rows(form, np.zeros((n, flat.shape[1])))(flat, y)
    return np.moveaxis(y.reshape(u.shape), 0, axis)


def one_row(form: Form, z: Array) -> Advance:
    """A function ``one(u, y)`` that computes one step of a filter from inputs u to outputs y.

    It changes the state ``z``, (order, *shape), in place.
    """
    if isinstance(form, StateSpace):
        return _by_state(form, z)
    if is_shift(form):
        return _shift_one(z)
    b, a = _padded(form, z)
    n, no_last = len(z), b[-1] == 0.0
    # Constants as arrays, since NumPy converts a scalar at each use.
    gain, keep = np.array(b[0]), np.array(-a[-1])
    first = z[0] if n else z

    def lowpass(u: Array, y: Array) -> None:
        np.multiply(u, gain, y)
        np.add(y, first, y)
        np.multiply(y, keep, first)

    def any_order(u: Array, y: Array) -> None:
        np.multiply(u, gain, out=y)
        if not n:
            return
        np.add(y, z[0], out=y)
        for i in range(n - 1):
            np.add(z[i + 1], b[i + 1] * u, out=z[i])
            z[i] -= a[i + 1] * y
        if no_last:
            np.multiply(y, keep, out=z[-1])
        else:
            np.multiply(u, b[-1], out=z[-1])
            z[-1] -= a[-1] * y

    return lowpass if n == 1 and no_last else any_order


def many_rows(form: Form, z: Array) -> Advance:
    """A function ``many(u, y)`` that computes a step of a filter per row; see :func:`one_row`."""
    if isinstance(form, StateSpace) or len(z) == 0:
        return _one_by_one(one_row(form, z))
    if is_shift(form):
        return _shift_many(z)
    b, a = _padded(form, z)
    if len(z) == 1:
        return _first_order(b, a, z[0])
    one_by_one = _one_by_one(one_row(form, z))

    def many(u: Array, y: Array) -> None:
        if len(u) < ROWS_FOR_LFILTER or u[0].size > COLUMNS_FOR_LFILTER:
            one_by_one(u, y)
            return
        from scipy.signal import lfilter

        y[...], z[...] = lfilter(b, a, u, axis=0, zi=z)

    return many


def _padded(form: Coefficients, z: Array) -> tuple[Array, Array]:
    """Both polynomials, padded to one length and cast to the type of ``z``."""
    b, a = np.zeros(len(z) + 1, z.dtype), np.zeros(len(z) + 1, z.dtype)
    b[: len(form[0])], a[: len(form[1])] = form
    return b, a


def _one_by_one(one: Advance) -> Advance:
    def many(u: Array, y: Array) -> None:
        for inputs, outputs in zip(u, y, strict=True):
            one(inputs, outputs)

    return many


def _shift_one(z: Array) -> Advance:
    """One step of a delay; ``z`` holds the last inputs, the oldest first."""

    def one(u: Array, y: Array) -> None:
        y[...] = z[0]
        z[:-1] = z[1:]
        z[-1] = u

    return one


def _shift_many(z: Array) -> Advance:
    """Many steps of a delay."""

    def many(u: Array, y: Array) -> None:
        both = np.concatenate([z, u])
        y[...], z[...] = both[: len(u)], both[len(u) :]

    return many


def _by_state(system: StateSpace, z: Array) -> Advance:
    """A step ``(y, x) = matrix @ (u, x)``, with sums in the same order for rows of any shape."""
    transpose = system.matrix().astype(z.dtype).T
    n, shape = len(z), z.shape[1:]
    both = np.empty((n + 1, int(np.prod(shape))), z.dtype)
    factors = transpose[:, :, None]
    # NumPy sums over the first axis term by term; BLAS does not.
    products = np.empty((n + 1, *both.shape), z.dtype)
    sums = np.empty_like(both)

    def one(u: Array, y: Array) -> None:
        both[0], both[1:] = u.ravel(), z.reshape(n, -1)
        np.multiply(factors, both[:, None], products)
        np.add.reduce(products, 0, out=sums)
        y[...], z[...] = sums[0].reshape(shape), sums[1:].reshape(z.shape)

    return one


def _first_order(b: Array, a: Array, z: Array) -> Advance:
    """Many steps of a filter with one pole, without SciPy.

    SciPy would be faster by at most 0.3 microseconds a step (0.03 for one column), but its import
    takes a second, which pays off after three million steps only.
    """
    gain, keep, later = np.array(b[0]), np.array(-a[1]), np.array(b[1])
    is_lowpass, k = bool(later == 0.0), keep.item()
    keeps = np.full(z.shape, keep)  # NumPy would broadcast one number at each use

    def rows(u: Array, y: Array) -> None:
        add, multiply = np.add, np.multiply
        multiply(u, gain, y)
        if is_lowpass:
            for row in list(y):
                add(row, z, row)
                multiply(row, keeps, z)
            return
        for row, delayed in zip(y, multiply(u, later), strict=True):
            add(row, z, row)
            multiply(row, keeps, z)
            add(delayed, z, z)

    def columns(u: Array, y: Array) -> None:
        now = np.multiply(u, gain)
        now[0] += z
        lists = (
            [_decaying(column, k) for column in _lists(now)]
            if is_lowpass
            else [
                _driven(column, before, k)
                for column, before in zip(_lists(now), _lists(np.multiply(u, later)), strict=True)
            ]
        )
        y[...] = np.transpose(lists).reshape(y.shape)
        np.multiply(y[-1], keep, z)
        if not is_lowpass:
            np.add(np.multiply(u[-1], later), z, z)

    few = z.dtype == np.float64 and z.size <= COLUMNS_ONE_BY_ONE
    return columns if few else rows


def _lists(rows: Array) -> Any:
    """The columns as lists of Python floats."""
    return rows.reshape(len(rows), -1).T.tolist()


def _decaying(inputs: list[float], keep: float) -> list[float]:
    """``y[i] = u[i] + keep y[i - 1]``."""
    y = 0.0
    return [y := u + keep * y for u in inputs]


def _driven(inputs: list[float], before: list[float], keep: float) -> list[float]:
    """``y[i] = u[i] + (w[i - 1] + keep y[i - 1])``."""
    y = 0.0
    return [y := u + (w + keep * y) for u, w in zip(inputs, [0.0, *before], strict=False)]
