"""Spatial semantic pointers: laws of their vectors, decoding, and cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import spa

#: Sums of some hundred numbers of size 1, in another order.
ROUNDING = 1e-12

SPACES = [
    spa.RandomSSP(2, 60, length_scale=0.3, seed=1),
    spa.RandomSSP(1, 20, length_scale=0.3),
    spa.HexagonalSSP(2, 5, 3, length_scale=0.3),
    spa.HexagonalSSP(3, 5, 3, length_scale=0.5),
    spa.GridSSP(2, 6, 4, length_scale=0.3),
    spa.GridSSP(1, 1, 12, length_scale=0.3),
    spa.CyclicSSP(1, 40, 4.0, 0.3),
    spa.JointSSP((spa.RandomSSP(1, 60, 0.3), spa.CyclicSSP(1, 60, 4.0, 0.4, seed=1))),
]

each_space = pytest.mark.parametrize("space", SPACES, ids=str)


def points(space: spa.Space, n: int = 6) -> np.ndarray:
    shape = n, space.frequencies.shape[1]
    return np.random.default_rng(0).uniform(-1, 1, shape)


@each_space
def test_vectors_are_unitary_and_binding_adds_points(space: spa.Space) -> None:
    x, y = points(space)[:2]
    hrr, a = spa.HRR(), space.encode(x)
    assert a.shape == (space.dimensions,)
    np.testing.assert_allclose(hrr.unitary(a), a, rtol=0, atol=ROUNDING)
    both = hrr.bind(a, space.encode(y))
    np.testing.assert_allclose(both, space.encode(x + y), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(hrr.invert(a), space.encode(-x), rtol=0, atol=ROUNDING)
    power = hrr.power(space.encode(0.1 * x), 0.5)  # angles below pi have one root
    if np.abs(space._waves() @ x).max() < 30:
        np.testing.assert_allclose(power, space.encode(0.05 * x), rtol=0, atol=ROUNDING)


@each_space
def test_similarity_is_the_dot_product(space: spa.Space) -> None:
    x, y = points(space), points(space)[::-1]
    dots = (space.encode(x) * space.encode(y)).sum(axis=1)
    np.testing.assert_allclose(space.similarity(x, y), dots, rtol=0, atol=ROUNDING)


@each_space
def test_the_gradient_is_that_of_differences(space: spa.Space) -> None:
    x, h = points(space), 1e-5
    gradient = space.gradient(x)
    for i, step in enumerate(h * np.eye(x.shape[1])):
        difference = (space.encode(x + step) - space.encode(x - step)) / (2 * h)
        # The third derivative times h**2, and rounding over h.
        np.testing.assert_allclose(gradient[:, i], difference, rtol=0, atol=1e-6)


@each_space
def test_points_are_decoded(space: spa.Space) -> None:
    x = points(space)
    got = space.decode(space.encode(x), (-1, 1), n_samples=20)
    np.testing.assert_allclose(got, x, rtol=0, atol=1e-6)  # where Newton's steps end


@each_space
def test_the_usual_bounds_are_one_period_or_a_square(space: spa.Space) -> None:
    x = points(space)
    bounds = space._usual_bounds()
    np.testing.assert_array_equal(bounds[0], [0, 4] if type(space) is spa.CyclicSSP else [-1, 1])
    wrapped = np.where(bounds[:, 0] == 0, x % 4.0, x)
    got = space.decode(space.encode(x), n_samples=20)
    np.testing.assert_allclose(got, wrapped, rtol=0, atol=1e-6)


def test_a_cyclic_space_is_the_same_after_a_period() -> None:
    space = spa.CyclicSSP(2, 4000, period=3.0, length_scale=0.2)
    x = np.array([[0.3, 2.9], [1.0, -7.0]])
    np.testing.assert_allclose(
        space.encode(x + np.array([[3.0, 0.0], [-6.0, 9.0]])), space.encode(x), rtol=0, atol=1e-10
    )
    half = space.encode([1.5, 0.0])
    assert abs(half @ space.encode([0.0, 0.0])) < 0.1
    # A wrapped Gaussian, to the error of 4000 random frequencies.
    got = space.similarity([0.1, 2.95], [0.0, 0.05])
    assert got == pytest.approx(np.exp(-(0.1**2 + 0.1**2) / (2 * 0.2**2)), abs=0.04)


def test_a_joint_space_binds_the_vectors_of_its_parts() -> None:
    parts = spa.RandomSSP(2, 50, 0.3), spa.CyclicSSP(1, 50, length_scale=0.5, seed=1)
    joint = spa.JointSSP(parts)
    x, angle = np.array([0.2, -0.6]), np.array([2.5])
    bound = spa.HRR().bind(parts[0].encode(x), parts[1].encode(angle))
    got = joint.encode([*x, *angle])
    np.testing.assert_allclose(got, bound, rtol=0, atol=ROUNDING)
    np.testing.assert_array_equal(joint._usual_bounds(), [[-1, 1], [-1, 1], [0, 2 * np.pi]])


def test_a_random_space_has_a_gaussian_similarity() -> None:
    space = spa.RandomSSP(2, 5000, length_scale=0.5)
    got = space.similarity([0.3, 0.4], [0.0, 0.0])
    assert got == pytest.approx(np.exp(-0.5), abs=0.03)  # 5000 frequencies: 0.01


def test_hexagonal_frequencies_are_120_degrees_apart() -> None:
    k = spa.HexagonalSSP(2, 1, 1, (1.0, 1.0)).frequencies
    np.testing.assert_allclose(k @ k.T, 1.5 * np.eye(3) - 0.5, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("space", [spa.HexagonalSSP(2, 4, 1), spa.GridSSP(2, 6, 1)])
def test_directions_of_frequencies_are_even(space: spa.Space) -> None:
    k = np.concatenate([space.frequencies, -space.frequencies])
    angles = np.sort(np.degrees(np.arctan2(k[:, 1], k[:, 0])) % 360)
    np.testing.assert_allclose(np.diff(angles), 15.0, rtol=0, atol=1e-9)


def maps(space: spa.Space, encoders: np.ndarray, n: int = 50) -> np.ndarray:
    """Maps of the input of neurons above an intercept, (N, n, n)."""
    axis = np.linspace(-1, 1, n)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    values = space.encode(grid) @ encoders.T
    return np.moveaxis(np.maximum(values - 0.2 * values.max(axis=(0, 1)), 0), -1, 0)


@pytest.mark.parametrize("seed", range(5))
def test_grid_cells_of_a_hexagonal_space_have_hexagonal_maps(seed: int) -> None:
    space = spa.HexagonalSSP(2, 4, 3, (0.8, 1.5), length_scale=0.06)
    scores = [spa.grid_score(m) for m in maps(space, spa.grid_cells(space, 12, seed))]
    assert np.mean(np.array(scores) > 0.3) >= 0.8


def test_cells_of_a_square_space_have_no_hexagonal_maps() -> None:
    space = spa.GridSSP(2, 4, 3, (0.8, 1.5), length_scale=0.06)
    scores = [spa.grid_score(m) for m in maps(space, spa.grid_cells(space, 12, 0))]
    assert np.mean(np.array(scores) > 0.3) <= 0.2


def test_place_cells_prefer_their_places() -> None:
    space, centres = SPACES[0], points(SPACES[0])
    encoders = spa.place_cells(space, centres)
    best = space.decode(encoders)
    np.testing.assert_allclose(best, centres, rtol=0, atol=1e-6)
    assert np.isnan(spa.grid_score(np.ones((9, 9))))


def test_border_cells_prefer_all_of_a_line() -> None:
    space = SPACES[0]
    a, b = np.array([[-0.7, 0.2], [0.0, 0.0]]), np.array([[0.5, 0.6], [0.4, -0.8]])
    got = spa.border_cells(space, a, b)
    t = (np.arange(2000) + 0.5)[:, None, None] / 2000
    mean = space.encode((1 - t) * a + t * b).mean(axis=0)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(got, mean, rtol=0, atol=1e-5)  # of the midpoint rule


def test_object_vector_cells_prefer_a_displacement_from_each_object() -> None:
    space = SPACES[0]
    objects, away = np.array([[0.5, 0.5], [-0.5, 0.2]]), np.array([[0.3, 0.0], [0.0, -0.4]])
    got = spa.object_vector_cells(space, objects, away)
    for cell, d in zip(got, away, strict=True):
        ideal = space.encode(objects[0] - d) + space.encode(objects[1] - d)
        np.testing.assert_allclose(cell, ideal / np.linalg.norm(ideal), rtol=0, atol=ROUNDING)


def test_a_rate_map_is_the_mean_in_each_bin() -> None:
    places = np.array([[-1.0, -1.0], [-0.9, -0.6], [0.6, -0.9], [0.99, 1.0], [9.0, 9.0]])
    values = np.array([1.0, 3.0, 10.0, 4.0, 6.0])
    got = spa.rate_map(np.stack([values, 2 * values], axis=1), places, n_bins=4, width=0.0)
    ideal = np.full((4, 4), np.nan)
    ideal[0, 0], ideal[0, 3], ideal[3, 3] = 2.0, 10.0, 5.0
    np.testing.assert_array_equal(got, [ideal, 2 * ideal])
    np.testing.assert_array_equal(spa.rate_map(values, places, n_bins=4, width=0.0), ideal)
    shifted = spa.rate_map(values, 2 * places + 1, (-1.0, 3.0), n_bins=4, width=0.0)
    np.testing.assert_array_equal(shifted, ideal)


def test_a_smooth_rate_map_is_a_weighted_mean() -> None:
    places = np.array([[-0.9, -0.9], [-0.9, 0.9]])
    got = spa.rate_map([2.0, 4.0], places, n_bins=20, width=3.0)
    weights = np.exp(-(np.abs(np.arange(20)[:, None] - [0, 19]) ** 2) / (2 * 3.0**2))
    ideal = weights @ [2.0, 4.0] / weights.sum(axis=1)
    # Beyond 4 widths the Gaussian is cut off.
    np.testing.assert_allclose(got[8:12, 0], ideal[8:12], rtol=0, atol=1e-12)
    assert np.isnan(got[:, -1]).all()


def test_a_position_is_decoded_from_spikes() -> None:
    space = spa.HexagonalSSP(2, 5, 4, length_scale=0.5)
    rng = np.random.default_rng(1)
    places = rng.uniform(-1, 1, (8, 2))
    net = nef.Network(seed=1)
    where = net.node(nef.PresentInput(space.encode(places), 0.2))
    points_ = space.encode(rng.uniform(-1, 1, (2000, 2)))
    cells = net.ensemble(
        1000,
        space.dimensions,
        encoders=spa.place_cells(space, rng.uniform(-1, 1, (1000, 2))),
        intercepts=nef.Uniform(0.0, 0.6),
        eval_points=points_,
    )
    net.connect(where, cells, synapse=None)
    probe = net.probe(cells, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.6)
    got = space.decode(sim.data[probe][199::200])
    error = np.linalg.norm(got - places, axis=1)
    assert np.median(error) < 0.04  # 2 % of the range


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spa.RandomSSP(0), "domain_dimensions must be at least 1"),
        (lambda: spa.RandomSSP(1, length_scale=0), "length_scale must be above 0"),
        (lambda: spa.HexagonalSSP(2, scales=(2, 1)), "be positive and in order"),
        (lambda: spa.GridSSP(2, n_scales=0), "n_scales must be at least 1"),
        (lambda: SPACES[0].encode([1.0]), "have 2 coordinates"),
        (lambda: SPACES[0].decode(np.ones(3)), "have 121 dimensions"),
        (lambda: SPACES[0].decode(np.ones(121), (1, -1)), "be a range"),
        (lambda: SPACES[0].decode(np.ones(121), n_samples=10**6), "n_samples must have at most"),
        (lambda: spa.grid_cells(SPACES[0], 3), "be a space with scales"),
        (lambda: spa.place_cells(1, 3), "be a space, got 1"),
        (lambda: spa.place_cells(SPACES[0], [0.0, 0.0]), "centres must be rows of 2 coordinates"),
        (lambda: spa.place_cells(SPACES[0], [[0.0]]), "centres must be rows of 2 coordinates"),
        (lambda: spa.border_cells(SPACES[0], [[0, 0]], [[0, 1], [1, 1]]), "have shape (1, 2)"),
        (lambda: spa.object_vector_cells(1, [[0, 0]], [[0, 0]]), "be a space, got 1"),
        (lambda: spa.object_vector_cells(SPACES[0], [], [[0, 0]]), "objects must be rows of 2"),
        (lambda: spa.CyclicSSP(period=0), "period must be above 0"),
        (lambda: spa.CyclicSSP(length_scale=100.0), "length_scale must be well below the period"),
        (lambda: spa.JointSSP(()), "must be spaces, got ()"),
        (lambda: spa.JointSSP((1,)), "must be spaces, got 1"),
        (lambda: spa.JointSSP((spa.RandomSSP(1), spa.CyclicSSP(1, 3))), "have equal dimensions"),
        (lambda: spa.JointSSP((spa.RandomSSP(1), spa.RandomSSP(1))), "have different frequencies"),
        (lambda: spa.rate_map([1.0], [[1.0]]), "positions must have shape (T, 2)"),
        (lambda: spa.rate_map([1.0], [[1.0, 0.0]] * 2), "values must have 2 rows"),
        (lambda: spa.rate_map([1.0], [[1.0, 0.0]], (1, 1)), "bounds must be a range"),
        (lambda: spa.rate_map([1.0], [[1.0, 0.0]], n_bins=1), "n_bins must be at least 2"),
        (lambda: spa.grid_score(np.ones((9, 8))), "be square"),
    ],
)
def test_a_bad_call_gets_a_sentence(call: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert SENTENCE.fullmatch(str(caught.value))
    assert words in str(caught.value)
