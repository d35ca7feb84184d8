"""Combine filters in series or in parallel."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from nefsim import _checks as check
from nefsim import algebra, filtering
from nefsim.algebra import Matrices
from nefsim.filtering import Coefficients, Form, StateSpace

#: Most states of a combination in state space, whose step takes time in proportion to the square.
MOST_STATES = 500


def in_a_row(who: str, forms: list[Form], dt: float) -> Form:
    """A series of filters: each filters the output of the one before, in the same step."""

    def times(first: Coefficients, then: Coefficients) -> Coefficients:
        return np.convolve(first[0], then[0]), np.convolve(first[1], then[1])

    return _whole(who, forms, dt, times, algebra.series)


def added(who: str, forms: list[Form], dt: float) -> Form:
    """A sum of filters: all have the same input, and their outputs are added."""

    def plus(one: Coefficients, other: Coefficients) -> Coefficients:
        (b, a), (d, c) = one, other
        left, right = np.convolve(b, c), np.convolve(d, a)
        size = max(len(left), len(right))
        left, right = (np.pad(part, (0, size - len(part))) for part in (left, right))
        return left + right, np.convolve(a, c)

    return _whole(who, forms, dt, plus, algebra.parallel)


def _whole(
    who: str,
    forms: list[Form],
    dt: float,
    by_polynomials: Callable[[Coefficients, Coefficients], Coefficients],
    by_state: Callable[[Matrices, Matrices], Matrices],
) -> Form:
    """One filter for all: by coefficients if at most one has poles, else in state space."""
    pairs = [form for form in forms if not isinstance(form, StateSpace)]
    if len(pairs) == len(forms) and sum(len(a) > 1 for _, a in pairs) <= 1:
        return reduce(by_polynomials, pairs)
    n_states = sum(map(filtering.order, forms))
    if n_states > MOST_STATES:
        must = f"have at most {MOST_STATES} states where several have poles"
        do = "pass delays of fewer steps, or put the parts on several connections in a row"
        check.fail(who, "parts", must, f"{n_states} at dt = {dt:g} s", do)
    A, B, C, D = reduce(by_state, (_matrices(filtering.in_states(form)) for form in forms))
    return StateSpace(A, B[:, 0], C[0], float(D[0, 0]))


def _matrices(system: StateSpace) -> Matrices:
    A, B, C, D = system
    return A, B[:, None], C[None], np.array([[D]])
