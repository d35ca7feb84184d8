"""Laws of the solvers: how systems are factored, rounding, and exact decoders of few neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nefsim import solvers
from nefsim.solvers.base import peak
from nefsim.solvers.cholesky import _norm_of_inverse, systems
from nefsim.solvers.l2 import gram_of
from nefsim.solvers.nonnegative import _fit, _settle
from nefsim.solvers.softmax import _likelihood


@pytest.mark.parametrize(
    ("n", "sizes"), [(1, [1]), (128, [128]), (129, [64, 64, 1]), (192, [64, 64, 64])]
)
def test_triangles_are_inverted_whole_up_to_128_rows_and_else_in_blocks_of_64(
    n: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, inverse = [], np.linalg.inv

    def inv(a: Any) -> Any:
        seen.append(len(a))
        return inverse(a)

    monkeypatch.setattr(np.linalg, "inv", inv)
    solve, _ = systems("who", "reg", 0.1, 4.0 * np.eye(n))
    assert seen == sizes
    B = np.arange(2.0 * n).reshape(n, 2)
    np.testing.assert_allclose(solve(B), B / 4.0)


def of_pairs(scales: Any) -> np.ndarray:
    """Blocks s [[2, 1], [1, 2]], whose inverses [[2, -1], [-1, 2]] / 3 s have the norm 1 / s."""
    return np.kron(np.diag(scales), [[2.0, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    ("gram", "condition"),
    [
        (3.0 * np.eye(130), 1.0),
        (np.diag(np.linspace(1.0, 4.0, 130)), 4.0),
        (of_pairs(np.linspace(1.0, 4.0, 65)), 3 * 4.0),
        (of_pairs(np.linspace(1.0, 4.0, 10)), 3 * 4.0),
    ],
)
def test_the_condition_of_diagonal_blocks_is_exact(gram: np.ndarray, condition: float) -> None:
    assert systems("who", "reg", 0.1, gram)[1] == pytest.approx(condition, rel=1e-12)


def test_the_norm_of_an_inverse_takes_two_solutions_for_each_column_that_is_tried() -> None:
    """The first try is the mean of all columns, which is the largest column of equal ones."""
    for gram, norm, calls in ((np.eye(130), 1.0, 2), (of_pairs(np.arange(65.0, 0, -1)), 1.0, 4)):
        seen = []

        def solve(B: Any, gram: Any = gram, seen: Any = seen) -> Any:
            seen.append(B)
            return np.linalg.solve(gram, B)

        assert _norm_of_inverse(solve, 130) == pytest.approx(norm, rel=1e-12)
        assert len(seen) == calls


def test_the_norm_of_a_large_inverse_is_found_by_the_signs_of_its_columns() -> None:
    """This matrix has the column of the largest sum in the direction of the search."""
    A = np.random.default_rng(0).normal(size=(200, 200))
    inverse = np.linalg.inv(A @ A.T / 200 + 0.01 * np.eye(200))
    norm = np.abs(inverse).sum(axis=0).max()
    assert _norm_of_inverse(lambda B: inverse @ B, 200) == pytest.approx(norm, rel=1e-9)


def test_the_largest_rate_is_that_in_absolute_value() -> None:
    assert [peak(np.array(A)) for A in ([[1.0, -3.0]], [[2.0, -1.0]], [[-1.0]])] == [3.0, 2.0, 1.0]
    blocks = [np.array([[1.0, 2.0]]), np.array([[3.0, -5.0], [1.0, 0.0]])]
    gram, n_points, top = gram_of(lambda: iter(blocks))
    assert (gram.tolist(), n_points, top) == ([[11.0, -13.0], [-13.0, 29.0]], 3, 5.0)


# Nonnegative decoders


@pytest.mark.parametrize(("gain", "taken"), [(1e-20, False), (4.43e-14, False), (4.46e-14, True)])
def test_gains_of_100_roundings_for_each_row_count_as_none(gain: float, taken: bool) -> None:
    """100 x 2 rows x 2.22e-16 is 4.441e-14, for columns and targets of length 1."""
    x = _settle("who", np.eye(2), np.array([1.0, gain]), np.array([1.0, 0.0]))
    assert x.tolist() == [1.0, gain if taken else 0.0]


def test_entries_leave_the_support_in_the_order_in_which_they_reach_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From (1, 1, 1) to (-1, 2, -3), the third is 0 after a quarter of the way."""
    seen, lstsq = [], np.linalg.lstsq

    def solve(M: Any, b: Any, rcond: Any) -> Any:
        seen.append(np.flatnonzero(M.any(axis=1)).tolist())
        return lstsq(M, b, rcond=rcond)

    monkeypatch.setattr(np.linalg, "lstsq", solve)
    everything = np.ones(3, bool)
    fit, support = _fit(np.eye(3), np.array([-1.0, 2.0, -3.0]), np.ones(3), everything)
    assert seen == [[0, 1, 2], [0, 1], [1]]
    assert (fit.tolist(), support.tolist()) == ([0.0, 2.0, 0.0], [False, True, False])
    assert everything.all()


def test_the_next_way_starts_where_the_last_one_met_zero() -> None:
    """On the way from (2, 3, 3, 1) to the fit (-2.8, 1.2, 1.8, 5.3), entry 0 is the first at 0.

    From there, (0, 2.2, 2.5, 2.8), to the next fit (0, .8, -1, -.9) entry 2 meets 0 at .72 of the
    way and entry 3 would at .76; without entry 2, entry 3 stays above 0.
    """
    M = np.array([[1.0, 2, -1, 1], [-2, 0, -2, 0], [-2, 2, 2, -2], [2, 1, -1, 1]])
    b, x = np.array([3.0, 2.0, 1.0, -1.0]), np.array([2.0, 3.0, 3.0, 1.0])
    fit, support = _fit(M, b, x, x > 0)
    assert support.tolist() == [False, True, False, True]
    np.testing.assert_allclose(fit[support], np.linalg.lstsq(M[:, support], b, rcond=None)[0])


def test_decoders_of_one_neuron_are_those_of_the_formulas() -> None:
    """The mean of a y over that of a² and the penalty: 2 rates of 10 and 20 for 1 and 3."""
    A, Y = np.array([[10.0], [20.0]]), np.array([1.0, 3.0])
    sum_ay, sum_aa, top = 70.0, 500.0, 20.0
    formulas = [
        (solvers.LstsqL2(0.1), sum_ay / (sum_aa + 2 * (0.1 * top) ** 2)),
        (solvers.LstsqL2nz(0.1), sum_ay / (sum_aa + 2 * (0.1 * top) ** 2)),
        (solvers.NnlsL2(0.1), sum_ay / (sum_aa + 2 * (0.1 * top) ** 2)),
        (solvers.Dale(1.0, 0.1), sum_ay / (sum_aa + 2 * (0.1 * top) ** 2)),
        (solvers.Dale(0.0, 0.1), 0.0),
        (solvers.Nnls(), sum_ay / sum_aa),
        (solvers.Lstsq(), sum_ay / sum_aa),
        (solvers.PseudoInverse(), sum_ay / sum_aa),
        # In shares of the largest rate: half of the slopes of the means, less l1, over their sum.
        (
            solvers.LstsqL1(0.01, 0.02),
            (sum_ay / 2 / top - 0.01) / (sum_aa / 2 / top**2 + 0.02) / top,
        ),
        (solvers.LstsqWeighted([1.0, 3.0], 0.1), 190 / (1300 + 4 * (0.1 * top) ** 2)),
    ]
    for solver, expected in formulas:
        assert solver(A, Y)[0].item() == pytest.approx(expected, rel=1e-9), solver
    for solver in (solvers.Nnls(), solvers.NnlsL2(0.1), solvers.Dale(1.0, 0.1)):
        assert solver(A, -Y)[0].item() == 0.0
    assert solvers.Dale(0.0, 0.1)(A, -Y)[0].item() < 0.0


def test_the_likelihood_of_classes_and_its_slope_are_those_of_the_formulas() -> None:
    A, Y = np.array([[1.0, 2.0], [0.5, 0.0]]), np.array([[1.0, 0.0], [0.25, 0.75]])
    D = np.array([[0.3, -0.2], [0.1, 0.4]])
    loss, slope = _likelihood(A, Y, D)
    expected = 0.0
    for a, y in zip(A, Y, strict=True):
        odds = np.exp(a @ D) / np.exp(a @ D).sum()
        expected -= float(y @ np.log(odds)) / 2
    assert loss == pytest.approx(expected, rel=1e-12)
    step = 1e-6
    for i, j in np.ndindex(2, 2):
        change = step * np.outer(np.eye(2)[i], np.eye(2)[j])
        ahead, behind = (_likelihood(A, Y, D + sign * change)[0] for sign in (1, -1))
        # Central differences err by some 1e-10.
        assert slope[i, j] == pytest.approx((ahead - behind) / (2 * step), abs=1e-8)
    # Values of any size.
    assert np.isfinite(_likelihood(1e4 * A, Y, D)[0])


def test_softmax_of_one_neuron_and_two_classes_is_a_root_of_its_slope() -> None:
    """The slope of loss and penalty is 0: reg² top² d = mean of a (y - odds), in each column."""
    A, Y = np.array([[10.0], [20.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    D, info = solvers.Softmax(0.5)(A, Y)
    odds = np.exp(A @ D) / np.exp(A @ D).sum(axis=1, keepdims=True)
    slope = A.T @ (odds - Y) / 2 / 20.0 + 0.5**2 * 20.0 * D
    assert np.abs(slope).max() < 1e-6
    assert info["loss"] == pytest.approx(-np.log(odds[Y > 0]).mean(), rel=1e-9)
    assert info["iterations"] > 0
    for wrong in ([[1.0, 1e-8]] * 2, [[1.5, -0.5]] * 2):
        with pytest.raises(ValueError, match="targets must be from 0 with rows that sum to 1"):
            solvers.Softmax()(A, wrong)


# Sparse and dropped


def test_dropped_neurons_are_the_smallest_share_rounded_down() -> None:
    A = np.eye(5) + 0.1
    first = np.array([[5.0, 1.0, 4.0, 2.0, 3.0]]).T
    fixed, plain = solvers.NoSolver(first), solvers.Lstsq(0.0)
    for drop, left in ((0.0, 5), (0.19, 5), (0.2, 4), (0.59, 3), (0.99, 1)):
        D, info = solvers.LstsqDrop(drop, fixed, plain)(A, A @ np.ones(5))
        places = np.sort(np.argsort(first[:, 0])[5 - left :])
        assert np.flatnonzero(D[:, 0]).tolist() == places.tolist()
        assert info["sparsity"] == pytest.approx(1 - left / 5)


def test_signs_are_of_the_share_that_excites() -> None:
    for share, n, positive in ((0.8, 10, 8), (0.0, 3, 0), (1.0, 3, 3), (0.5, 3, 2), (0.25, 2, 0)):
        signs = solvers.Dale(share, seed=3).signs(n)
        assert (signs > 0).sum() == positive and set(np.abs(signs)) == {1.0}
    order = np.random.default_rng(3).permutation(10)
    assert np.flatnonzero(solvers.Dale(0.8, seed=3).signs(10) < 0).tolist() == sorted(order[:2])


# Singular values


def test_singular_values_up_to_the_share_are_cut_off() -> None:
    A = np.diag([4.0, 2.0, 1.0])
    for rcond, rank in ((0.0, 3), (0.2, 3), (0.25, 2), (0.3, 2), (0.5, 1)):
        expected = [0.25, 0.5, 1.0][:rank] + [0.0] * (3 - rank)
        condition = 4.0 / A[rank - 1, rank - 1]
        # Of the Gram matrix the values are squares.
        for solver, power in ((solvers.Lstsq(rcond), 1), (solvers.PseudoInverse(rcond**2), 2)):
            D, info = solver(A, np.ones(3))
            assert (info["rank"], info["condition"]) == (rank, pytest.approx(condition**power))
            np.testing.assert_allclose(D[:, 0], expected)


def test_targets_have_one_or_two_axes() -> None:
    for wrong in (1.0, np.ones((2, 1, 1)), np.ones(3), np.ones((2, 0))):
        with pytest.raises(ValueError, match=r"targets must have shape \(2,\) or \(2, D_out\)"):
            solvers.LstsqL2()(np.eye(2), wrong)


@pytest.mark.parametrize(
    "solver",
    [
        solvers.LstsqL2(0.1),
        solvers.LstsqL2(0.03),
        solvers.LstsqL2nz(0.1),
        solvers.Nnls(),
        solvers.LstsqL1(),
    ],
    ids=repr,
)
def test_activities_in_blocks_have_the_decoders_of_the_whole(solver: Any) -> None:
    rng = np.random.default_rng(0)
    A = np.maximum(rng.normal(20.0, 60.0, (60, 15)), 0.0)
    Y = rng.normal(size=(60, 2))

    def blocks() -> Any:
        return iter([A[:7], A[7:40], A[40:]])

    whole, of_whole = solver.prepare(A, np.random.default_rng(1))(Y)
    found, of_blocks = solver.prepare_blocks(blocks, np.random.default_rng(1))(Y)
    # Sums in another order.
    np.testing.assert_allclose(found, whole, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(of_blocks["rmse"], of_whole["rmse"], rtol=1e-8)
    assert of_blocks.keys() == of_whole.keys()
    for prepare in (
        lambda: solver.prepare_blocks(lambda: iter([0 * A[:7], 0 * A[7:]]), rng)(Y),
        lambda: solver.prepare(0 * A, rng)(Y),
    ):
        with pytest.raises(ValueError, match="activities must hold a neuron that fires"):
            prepare()
