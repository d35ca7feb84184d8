"""Laws of least squares by conjugate gradients: the system is solved, with few products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering.threads import in_threads
from nefsim.solvers import nystrom


def each(function: Any, items: Any) -> list[Any]:
    return [function(item) for item in items]


def rates(n: int = 600, d: int = 2, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rates of n leaky neurons at 2 n points of a ball, and the points."""
    rng = np.random.default_rng(seed)
    encoders = rng.normal(size=(n, d))
    encoders /= np.linalg.norm(encoders, axis=1, keepdims=True)
    points = rng.normal(size=(2 * n, d))
    points *= (rng.random(2 * n) ** (1 / d) / np.linalg.norm(points, axis=1))[:, None]
    current = 1 + rng.uniform(2, 20, n) * (points @ encoders.T - rng.uniform(-1, 0.9, n))
    return np.asarray(nef.LIF().rates(current)), points


def ridge_of(A: np.ndarray) -> float:
    return float(len(A) * (0.1 * A.max()) ** 2)


def direct(A: np.ndarray, value: float, Y: np.ndarray) -> np.ndarray:
    return np.linalg.solve(A.T @ A + value * np.eye(A.shape[1]), A.T @ Y)


@pytest.mark.parametrize("d", [1, 2, 8])
def test_decoders_are_those_of_the_gram_matrix(d: int) -> None:
    A, points = rates(d=d)
    targets = np.column_stack([points, points[:, 0] ** 2])
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    found = system.solve(targets)
    assert found is not None
    expected = direct(A, ridge_of(A), targets)
    # Both have errors of some 1e4, the condition number, roundings of the largest decoder.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def steps_of(system: nystrom.Ridge, targets: np.ndarray, monkeypatch: Any) -> int:
    """The number of products with AᵀA until a solution."""
    count = [0]
    original = nystrom.Ridge._product

    def counted(self: Any, p: Any) -> Any:
        count[0] += 1
        return original(self, p)

    with monkeypatch.context() as patch:
        patch.setattr(nystrom.Ridge, "_product", counted)
        assert system.solve(targets) is not None
    return count[0]


def test_columns_of_the_gram_matrix_save_most_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    A, points = rates()
    monkeypatch.setattr(nystrom, "MOST_STEPS", 1000)
    steps = []
    monkeypatch.setattr(nystrom, "COLUMNS", 0)
    monkeypatch.setattr(nystrom, "COLUMNS_OF_OUTPUT", 1)
    for columns in (1, 40, 350):
        system = nystrom.ridge(A, ridge_of(A), each, columns)
        assert system is not None
        steps.append(steps_of(system, points[:, :1], monkeypatch))
        assert system.basis.shape[1] <= columns
    assert steps[0] > steps[1] > steps[2] and steps[0] > 3 * steps[2]


def test_no_bit_depends_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nefsim.lowering.threads.cores", lambda: 2)
    A, points = rates(300)
    one, other = (nystrom.ridge(A, ridge_of(A), apply) for apply in (each, in_threads))
    assert one is not None and other is not None
    for targets in (points, points[:, 1:]):
        first, second = one.solve(targets), other.solve(targets)
        assert first is not None and second is not None
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("products", [1, 2000, 10_000, 10**6])
def test_products_are_those_of_the_matrix_in_parts_of_any_size(
    products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    A, _ = rates(300)
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    monkeypatch.setattr(nystrom, "PRODUCTS", products)
    for k in (1, 2, 5, 16):
        p = np.random.default_rng(k).normal(size=(300, k))
        expected = A.T @ (A @ p) + system.value * p
        # Sums of 600 numbers in other orders.
        atol = 1e-13 * np.abs(expected).max()
        np.testing.assert_allclose(system._product(p), expected, rtol=0, atol=atol)


def test_errors_are_those_of_the_decoded_values() -> None:
    A, points = rates(300)
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    targets = np.column_stack([points, points[:, 0] ** 2])
    decoders = direct(A, ridge_of(A), targets)
    expected = np.sqrt(np.mean((A @ decoders - targets) ** 2, axis=0))
    # Differences of values of about 1, each rounded to 1e-16 of sums that cancel.
    np.testing.assert_allclose(system.errors(decoders, targets), expected, rtol=1e-10)


def test_functions_that_are_equal_or_zero_are_solved_together_with_others() -> None:
    A, points = rates(300)
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    targets = np.column_stack([points[:, 0], points[:, 0], 0 * points[:, 0], points[:, 1]])
    expected, found = direct(A, ridge_of(A), targets), system.solve(targets)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_functions_together_take_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    A, points = rates(d=16)
    monkeypatch.setattr(nystrom, "MOST_COLUMNS", 40)
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    together, alone = (steps_of(system, points[:, :k], monkeypatch) for k in (16, 1))
    assert together < 0.8 * alone


def test_zero_has_decoders_of_zero_and_too_few_steps_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    A, points = rates(100)
    system = nystrom.ridge(A, ridge_of(A), each)
    assert system is not None
    zero = system.solve(np.zeros((len(A), 2)))
    assert zero is not None and zero.shape == (100, 2) and not zero.any()
    assert system.solve(np.full((len(A), 1), np.nan)) is None
    monkeypatch.setattr(nystrom, "MOST_STEPS", 2)
    assert system.solve(points) is None


def test_rates_that_are_not_finite_have_no_system() -> None:
    A, _ = rates(50)
    A[3, 4] = np.inf
    with np.errstate(invalid="ignore"):
        assert nystrom.ridge(A, 1.0, each) is None


@pytest.mark.parametrize("n_points", [1, 7, 8, 18_001])
def test_slabs_have_each_point_once_in_order(n_points: int) -> None:
    slabs = nystrom.slabs_of(n_points)
    found = np.concatenate([np.arange(n_points)[rows] for rows in slabs])
    assert found.tolist() == list(range(n_points)) and len(slabs) == nystrom.SLABS
