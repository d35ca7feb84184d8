"""Laws of the decoder solvers."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nefsim.solvers import (
    Lstsq,
    LstsqDrop,
    LstsqL1,
    LstsqL2,
    LstsqL2nz,
    LstsqMultNoise,
    LstsqNoise,
    LstsqWeighted,
    Nnls,
    NnlsL2,
    NoiseMatched,
    NoSolver,
    PseudoInverse,
    Softmax,
    Solver,
    nonnegative,
    solve_decoders,
)
from nefsim.solvers.cholesky import systems

FloatArray = NDArray[np.float64]
EPS = float(np.finfo(float).eps)
SENTENCE = re.compile(r"^\w+: .+ must .+, got .+; .+\.$")


def curves(n_points: int, n_neurons: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Rectified-linear tuning curves (P, N) [Hz] over one dimension, and the points (P, 1)."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, n_points)[:, None]
    sign = rng.choice([-1.0, 1.0], n_neurons)
    intercepts = rng.uniform(-0.9, 0.8, n_neurons)
    max_rates = rng.uniform(100, 200, n_neurons)
    return max_rates * np.maximum(x * sign - intercepts, 0) / (1 - intercepts), x


def functions(x: FloatArray) -> FloatArray:
    """Three targets (P, 3) of a one-dimensional value."""
    return np.hstack([x, x**2, np.sin(3 * x)])


A, X = curves(60, 20)
Y = functions(X)
WIDE, WIDE_X = curves(20, 60, seed=1)
WIDE_Y = functions(WIDE_X)
RNG_WEIGHTS = np.random.default_rng(2).uniform(0.5, 2.0, 60)

#: One of each, with weights and values that fit A and Y.
SOLVERS: list[Solver] = [
    LstsqL2(),
    LstsqL2nz(),
    Lstsq(),
    PseudoInverse(rcond=1e-9),
    LstsqNoise(),
    LstsqMultNoise(),
    Nnls(),
    NnlsL2(),
    LstsqL1(),
    LstsqDrop(),
    LstsqDrop(solver1=LstsqNoise(), solver2=LstsqNoise()),
    NoiseMatched(synapse=0.02),
    LstsqWeighted(RNG_WEIGHTS),
    LstsqWeighted(np.outer(RNG_WEIGHTS, [1.0, 2.0, 3.0]) + X**2),
    LstsqWeighted(lambda targets: 1 + targets**2),
    NoSolver(np.ones((20, 3))),
]
NAMES = [f"{i}-{type(solver).__name__}" for i, solver in enumerate(SOLVERS)]
each_solver = pytest.mark.parametrize("solver", SOLVERS, ids=NAMES)
each_shape = pytest.mark.parametrize(
    ("activities", "targets"), [(A, Y), (WIDE, WIDE_Y)], ids=["more points", "more neurons"]
)


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    """The house sentence with which a call refuses its arguments."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert SENTENCE.match(message), message
    return message


# --- all solvers


@each_solver
def test_decoders_have_a_row_per_neuron_and_a_column_per_output(solver: Solver) -> None:
    decoders, info = solver(A, Y, rng=0)
    assert decoders.shape == (20, 3)
    assert decoders.dtype == np.float64
    assert decoders.flags.c_contiguous
    assert info["solver"] == type(solver).__name__


@pytest.mark.parametrize("solver", SOLVERS[:-3], ids=NAMES[:-3])
def test_targets_of_one_axis_are_one_output(solver: Solver) -> None:
    decoders, info = solver(A, Y[:, 0], rng=0)
    expected, _ = solver(A, Y[:, :1], rng=0)
    assert np.array_equal(decoders, expected)
    assert info["rmse"].shape == (1,)


@each_solver
def test_reported_error_is_that_of_the_activities_without_noise(solver: Solver) -> None:
    decoders, info = solver(A, Y, rng=0)
    assert np.array_equal(info["rmse"], np.sqrt(np.mean((A @ decoders - Y) ** 2, axis=0)))


@each_solver
def test_a_further_target_does_not_change_other_solutions(solver: Solver) -> None:
    decode = solver.prepare(A, 3)
    targets = [Y, Y**2, -Y, Y + 1]
    together = [decode(target)[0] for target in targets]
    alone = [solver(A, target, rng=3)[0] for target in targets]
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one, other)


@each_solver
def test_a_prepared_solver_copies_its_activities(solver: Solver) -> None:
    actual = A.copy()
    decode = solver.prepare(actual, 3)
    before, _ = decode(Y)
    actual[:] = 0
    before_again = before.copy()
    before[:] = 0
    assert np.array_equal(decode(Y)[0], before_again)


@pytest.mark.parametrize(
    "solver",
    [
        LstsqL2(),
        LstsqL2nz(),
        LstsqNoise(),
        LstsqL1(),
        LstsqWeighted(RNG_WEIGHTS),
        NoiseMatched(synapse=0.02),
        LstsqNoise(solver=LstsqL2nz()),
    ],
)
def test_four_targets_need_one_factorisation(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def count(module: Any, name: str) -> None:
        original = getattr(module, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            calls.append(args)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    count(np.linalg, "cholesky")
    count(scipy.linalg, "cho_factor")
    decode = solver.prepare(A, 0)
    for target in (Y, Y**2, -Y, Y + 1):
        decode(target)
    assert len(calls) == 1


@pytest.mark.parametrize("solver", [s for s in SOLVERS if s.compositional and s.uses_activities])
def test_compositional_solvers_decode_a_linear_image_by_the_image_of_the_decoders(
    solver: Solver,
) -> None:
    transform = np.array([[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]])
    decode = solver.prepare(A, 0)
    image = decode(Y)[0] @ transform
    # Both orders round differently; the condition numbers here are below 1e6.
    np.testing.assert_allclose(decode(Y @ transform)[0], image, atol=1e-9 * np.abs(image).max())


@pytest.mark.parametrize(
    "solver",
    [
        LstsqL2(),
        LstsqL2nz(),
        Lstsq(),
        Nnls(),
        NnlsL2(),
        LstsqL1(),
        LstsqDrop(drop=0.1),
        NoiseMatched(synapse=0.02),
    ],
)
def test_permuting_neurons_permutes_decoders(solver: Solver) -> None:
    order = np.random.default_rng(4).permutation(20)
    decoders, _ = solver(A, Y)
    permuted, _ = solver(A[:, order], Y)
    # Sums run in another order; LstsqL1 has a condition number of about 1e7.
    np.testing.assert_allclose(permuted, decoders[order], atol=1e-8 * np.abs(decoders).max())


def test_the_seed_decides_the_noise() -> None:
    for solver in (LstsqNoise(), LstsqMultNoise()):
        first, _ = solver(A, Y, rng=5)
        same, _ = solver(A, Y, rng=np.random.default_rng(5))
        other, _ = solver(A, Y, rng=6)
        assert np.array_equal(first, same)
        assert not np.array_equal(first, other)


def test_solvers_are_equal_by_content() -> None:
    assert LstsqWeighted([1.0, 2.0]) == LstsqWeighted(np.array([1.0, 2.0]))
    assert LstsqWeighted([1.0, 2.0]) != LstsqWeighted([1.0, 3.0])
    assert NoSolver(np.ones((2, 1))) != NoSolver(np.ones((2, 1)), weights=True)
    assert len({LstsqL2(), LstsqL2(0.1), LstsqL2(0.2)}) == 2


# --- L2


@each_shape
@pytest.mark.parametrize("reg", [0.01, 0.1, 1.0])
def test_decoders_solve_the_normal_equations(
    activities: FloatArray, targets: FloatArray, reg: float
) -> None:
    P, N = activities.shape
    decoders, _ = LstsqL2(reg)(activities, targets)
    gram = activities.T @ activities + P * (reg * activities.max()) ** 2 * np.eye(N)
    right = activities.T @ targets
    # Backward error of a Cholesky solve: a few n eps relative to |G||D|, and to |A'||Y|.
    size = np.abs(gram) @ np.abs(decoders) + np.abs(activities).T @ np.abs(targets)
    np.testing.assert_array_less(np.abs(gram @ decoders - right), 10 * max(P, N) * EPS * size)


@given(st.integers(5, 40), st.integers(1, 4), st.floats(0.01, 1.0), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_both_gram_forms_give_the_same_decoders(
    n_points: int, repeats: int, reg: float, seed: int
) -> None:
    # Every point taken often enough puts more points than neurons, and changes no average.
    activities, x = curves(n_points, 41, seed)
    targets = functions(x)
    dual, _ = LstsqL2(reg)(activities, targets)
    many = 41 * repeats
    primal, _ = LstsqL2(reg)(np.repeat(activities, many, 0), np.repeat(targets, many, 0))
    # The condition number is at most 1 + N/reg² < 1e6, times eps.
    np.testing.assert_allclose(primal, dual, atol=1e-9 * np.abs(dual).max())


@given(
    st.integers(2, 30),
    st.integers(1, 30),
    st.lists(st.floats(1e-3, 10.0), min_size=2, max_size=5),
    st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_training_error_never_falls_as_reg_rises(
    n_points: int, n_neurons: int, regs: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    activities = rng.uniform(0, 100, (n_points, n_neurons))
    targets = rng.normal(size=(n_points, 2))
    errors = [LstsqL2(reg)(activities, targets)[1]["rmse"] for reg in sorted(regs)]
    # Condition up to N/reg² = 3e7 times eps, for targets of about 1.
    assert (np.diff(errors, axis=0) >= -1e-8).all()


@each_shape
def test_reg_0_is_plain_least_squares(activities: FloatArray, targets: FloatArray) -> None:
    # Noise makes either Gram matrix well-conditioned.
    activities = activities + np.random.default_rng(0).uniform(0, 100, activities.shape)
    decoders, _ = LstsqL2(reg=0)(activities, targets)
    expected = np.linalg.lstsq(activities, targets, rcond=None)[0]
    # The Gram matrix has the square of a condition number of about 1e2.
    np.testing.assert_allclose(decoders, expected, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("solver", [LstsqL2(reg=0), LstsqL2nz(reg=0), LstsqWeighted([1] * 60, 0)])
def test_reg_0_is_refused_for_a_singular_gram_matrix(solver: Solver) -> None:
    must = f"{type(solver).__name__}: reg must make the Gram matrix positive definite, got 0"
    assert refused(solver, np.hstack([A, A]), Y).startswith(must)


def test_reg_0_is_refused_for_a_gram_matrix_that_is_singular_to_double_precision() -> None:
    faint = np.diag([1.0, 1e-9])  # the condition number of the Gram matrix is 1e18
    assert "positive definite" in refused(LstsqL2(reg=0), faint, [1.0, 1.0])


def test_rates_of_the_other_sign_give_decoders_of_the_other_sign() -> None:
    for solver in (LstsqL2(), LstsqL2nz()):
        assert np.array_equal(solver(-A, Y)[0], -solver(A, Y)[0])


def test_more_points_at_the_same_places_change_no_decoders() -> None:
    for solver in (LstsqL2(), LstsqL2nz(), NnlsL2(), LstsqL1()):
        once, _ = solver(A, Y)
        thrice, _ = solver(np.repeat(A, 3, axis=0), np.repeat(Y, 3, axis=0))
        # The sums are longer and round differently; LstsqL1 has a condition number of 1e7.
        np.testing.assert_allclose(thrice, once, atol=1e-8 * np.abs(once).max())


def test_l2nz_equals_l2_if_all_neurons_always_fire() -> None:
    expected, _ = LstsqL2()(A + 1, Y)
    assert np.array_equal(LstsqL2nz()(A + 1, Y)[0], expected)


@each_shape
def test_l2nz_solves_its_normal_equations(activities: FloatArray, targets: FloatArray) -> None:
    P, N = activities.shape
    decoders, _ = LstsqL2nz(0.1)(activities, targets)
    sigma = 0.1 * activities.max() * np.sqrt((activities > 0).mean(axis=0))
    gram = activities.T @ activities + P * np.diag(sigma**2)
    size = np.abs(gram) @ np.abs(decoders) + np.abs(activities).T @ np.abs(targets)
    residual = np.abs(gram @ decoders - activities.T @ targets)
    # As for LstsqL2; scaling by sqrt(p), 0.05 at the least, adds a factor.
    np.testing.assert_array_less(residual, 100 * max(P, N) * EPS * size)


@pytest.mark.parametrize(
    "solver",
    [LstsqL2(), LstsqL2nz(), Lstsq(), LstsqMultNoise(), Nnls(), NnlsL2(), LstsqL1(), LstsqDrop()],
)
def test_neurons_that_never_fire_get_decoders_of_0(solver: Solver) -> None:
    silent = A.copy()
    silent[:, [3, 7]] = 0
    decoders, _ = solver(silent, Y, rng=0)
    # The singular vectors of Lstsq and LstsqMultNoise hold rounding errors.
    assert np.abs(decoders[[3, 7]]).max() <= 1e-12 * np.abs(decoders).max()


# --- singular values


@pytest.mark.parametrize("rcond", [1e-12, 0.01, 0.3])
def test_lstsq_is_that_of_numpy(rcond: float) -> None:
    for activities, targets in ((A, Y), (WIDE, WIDE_Y)):
        decoders, info = Lstsq(rcond)(activities, targets)
        expected, _, rank, values = np.linalg.lstsq(activities, targets, rcond)
        # Two algorithms for singular values above 1e-4 of the largest.
        np.testing.assert_allclose(decoders, expected, atol=1e-10 * np.abs(expected).max())
        assert info["rank"] == rank
        assert info["condition"] == pytest.approx(values[0] / values[rank - 1], rel=1e-10)


def test_pseudo_inverse_is_the_minimum_norm_solution() -> None:
    for activities, targets, rcond in ((A, Y, 1e-15), (WIDE, WIDE_Y, 1e-10)):
        decoders, _ = PseudoInverse(rcond)(activities, targets)
        expected = np.linalg.lstsq(activities, targets, rcond=1e-5)[0]
        # The Gram matrices have condition numbers up to 1e8.
        np.testing.assert_allclose(decoders, expected, atol=1e-7 * np.abs(expected).max())


def test_pseudo_inverse_is_the_plain_formula() -> None:
    decoders, _ = PseudoInverse()(A, Y)
    expected = np.linalg.pinv(A.T @ A, 1e-15) @ (A.T @ Y)
    # The same arithmetic up to the order of sums, for a condition number up to 1e8.
    np.testing.assert_allclose(decoders, expected, atol=1e-7 * np.abs(expected).max())


# --- noise


def test_noise_of_0_leaves_the_inner_solver() -> None:
    expected, _ = LstsqL2(0.2)(A, Y)
    assert np.array_equal(LstsqNoise(0, LstsqL2(0.2))(A, Y)[0], expected)
    assert np.array_equal(LstsqMultNoise(0, LstsqL2(0.2))(A, Y)[0], expected)


def test_additive_noise_at_many_points_is_l2() -> None:
    activities, x = curves(40_000, 5)
    noisy, _ = LstsqNoise(0.2)(activities, x, rng=0)
    expected, _ = LstsqL2(0.2)(activities, x)
    # Averages over 40,000 draws deviate by a few times 1/sqrt(40,000) = 0.005.
    np.testing.assert_allclose(noisy, expected, atol=0.03 * np.abs(expected).max())


def test_additive_noise_is_a_share_of_the_largest_rate_on_every_activity() -> None:
    H = np.random.default_rng(5).standard_normal(A.shape)
    noisy, _ = LstsqNoise(0.3, Lstsq())(A, Y, rng=5)
    np.testing.assert_allclose(noisy, Lstsq()(A + 0.3 * A.max() * H, Y)[0], rtol=1e-9)


def test_multiplicative_noise_is_a_share_of_each_activity() -> None:
    H = np.random.default_rng(5).standard_normal(A.shape)
    noisy, _ = LstsqMultNoise(0.3, Lstsq())(A, Y, rng=5)
    np.testing.assert_allclose(noisy, Lstsq()(A * (1 + 0.3 * H), Y)[0], rtol=1e-9)


def test_multiplicative_noise_at_many_points_is_a_penalty_by_the_power_of_each_neuron() -> None:
    activities, x = curves(40_000, 5)
    noisy, _ = LstsqMultNoise(0.3)(activities, x, rng=0)
    gram = activities.T @ activities
    # Of noise on neuron i, only the mean of its square is left: 0.3² |a_i|².
    penalised = gram + 0.3**2 * np.diag(np.diag(gram))
    expected = np.linalg.solve(penalised, activities.T @ x)
    # Averages over 40,000 draws deviate by a few times 1/sqrt(40,000) = 0.005.
    np.testing.assert_allclose(noisy, expected, atol=0.03 * np.abs(expected).max())


# --- not negative


@each_shape
@pytest.mark.parametrize("reg", [None, 0.0, 0.1])
def test_nonnegative_decoders_fulfil_the_kkt_conditions(
    activities: FloatArray, targets: FloatArray, reg: float | None
) -> None:
    solver = Nnls() if reg is None else NnlsL2(reg)
    decoders, info = solver(activities, targets)
    ridge = len(activities) * ((reg or 0) * activities.max()) ** 2
    gradient = activities.T @ (activities @ decoders - targets) + ridge * decoders
    # The active-set method stops at 10 n eps |R|₁ for targets near 1.
    small = 1e-10 * np.abs(activities.T @ targets).max()
    assert (decoders >= 0).all()
    assert (decoders > 0).any()
    assert (gradient >= -small).all()
    assert (np.abs(gradient[decoders > 0]) <= small).all()
    assert info["condition"] is None


def test_nonnegative_decoders_follow_the_scale_of_the_targets() -> None:
    for solver in (Nnls(), NnlsL2()):
        decoders, _ = solver(A, Y)
        for scale in (2.0**-60, 2.0**30):
            scaled, _ = solver(A, Y * scale)
            # SciPy may start from another set of neurons; condition numbers up to 1e4.
            np.testing.assert_allclose(scaled / scale, decoders, atol=1e-10 * decoders.max())


def test_nonnegative_decoders_are_those_of_either_factorisation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the Gram matrix where its condition number allows it, or of the activities."""
    factored: list[bool] = []
    gram = nonnegative._factor_gram

    def count(*arguments: Any) -> Any:
        factored.append(True)
        return gram(*arguments)

    monkeypatch.setattr(nonnegative, "_factor_gram", count)
    decoders, _ = NnlsL2(0.1)(A, Y)
    assert factored
    NnlsL2(0.004)(A, Y)  # 20 neurons and a condition number of up to 1.3e6
    assert len(factored) == 1
    monkeypatch.setattr(nonnegative, "MOST_CONDITION", 0.0)
    other, _ = NnlsL2(0.1)(A, Y)
    assert len(factored) == 1
    # The condition number of the Gram matrix is below 2e3.
    np.testing.assert_allclose(decoders, other, rtol=0, atol=1e-12 * other.max())


def test_nnls_l2_equals_l2_where_that_is_not_negative() -> None:
    targets = A @ np.linspace(1, 2, 20)[:, None]
    expected, _ = LstsqL2(0.01)(A, targets)
    assert (expected > 0).all()
    # Condition number of about 1e4.
    np.testing.assert_allclose(NnlsL2(0.01)(A, targets)[0], expected, rtol=1e-9)


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from([0.0, 0.1]), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_nonnegative_decoders_fulfil_the_kkt_conditions_for_coarse_and_sparse_rates(
    n_points: int, n_neurons: int, reg: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    activities = rng.choice([0.0, 0.0, 0.0, 100.0, 200.0], (n_points, n_neurons))
    activities[0, 0] = 100
    targets = rng.normal(size=n_points)
    decoders = NnlsL2(reg)(activities, targets)[0][:, 0]
    ridge = n_points * (reg * activities.max()) ** 2
    gradient = activities.T @ (activities @ decoders - targets) + ridge * decoders
    # As above, relative to the sums that cancel.
    small = 1e-10 * (activities.T @ np.abs(targets)).max()
    assert (decoders >= 0).all()
    assert (gradient >= -small).all()
    assert (np.abs(gradient[decoders > 0]) <= small).all()


@pytest.mark.parametrize("wrong", [np.zeros(20), np.ones(20), np.arange(20.0) % 2, None])
def test_nonnegative_decoders_do_not_depend_on_scipys_solution(
    wrong: FloatArray | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [solver(A, Y)[0] for solver in (Nnls(), NnlsL2())]

    def nnls(*_: Any) -> Any:
        if wrong is None:
            raise RuntimeError("Maximum number of iterations reached.")
        return wrong, 0.0

    monkeypatch.setattr("scipy.optimize.nnls", nnls)
    for solver, right in zip((Nnls(), NnlsL2()), expected, strict=True):
        # Another path to the same set of neurons; condition numbers up to 1e4.
        np.testing.assert_allclose(solver(A, Y)[0], right, atol=1e-10 * right.max())


def test_an_active_set_that_does_not_converge_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = np.zeros(20)
    monkeypatch.setattr("scipy.optimize.nnls", lambda *_: (stuck, 0.0))
    monkeypatch.setattr("nefsim.solvers.nonnegative._fit", lambda M, b, x, used: (x, x > 0))
    assert "does not converge" in refused(Nnls(), A, Y)


# --- sparse


@each_shape
@pytest.mark.parametrize("l1", [1e-4, 1e-2])
@pytest.mark.parametrize("l2", [1e-6, 1e-2])
def test_l1_decoders_fulfil_the_kkt_conditions(
    activities: FloatArray, targets: FloatArray, l1: float, l2: float
) -> None:
    doubled = np.hstack([activities, activities[:, :5], np.zeros((len(activities), 1))])
    decoders, info = LstsqL1(l1, l2)(doubled, targets)
    shares, scaled = doubled / doubled.max(), decoders * doubled.max()
    pull = shares.T @ (targets - shares @ scaled) / len(doubled) - l2 * scaled
    # Condition number of up to 1e8, times eps.
    small = 1e-7 * l1
    used = decoders != 0
    assert used.any()
    assert (np.abs(pull) <= l1 + small).all()
    assert (np.abs(pull - l1 * np.sign(scaled))[used] <= small).all()
    assert info["sparsity"] == np.mean(~used)


def test_decoders_get_fewer_and_smaller_as_l1_rises() -> None:
    solved = [LstsqL1(l1)(A, Y) for l1 in (1e-8, 1e-6, 1e-4, 1e-2, 1.0)]
    sparsity = [info["sparsity"] for _, info in solved]
    sums = np.array([np.abs(decoders).sum(axis=0) for decoders, _ in solved])
    assert sparsity == sorted(sparsity)
    assert sparsity[0] < 0.2
    assert (np.diff(sums, axis=0) <= 0).all()


def test_l1_above_every_correlation_leaves_no_decoder() -> None:
    highest = float(np.abs(A.T @ Y).max() / (A.max() * len(A)))
    assert LstsqL1(highest * 1.001)(A, Y)[1]["sparsity"] == 1
    assert LstsqL1(highest * 0.999)(A, Y)[1]["sparsity"] < 1


def test_l1_refuses_an_l2_lost_in_rounding() -> None:
    assert "l2 must make" in refused(LstsqL1(l2=1e-18), np.hstack([A, A]), Y)


def test_drop_keeps_the_largest_and_solves_again_with_them() -> None:
    decoders, info = LstsqDrop(0.25, Lstsq(), LstsqL2(0.2))(A, Y)
    first, _ = Lstsq()(A, Y)
    for j in range(3):
        kept = np.sort(np.argsort(np.abs(first[:, j]))[5:])
        expected, _ = LstsqL2(0.2)(A[:, kept], Y[:, j])
        assert np.array_equal(np.flatnonzero(decoders[:, j]), kept)
        assert np.array_equal(decoders[kept, j], expected[:, 0])
    assert info["sparsity"] == 0.25


def test_drop_of_a_target_of_0_is_0() -> None:
    silent = A.copy()
    silent[:, 1:] = 0
    decoders, _ = LstsqDrop(0.25)(silent, np.zeros(60))
    assert np.array_equal(decoders, np.zeros((20, 1)))


# --- weighted


def test_equal_weights_are_l2() -> None:
    assert np.array_equal(LstsqWeighted(np.ones(60))(A, Y)[0], LstsqL2()(A, Y)[0])
    assert np.array_equal(LstsqWeighted(np.ones(20))(WIDE, WIDE_Y)[0], LstsqL2()(WIDE, WIDE_Y)[0])


@each_shape
def test_whole_weights_are_repeated_points(activities: FloatArray, targets: FloatArray) -> None:
    counts = np.random.default_rng(0).integers(1, 5, len(activities))
    weighted, _ = LstsqWeighted(counts)(activities, targets)
    repeated, _ = LstsqL2()(np.repeat(activities, counts, 0), np.repeat(targets, counts, 0))
    # Roots of weights round; condition number of about 1e4.
    np.testing.assert_allclose(weighted, repeated, atol=1e-10 * np.abs(repeated).max())


def test_a_common_factor_of_the_weights_changes_nothing() -> None:
    once, _ = LstsqWeighted(RNG_WEIGHTS)(A, Y)
    four_times, _ = LstsqWeighted(4 * RNG_WEIGHTS)(A, Y)
    assert np.array_equal(once, four_times)  # roots and squares of 4 are exact


def test_each_output_may_have_other_weights() -> None:
    columns = np.random.default_rng(0).uniform(0.1, 1, (60, 3))
    columns[:30, 1] = 0
    together, info = LstsqWeighted(columns)(A, Y)
    alone = [LstsqWeighted(columns[:, j])(A, Y[:, j]) for j in range(3)]
    assert np.array_equal(together, np.hstack([decoders for decoders, _ in alone]))
    assert info["condition"] == max(figures["condition"] for _, figures in alone)


def test_weights_may_be_a_function_of_the_targets() -> None:
    def by_output(targets: FloatArray) -> FloatArray:
        return 1 + targets**2

    def shared(targets: FloatArray) -> FloatArray:
        return 1 + targets[:, 0] ** 2

    for function in (by_output, shared):
        expected, _ = LstsqWeighted(function(Y))(A, Y)
        assert np.array_equal(LstsqWeighted(function)(A, Y)[0], expected)


# --- given


def test_fixed_decoders_are_returned_even_for_silent_neurons() -> None:
    values = np.arange(40.0).reshape(20, 2)
    decoders, info = NoSolver(values)(np.zeros((60, 20)), Y[:, :2])
    assert np.array_equal(decoders, values)
    assert np.array_equal(info["rmse"], np.sqrt(np.mean(Y[:, :2] ** 2, axis=0)))


# --- condition


@pytest.mark.parametrize("n", [1, 128, 129, 192, 200])
def test_systems_are_solved_whatever_their_size(n: int) -> None:
    rng = np.random.default_rng(n)
    root, B = rng.standard_normal((n + 20, n)), rng.standard_normal((n, 3))
    gram = root.T @ root
    solve, condition = systems("who", "reg", 0.1, gram.copy())
    exact = np.linalg.cond(gram, 1)
    # As in one solution of the whole, the error is at most about n roundings times the condition,
    # and of a single number those of a root and of three divisions.
    X = np.linalg.solve(gram, B)
    np.testing.assert_allclose(solve(B), X, rtol=0, atol=(n + 3) * exact * EPS * np.abs(X).max())
    # Hager's estimate is from below; it is seldom off by more than a factor of three.
    assert exact / 3 <= condition <= exact * (1 + n * exact * EPS)


@pytest.mark.parametrize("n", [128, 200])
def test_a_system_that_is_singular_to_rounding_is_refused(n: int) -> None:
    gram = np.eye(n)
    gram[-1, -1] = EPS / 2
    with pytest.raises(ValueError, match="reg must make the Gram matrix positive definite"):
        systems("who", "reg", 0.1, gram)


@each_shape
def test_condition_is_an_estimate_from_below(activities: FloatArray, targets: FloatArray) -> None:
    info = LstsqL2(0.1)(activities, targets)[1]
    P, N = activities.shape
    gram = activities @ activities.T if P < N else activities.T @ activities
    true = np.linalg.cond(gram + P * (0.1 * activities.max()) ** 2 * np.eye(min(P, N)), 1)
    # LAPACK's estimate is a lower bound, seldom below a third; 1e-9 for rounding.
    assert true / 10 <= info["condition"] <= true * (1 + 1e-9)


def test_condition_is_exact_for_neurons_that_do_not_overlap() -> None:
    rates = np.diag([10.0, 20.0, 30.0])
    # Gram matrices with 100, 400 and 900 on the diagonal, up to the rounding of a root.
    for solver in (LstsqL2(reg=0), LstsqWeighted(np.ones(3), reg=0), PseudoInverse()):
        assert solver(rates, np.ones(3))[1]["condition"] == pytest.approx(9, rel=1e-12)
    assert Lstsq()(rates, np.ones(3))[1]["condition"] == pytest.approx(3, rel=1e-12)


# --- the verb


def test_solve_decoders_is_l2_with_reg_a_tenth() -> None:
    assert np.array_equal(solve_decoders(A, Y), LstsqL2(0.1)(A, Y)[0])
    assert np.array_equal(solve_decoders(A, Y, 0.3), LstsqL2(0.3)(A, Y)[0])
    assert np.array_equal(solve_decoders(A, Y, solver=Nnls()), Nnls()(A, Y)[0])
    noisy = LstsqNoise()(A, Y, rng=1)[0]
    assert np.array_equal(solve_decoders(A, Y, solver=LstsqNoise(), rng=1), noisy)


def test_solve_decoders_refuses_reg_together_with_a_solver() -> None:
    assert "reg" in refused(solve_decoders, A, Y, reg=0.1, solver=LstsqL2(0.1))
    for rubbish in (1, "LstsqL2", object(), LstsqL2):
        assert "solver" in refused(solve_decoders, A, Y, solver=rubbish)


# --- Nengo


@pytest.fixture(scope="module")
def nengo_solvers() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another package's import
        return pytest.importorskip("nengo").solvers


@each_shape
@pytest.mark.parametrize("reg", [0.01, 0.1])
def test_l2_decoders_are_those_of_nengo(
    nengo_solvers: Any, activities: FloatArray, targets: FloatArray, reg: float
) -> None:
    silent = np.hstack([activities, np.zeros((len(activities), 1))])
    for actual, reference, A_ in (
        (LstsqL2(reg), nengo_solvers.LstsqL2(reg=reg), silent),
        (LstsqL2nz(reg), nengo_solvers.LstsqL2nz(reg=reg), silent),
        (Lstsq(reg), nengo_solvers.Lstsq(rcond=reg), activities),
    ):
        decoders, _ = actual(A_, targets)
        expected, _ = reference(A_, targets)
        # Two orders of the same sums, for condition numbers up to 1e5.
        np.testing.assert_allclose(decoders, expected, atol=1e-10 * np.abs(expected).max())


def test_nonnegative_decoders_are_those_of_nengo_where_it_solves_the_same_problem(
    nengo_solvers: Any,
) -> None:
    # Nengo's NnlsL2 clips targets at 0 and fits the normal equations: the same where both
    # the targets and the unconstrained decoders are not negative.
    targets = A @ np.linspace(1, 2, 20)[:, None]
    for actual, reference, values in (
        (NnlsL2(0.1), nengo_solvers.NnlsL2(reg=0.1), targets),
        (Nnls(), nengo_solvers.Nnls(), Y),
    ):
        expected, _ = reference(A, values)
        decoders, _ = actual(A, values)
        # Condition numbers up to 1e4; Nengo's rows are not reduced first.
        np.testing.assert_allclose(decoders, expected, atol=1e-10 * np.abs(expected).max())


# --- bad arguments

NUMBERS = [None, np.nan, np.inf, -1.0, 1e30, "x", object(), True, np.ones(2), 1j]
FLAGS = [None, 1, 0.0, "yes", object()]
INNERS = [None, 0.1, "LstsqL2", object(), LstsqL2]
WEIGHTS = [None, "x", object(), 1.0, -np.ones(60), [np.nan] * 60, np.zeros(60), [], dict]
WEIGHTS += [np.ones((2, 2, 2)), [1e30], [[1.0, 0.0]], [[1.0], [1.0, 2.0]]]
VALUES = [None, "x", object(), 1.0, np.ones(20), [[np.nan]], [[1e30]], np.ones((1, 1, 1))]
BAD: dict[type[Solver], dict[str, list[Any]]] = {
    LstsqL2: {"reg": NUMBERS},
    LstsqL2nz: {"reg": NUMBERS},
    Lstsq: {"rcond": [*NUMBERS, 1.0]},
    PseudoInverse: {"rcond": [*NUMBERS, 1.0]},
    LstsqNoise: {"noise": NUMBERS, "solver": [*INNERS, Nnls()]},
    LstsqMultNoise: {"noise": NUMBERS, "solver": [*INNERS, LstsqDrop()]},
    Nnls: {},
    NnlsL2: {"reg": NUMBERS},
    LstsqL1: {"l1": [*NUMBERS, 0], "l2": [*NUMBERS, 0]},
    LstsqDrop: {"drop": [*NUMBERS, 1.0], "solver1": INNERS, "solver2": INNERS},
    LstsqWeighted: {"sample_weights": WEIGHTS, "reg": NUMBERS},
    NoSolver: {"values": VALUES},
}


@pytest.mark.parametrize("weights", [[], np.ones((3, 0)), np.ones((2, 2, 2)), 1.0], ids=str)
def test_weights_of_points_have_one_column_or_one_for_each_output(weights: Any) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(P,\) or \(P, D_out\), got shape"):
        LstsqWeighted(weights)


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_every_bad_field_is_refused_by_name(kind: type[Solver]) -> None:
    good: dict[str, Any] = {}
    if kind is LstsqWeighted:
        good = {"sample_weights": np.ones(60)}
    if kind is NoSolver:
        good = {"values": np.ones((20, 3))}
    for field, rubbish in (BAD[kind] | {"weights": FLAGS}).items():
        for value in rubbish:
            message = refused(kind, **(good | {field: value}))
            assert message.startswith(f"{kind.__name__}: {field}"), message


RUBBISH = [None, "x", object(), 1.0, {}, np.full((60, 20), np.nan), np.full((60, 20), np.inf)]
RUBBISH += [np.full((60, 20), 1e30), np.ones((60, 20), dtype=complex), np.ones((2, 2, 2))]
RUBBISH += [np.ones((60, 0)), [[1.0], [1.0, 2.0]], np.full((60, 20), None)]


@each_solver
def test_every_bad_array_is_refused_by_name(solver: Solver) -> None:
    who = type(solver).__name__
    for activities in [*RUBBISH, np.ones(60), np.ones((0, 20))]:
        assert refused(solver, activities, Y).startswith(f"{who}: activities")
    for targets in [*RUBBISH, Y[:-1], Y[0], Y.T]:
        assert refused(solver, A, targets).startswith(f"{who}: targets")
    for rng in ("x", 1.5, -1, object(), np.random):
        assert refused(solver, A, Y, rng).startswith(f"{who}: rng")


@pytest.mark.parametrize("solver", SOLVERS[:-1], ids=NAMES[:-1])
def test_silent_populations_are_refused(solver: Solver) -> None:
    message = refused(solver, np.zeros((60, 20)), Y)
    assert message.endswith("widen intercepts or eval_points.")


def test_weights_and_values_that_do_not_fit_are_refused() -> None:
    assert "sample_weights" in refused(LstsqWeighted(np.ones(59)), A, Y)
    assert "sample_weights" in refused(LstsqWeighted(np.ones((60, 2))), A, Y)
    assert "values" in refused(NoSolver(np.ones((20, 2))), A, Y)
    assert "values" in refused(NoSolver(np.ones((19, 3))), A, Y)
    rubbish: list[Any] = [None, np.ones(59), -np.ones(60), np.zeros(60), np.ones((60, 2)), "x"]
    for result in rubbish:
        bad = LstsqWeighted(lambda _: result)  # noqa: B023 - called before the next one
        assert "sample_weights" in refused(bad, A, Y)


# --- classifiers

CLASSES = np.eye(3)[np.digitize(X[:, 0], [-0.3, 0.6])]


def test_balanced_weights_have_equal_sums_over_both_classes() -> None:
    def by_hand(targets: FloatArray) -> FloatArray:
        p = np.mean(targets > 0, axis=0)
        return np.where(targets > 0, 1 / (2 * p), 1 / (2 * (1 - p)))

    weights = by_hand(CLASSES)
    above = (weights * CLASSES).sum(axis=0)
    np.testing.assert_allclose(above, weights.sum(axis=0) / 2, rtol=1e-14)  # sums of 60
    actual, _ = LstsqWeighted("balanced")(A, CLASSES)
    assert np.array_equal(actual, LstsqWeighted(by_hand)(A, CLASSES)[0])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_balanced_weights_need_both_classes(value: float) -> None:
    message = refused(LstsqWeighted("balanced"), A, np.column_stack([CLASSES, np.full(60, value)]))
    assert "column 3" in message


@each_shape
@pytest.mark.parametrize("reg", [0.01, 0.3])
def test_softmax_is_where_the_slope_of_its_objective_is_0(
    activities: FloatArray, targets: FloatArray, reg: float
) -> None:
    Y = np.eye(3)[targets.argmax(axis=1)]
    D, info = Softmax(reg)(activities, Y)
    values = activities @ D
    odds = np.exp(values - values.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    top = activities.max()
    slope = activities.T @ (odds - Y) / len(Y) + (reg * top) ** 2 * D
    # In the solver's variable, top * D; it stops near the root of the rounding of its objective.
    assert np.abs(slope / top).max() < 1e-5
    assert info["loss"] == pytest.approx(-np.log(odds[Y > 0]).mean(), rel=1e-9)


def test_softmax_of_two_classes_is_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    y = (X[:, 0] > 0.2).astype(int)
    D, _ = Softmax(0.1)(A, np.eye(2)[y])
    top = A.max()
    # Of two columns that differ by d the penalty is that of d / 2 in each: half of that of d.
    model = linear_model.LogisticRegression(C=2 / (60 * 0.1**2), fit_intercept=False, tol=1e-10)
    expected = model.fit(A / top, y).coef_[0]
    # Both stop where the slope is small, and not at 0.
    np.testing.assert_allclose((D[:, 1] - D[:, 0]) * top, expected, atol=1e-3)


def test_softmax_does_not_depend_on_the_unit_of_rates() -> None:
    D, _ = Softmax()(A, CLASSES)
    np.testing.assert_allclose(Softmax()(1000 * A, CLASSES)[0], D / 1000, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("targets", [2 * CLASSES - 1, 2 * CLASSES, 0 * CLASSES, Y])
def test_softmax_refuses_targets_that_are_no_probabilities(targets: FloatArray) -> None:
    assert "targets must be from 0 with rows that sum to 1" in refused(Softmax(), A, targets)


@pytest.mark.parametrize("reg", [0, -1, np.nan, np.inf, None, "0.1"])
def test_softmax_refuses_a_penalty_of_0_or_less(reg: Any) -> None:
    refused(Softmax, reg)
