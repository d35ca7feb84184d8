"""Two systems as one: their transfer functions add, multiply and feed back."""

import numpy as np
import pytest

from nefsim import algebra


def transfer(system: algebra.Matrices, z: complex) -> np.ndarray:
    A, B, C, D = system
    return C @ np.linalg.solve(z * np.eye(len(A)) - A, B) + D


def random_system(rng: np.random.Generator, order: int) -> algebra.Matrices:
    A, B, C, D = (
        rng.normal(size=shape) for shape in ((order, order), (order, 2), (2, order), (2, 2))
    )
    return 0.3 * A, B, C, 0.3 * D


@pytest.mark.parametrize("seed", range(5))
def test_transfer_functions_of_two_systems_are_those_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = random_system(rng, 3), random_system(rng, 2)
    for z in (1.7 + 0.4j, -2.0 + 1.0j, 3.0j):
        G, H = transfer(one, z), transfer(other, z)
        # Rounding of the solutions of systems of up to five equations.
        close = {"rtol": 1e-11, "atol": 1e-11}
        np.testing.assert_allclose(transfer(algebra.parallel(one, other), z), G + H, **close)
        np.testing.assert_allclose(transfer(algebra.series(one, other), z), H @ G, **close)
        fed_back = np.linalg.solve(np.eye(2) - G @ H, G)
        np.testing.assert_allclose(transfer(algebra.feedback(one, other), z), fed_back, **close)


def test_a_loop_of_gain_1_within_a_step_is_undefined() -> None:
    one = (np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))
    with pytest.raises(np.linalg.LinAlgError):
        algebra.feedback(one, one)
