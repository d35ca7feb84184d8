"""Laws of linear filters: each form has the transfer function and the steps of its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nefsim import filtering
from nefsim.filtering import StateSpace
from nefsim.synapses import Alpha, DoubleExp, LinearFilter, Lowpass, _forms
from nefsim.synapses.lowpass import held_pair

POINTS = (1.7 + 0.4j, -2.0 + 1.0j, 3.0j)

#: Polynomials in z with the highest power first, not normalised.
QUOTIENTS = [
    ([3.0], [2.0]),
    ([1.0], [2.0, 0.5]),
    ([3.0, 1.0], [2.0, 0.5]),
    ([1.0, -0.25], [4.0, 1.0, 0.5]),
    ([2.0, 1.0, -0.25, 0.5], [2.0, 0.5, 0.25, -0.125]),
]

#: Filters in z^-1, with and without a last coefficient of the numerator.
PAIRS = [
    ([0.7], [1.0]),
    ([0.5, 0.25], [1.0]),
    ([0.0, 0.0, 1.0], [1.0]),
    ([0.1], [1.0, -0.9]),
    ([0.1, -0.3], [1.0, -0.9]),
    ([0.2, 0.1], [1.0, -0.5, 0.25]),
    ([0.2, 0.1, 0.3], [1.0, -0.5, 0.25]),
    ([0.2], [1.0, -0.5, 0.25, -0.125]),
]


def pair(form: Any) -> tuple[np.ndarray, np.ndarray]:
    b, a = map(np.array, form)
    return b, a


def transfer(system: StateSpace, z: complex) -> complex:
    A, B, C, D = system
    return complex(C @ np.linalg.solve(z * np.eye(len(A)) - A, B) + D)


def of_pair(form: Any, z: complex) -> complex:
    b, a = form
    return complex(np.polyval(b[::-1], 1 / z) / np.polyval(a[::-1], 1 / z))


def steps(form: Any, u: np.ndarray) -> np.ndarray:
    """The difference equation, from rest: ``y[t] = sum b[i] u[t - i] - sum a[i] y[t - i]``."""
    b, a = form
    y = np.zeros_like(u)
    for t in range(len(u)):
        for i in range(min(t + 1, len(b))):
            y[t] += b[i] * u[t - i]
        for i in range(1, min(t + 1, len(a))):
            y[t] -= a[i] * y[t - i]
    return y


def close(actual: Any, expected: Any, digits: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=digits, atol=digits)


# -- forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("quotient", QUOTIENTS, ids=str)
def test_the_companion_form_has_the_quotient_of_its_polynomials(quotient: Any) -> None:
    num, den = quotient
    system = filtering.companion(num, den)
    n = max(len(den) - 1, 1)  # a factor has a state that stays 0
    assert system.A.shape == (n, n) and system.B.shape == system.C.shape == (n,)
    for z in POINTS:
        close(transfer(system, z), np.polyval(num, z) / np.polyval(den, z))
    b, a = filtering.polynomials(system)
    assert len(a) == len(b) == n + 1 and a[0] == 1.0
    for z in POINTS:
        close(of_pair((b, a), z), transfer(system, z))
    if not system.D:
        later = filtering.within_the_step(system)
        for z in POINTS:
            close(transfer(later, z), z * transfer(system, z))
    else:
        assert filtering.within_the_step(system) is system


@pytest.mark.parametrize("form", PAIRS, ids=str)
def test_coefficients_in_state_space_have_the_same_transfer_function(form: Any) -> None:
    n = max(map(len, form)) - 1
    assert filtering.order(pair(form)) == n
    system = filtering.in_states(pair(form))
    assert filtering.order(system) == n and system.B.shape == system.C.shape == (n,)
    assert filtering.in_states(system) is system
    for z in POINTS:
        close(transfer(system, z), of_pair(form, z))


def test_a_block_matrix_takes_input_and_state_to_output_and_state() -> None:
    system = StateSpace(np.array([[1.0, 2], [3, 4]]), np.array([5.0, 6]), np.array([7.0, 8]), 9.0)
    assert system.matrix().tolist() == [[9, 7, 8], [5, 1, 2], [6, 3, 4]]


def test_a_delay_is_a_power_and_nothing_else_is() -> None:
    for n in (1, 2, 5):
        b, a = filtering.shift(n)
        assert (b.tolist(), a.tolist()) == ([0.0] * n + [1.0], [1.0])
        assert filtering.is_shift((b, a))
    others = [([1.0], [1.0]), ([0, 2.0], [1.0]), ([1.0, 1.0], [1.0]), ([0, 1.0], [1.0, 0.5])]
    assert not any(filtering.is_shift(pair(form)) for form in [*others, ([0, 1.0, 0], [1.0])])
    assert not filtering.is_shift(filtering.in_states(filtering.shift(2)))


def test_inputs_are_held_within_a_step() -> None:
    dt = 0.25
    A, B = filtering.held_matrices(np.array([[-2.0]]), np.array([[3.0, 1.0]]), dt)
    close(A, [[math.exp(-0.5)]])
    close(B, [[1.5 * (1 - math.exp(-0.5)), 0.5 * (1 - math.exp(-0.5))]])
    chain = np.eye(4, k=1)  # of integrators, whose elements are powers of dt
    A, B = filtering.held_matrices(chain, np.array([[0.0], [0], [0], [1]]), 1e-3)
    powers = [1e-3**k / math.factorial(k) for k in range(5)]
    expected = [[powers[j - i] if j >= i else 0.0 for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(A, expected, rtol=1e-13)
    np.testing.assert_allclose(B[:, 0], powers[:0:-1], rtol=1e-13)
    system = filtering.hold(filtering.companion([1.0], [0.1, 1.0]), 0.1)
    close(transfer(system, 2.0), (1 - math.exp(-1)) / (2.0 - math.exp(-1)))
    A, B = filtering.held_matrices(np.array([[np.inf]]), np.array([[1.0]]), dt)
    assert A.shape == B.shape == (1, 1) and np.isnan(A).all() and np.isnan(B).all()


@pytest.mark.parametrize("taus", [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)])
def test_two_lowpasses_are_held_as_a_whole(taus: Any) -> None:
    t1, t2 = taus
    b, a = held_pair(t1, t2, 0.05)
    system = filtering.hold(filtering.companion([1.0], [t1 * t2, t1 + t2, 1.0]), 0.05)
    for z in POINTS:  # without the step of delay of the hold
        close(of_pair((b, a), z), z * transfer(system, z), 1e-10)
    assert DoubleExp(t1, t2).coefficients(0.05)[0].tolist() == b.tolist()
    if t1 == t2:
        assert Alpha(t1).coefficients(0.05)[1].tolist() == a.tolist()


# -- steps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 5), (300,)], ids=str)
@pytest.mark.parametrize("n_rows", [1, 2, 15, 16, 40])
@pytest.mark.parametrize("form", PAIRS, ids=str)
def test_rows_and_single_steps_are_the_difference_equation(
    form: Any, n_rows: int, shape: tuple[int, ...]
) -> None:
    u = np.random.default_rng(1).normal(size=(n_rows, *shape))
    expected = steps(form, u)
    n = max(map(len, form)) - 1
    for of in (pair(form), filtering.in_states(pair(form))):
        if not n and isinstance(of, StateSpace):
            continue
        z, y = np.zeros((n, *shape)), np.empty_like(u)
        cut = n_rows // 2
        many = filtering.many_rows(of, z)
        if cut:
            many(u[:cut], y[:cut])
        many(u[cut:], y[cut:])
        close(y, expected)
        z_one, y_one = np.zeros((n, *shape)), np.empty((n_rows, *shape))
        one = filtering.one_row(of, z_one)
        for t in range(n_rows):
            one(u[t], y_one[t, ...])
        close(y_one, expected)
        close(z_one, z)


@pytest.mark.parametrize("form", PAIRS, ids=str)
@pytest.mark.parametrize(("shape", "axis"), [((20, 3), 0), ((3, 20), 1), ((2, 20, 4), -2)])
def test_a_signal_is_filtered_along_its_axis(form: Any, shape: Any, axis: int) -> None:
    u = np.random.default_rng(2).normal(size=shape)
    expected = np.moveaxis(steps(form, np.moveaxis(u, axis, 0)), 0, axis)
    close(filtering.filtered(pair(form), u, axis), expected)
    if max(map(len, form)) > 1:
        close(filtering.filtered(filtering.in_states(pair(form)), u, axis), expected)


@pytest.mark.parametrize(
    "start", [np.zeros(2), np.array([0.7]), np.array([1.0, -2.0, 3.0])], ids=str
)
@pytest.mark.parametrize("form", [p for p in PAIRS if len(p[0]) + len(p[1]) > 2], ids=str)
def test_a_filter_at_rest_goes_on_with_its_output(form: Any, start: Any) -> None:
    b, a = pair(form)
    gain = b.sum() / a.sum()
    n, shape = filtering.order((b, a)), np.shape(start)
    system = filtering.in_states((b / gain, a))
    # Coefficients have had the start as input too, and are those of a gain of 1.
    for of in ((b / gain, a), system):
        z = np.array(filtering.at_rest(of, start))
        assert z.shape == (n, *shape)
        y = np.empty((30, *shape))
        filtering.many_rows(of, z)(np.broadcast_to(start, y.shape).copy(), y)
        close(y, np.broadcast_to(start, y.shape))
    A, B, C, D = system
    doubled = StateSpace(A, B, 2 * C, 2 * D)  # at rest with half of the input
    close(filtering.at_rest(doubled, start), filtering.at_rest(system, start) / 2)
    assert filtering.at_rest(system, float(start[0])).shape == (n,)


# -- filters together --------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other", "few"), [(1, 3, True), (4, 1, True), (4, 5, False)])
def test_filters_in_a_row_multiply_and_filters_side_by_side_add(
    one: int, other: int, few: bool
) -> None:
    forms: Any = [pair(PAIRS[one]), pair(PAIRS[other])]
    row, total = _forms.in_a_row("x", forms, 0.1), _forms.added("x", forms, 0.1)
    # If one of them alone has poles, polynomials are as precise as a state.
    assert isinstance(row, StateSpace) != few and isinstance(total, StateSpace) != few
    found: Any = of_pair if few else transfer
    for z in POINTS:
        G, H = (of_pair(form, z) for form in forms)
        close(found(row, z), G * H)
        close(found(total, z), G + H)


def test_a_combination_has_at_most_500_states() -> None:
    pole = pair(([0.1], [1.0, -0.9]))
    late = filtering.shift(498)
    assert filtering.order(_forms.in_a_row("x", [pole, pole, late], 0.1)) == 500
    for combine in (_forms.in_a_row, _forms.added):
        with pytest.raises(ValueError, match=r"at most 500 states .+, got 501 at dt = 0\.1 s"):
            combine("x", [pole, pole, filtering.shift(499)], 0.1)


def test_filters_of_three_poles_or_more_run_in_state_space() -> None:
    for n, is_state in ((1, False), (2, False), (3, True)):
        synapse = LinearFilter([1.0], np.poly(-10.0 * np.arange(1, n + 1)))
        assert isinstance(synapse.form(0.001), StateSpace) == is_state
    assert Lowpass(0.0).coefficients(0.1)[0].tolist() == [1.0]
