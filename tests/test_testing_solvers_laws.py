"""Laws of nefsim.testing about solvers: what they examine, and their limits."""

from __future__ import annotations

from types import SimpleNamespace as Fake
from typing import Any

import numpy as np

from nefsim.testing import solvers
from nefsim.testing.laws import Broken


def broken(law: Any, *arguments: Any) -> str:
    """The numbers that contradict a law; empty if it holds."""
    try:
        law(*arguments)
    except Broken as error:
        return str(error)
    return ""


def limits(law: Any, case: Any, *shares: float) -> None:
    """A law holds for a case with 0.9 of its slack, and not with 1.1 of it, nor below 0."""
    for share in shares or (0.9, 1.1):
        assert bool(broken(law, case(share))) == (share > 1), share


# Solvers


def solver_case(**changes: Any) -> solvers.Case:
    made = Fake(**{"weights": False, "compositional": True, "uses_activities": True, **changes})
    A, Y = solvers._curves()
    return solvers.Case(made, A, Y)  # type: ignore[arg-type]


def test_the_default_curves_are_rectified_and_fire_at_most_at_200_hertz() -> None:
    A, Y = solvers._curves()
    x = np.linspace(-1, 1, 60)
    np.testing.assert_allclose(Y, np.stack([x, x**2, np.sin(3 * x)], axis=1), rtol=1e-12)
    assert A.shape == (60, 20) and A.min() == 0.0
    rates = A.max(axis=0)
    assert (rates >= 100.0).all() and (rates <= 200.0).all()
    rng = np.random.default_rng(0)
    sign, intercepts = rng.choice([-1.0, 1.0], 20), rng.uniform(-0.9, 0.8, 20)
    np.testing.assert_allclose(rates, rng.uniform(100, 200, 20), rtol=1e-12)
    for i in range(20):
        assert np.array_equal(A[:, i] > 0, x * sign[i] > intercepts[i])
        # Each is straight between its intercept and its rate.
        inside = A[:, i] > 0
        share = (x * sign[i] - intercepts[i]) / (1 - intercepts[i])
        np.testing.assert_allclose(A[inside, i] / rates[i], share[inside], rtol=1e-9)


def test_the_limits_of_the_laws_of_solvers() -> None:
    A, Y = solvers._curves()
    D = np.linalg.lstsq(A, Y, rcond=None)[0]
    rmse = np.sqrt(np.mean((A @ D - Y) ** 2, axis=0))

    def solver(decoders: Any = D, **info: Any) -> Any:
        case = solver_case()
        solve = lambda A, Y, rng: (decoders, {"rmse": rmse, **info})  # noqa: E731
        return solvers.Case(solve, case.A, case.Y)  # type: ignore[arg-type]

    law = solvers.the_reported_error_is_that_of_the_decoders
    limits(law, lambda s: solver(rmse=rmse + s * 1e-9 * (1 + np.abs(Y).max())))
    law = solvers.decoders_have_a_row_per_neuron_and_a_column_per_output
    assert broken(law, solver()) == ""
    assert broken(law, solver(D[:, :2])) == "They are (20, 2) and not (20, 3)"
    assert broken(law, solver(D.astype(np.float32))) == "They are of type float32"
    wrong = D.copy()
    wrong[2, 1] = np.nan
    assert broken(law, solver(wrong)) == "1 are not finite"
    law = solvers.decoders_are_better_than_none
    made = Fake(uses_activities=True)
    for share, is_better in ((1.0, True), (0.01, True), (0.0, False), (-1.0, False)):
        case = Fake(solver=made, A=A, Y=Y, has_classes=False, decoders=lambda A, Y, s=share: s * D)
        assert (broken(law, case) == "") == is_better
    classes = np.eye(2)[[0, 0, 0, 1]]
    for votes, is_right in (([0, 0, 0, 1], True), ([0, 0, 0, 0], True), ([0, 0, 1, 0], False)):
        case = Fake(A=np.eye(4), Y=classes, has_classes=True,
                    decoders=lambda A, Y, v=votes: np.eye(2)[v])  # fmt: skip
        assert (broken(law, case) == "") == is_right


def test_targets_with_a_single_1_are_classes() -> None:
    for Y, are in (
        ([[0, 1], [1, 0]], True), ([[0, 1], [1, 1]], False), ([[0, 1], [0, 0]], False),
        ([[0.5, 0.5], [1, 0]], False), ([[2, -1], [0, 1]], False),
    ):  # fmt: skip
        made = solvers.Case(None, np.eye(2), np.array(Y, float))  # type: ignore[arg-type]
        assert made.has_classes is are
    seeds: list[int] = []

    def solver(A: Any, Y: Any, rng: int) -> Any:
        seeds.append(rng)
        return np.full((2, 2), rng if len(seeds) > 2 else 0), {}

    case = solvers.Case(solver, np.eye(2), np.eye(2))  # type: ignore[arg-type]
    assert not case.is_random and case.is_random and seeds == [3, 4, 3, 4]


def test_an_image_of_decoders_and_silent_neurons_are_up_to_rounding() -> None:
    A, Y = solvers._curves()
    T = np.random.default_rng(1).normal(size=(3, 3))
    D = np.linalg.lstsq(A, Y, rcond=None)[0]
    image = D @ T
    law = solvers.decoders_of_an_image_are_the_image_of_the_decoders

    def case(s: float) -> Any:
        def decoders(A: Any, targets: Any) -> Any:
            if targets is Y:
                return D
            np.testing.assert_array_equal(targets, Y @ T)
            return image + s * 1e-7 * np.abs(image).max()

        return Fake(A=A, Y=Y, decoders=decoders)

    limits(law, case)
    law = solvers.neurons_that_never_fire_get_decoders_of_0
    for row, is_zero in ((19, True), (20, False), (21, False)):

        def of_silent(A: Any, Y: Any, row: int = row) -> Any:
            assert A.shape == (60, 22) and not A[:, 20:].any()
            found = np.zeros((22, 3))
            found[row, 1] = 1e-12
            return found

        assert (broken(law, Fake(A=A, Y=Y, decoders=of_silent)) == "") == is_zero


def test_prepared_solvers_decode_targets_in_several_orders() -> None:
    A, Y = solvers._curves()
    orders: list[Any] = []

    def prepare(activities: Any, seed: int) -> Any:
        assert seed == 3

        def decode(targets: Any) -> Any:
            orders.append(targets.copy())
            return activities.T @ targets, {}

        return decode

    made = Fake(prepare=prepare)
    case = Fake(solver=made, A=A, Y=Y, decoders=lambda A, targets: A.T @ targets)
    assert broken(solvers.one_more_target_changes_no_bit_of_the_others, case) == ""
    assert len(orders) == 4 and np.array_equal(orders[0], Y) and np.array_equal(orders[3], Y)
    assert np.array_equal(orders[1], np.roll(Y, -0, axis=0)[np.roll(np.arange(60), 7)])
    assert np.array_equal(orders[2], Y[::-1])
    # Activities are written to after the first call, and decoders, too.
    words = broken(solvers.a_prepared_solver_does_not_share_its_arrays, case)
    assert "after arrays were written to" in words
    fixed = A.T @ Y

    def sharing(activities: Any, seed: int) -> Any:
        return lambda targets: (fixed, {})

    case = Fake(solver=Fake(prepare=sharing), A=A, Y=Y)
    assert broken(solvers.a_prepared_solver_does_not_share_its_arrays, case) != ""
