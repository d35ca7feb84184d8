"""Laws of weights that obey Dale's principle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize

import nefsim as nef
from tests.test_solvers import A, Y


@pytest.mark.parametrize("excitatory", [0.0, 0.3, 0.8, 1.0])
def test_weights_have_the_sign_of_their_neuron(excitatory: float) -> None:
    solver = nef.Dale(excitatory)
    weights, info = solver(A, Y)
    signs = solver.signs(20)
    assert (signs == 1).sum() == round(excitatory * 20)
    np.testing.assert_array_equal(info["signs"], signs)
    assert (weights * signs[:, None] >= 0).all()


def test_they_are_the_least_squares_with_bounds() -> None:
    solver = nef.Dale(0.6, reg=0.1)
    weights, _ = solver(A, Y)
    signs, penalty = solver.signs(20), np.sqrt(len(A)) * 0.1 * A.max() * np.eye(20)
    bounds = np.where(signs > 0, 0.0, -np.inf), np.where(signs > 0, np.inf, 0.0)
    for j in range(3):
        found = scipy.optimize.lsq_linear(
            np.vstack([A, penalty]), np.append(Y[:, j], np.zeros(20)), bounds, tol=1e-14
        )
        # Trust regions stop at 1e-14 of the squares.
        np.testing.assert_allclose(weights[:, j], found.x, atol=1e-5 * np.abs(found.x).max())


def test_where_signs_fit_it_is_the_ridge() -> None:
    ridge, _ = nef.LstsqL2(0.1)(A, Y)
    for seed in range(3):
        solver = nef.Dale(0.5, seed=seed)
        flipped = A * np.sign(ridge[:, 0]) * solver.signs(20)
        # Rates of negative neurons: their decoders have the signs that are asked for.
        wanted, _ = nef.LstsqL2(0.1)(flipped, Y[:, 0])
        # By an active set here, by Cholesky's factor there.
        np.testing.assert_allclose(solver(flipped, Y[:, 0])[0], wanted, rtol=1e-6)


def test_all_connections_of_a_population_agree_in_a_network() -> None:
    net = nef.Network(seed=1)
    a, b, c = net.ensemble(40, 1), net.ensemble(15, 1), net.ensemble(10, 2)
    solver = nef.Dale()
    made: list[Any] = [
        net.connect(a, b, solver=solver),
        net.connect(a, b, np.square, solver=solver, seed=7),
        net.connect(a, c[1], synapse=0.1, solver=solver),
    ]
    sim = nef.Simulator(net)
    signs = solver.signs(40)
    for connection in made:
        weights = sim.data[connection].weights
        assert weights.any()
        assert (weights * signs >= 0).all()


@pytest.mark.parametrize("function", [None, np.square])
def test_populations_compute_by_weights_of_one_sign(function: Any) -> None:
    net = nef.Network(seed=2)
    u = net.node(lambda t: np.sin(2 * np.pi * t))
    a, b = net.ensemble(100, 1), net.ensemble(50, 1)
    net.connect(u, a, synapse=None)
    net.connect(a, b, function, synapse=0.01, solver=nef.Dale(reg=0.05))
    y = net.probe(b, synapse=0.02)
    sim = nef.Simulator(net)
    sim.run(1.0)
    x = np.sin(2 * np.pi * sim.time)
    ideal = nef.Lowpass(0.02).filt(nef.Lowpass(0.01).filt(x if function is None else x**2))
    assert np.sqrt(np.mean((sim.data[y][100:, 0] - ideal[100:]) ** 2)) < 0.1
