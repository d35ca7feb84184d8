"""Laws of encoders and distributions, with the random numbers of their seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import sampling
from nefsim.sampling.composed import _normal_cdf
from nefsim.sampling.examples import _nonzero_in_patches


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_gabor_function_is_that_of_its_formula() -> None:
    """exp(-(u² + v²) / 2 sigma²) cos(2 pi f (u cos(theta) + v sin(theta)) + phase)."""
    k, sigma = 5, 0.6
    found = nef.SparseGabor((k, k), patch=k, frequency=(0.5, 2.0), sigma=sigma).sample(3, k * k, 4)
    rng = np.random.default_rng(4)
    theta, phase = rng.uniform(-np.pi, np.pi, (2, 3))
    cycles = rng.uniform(0.5, 2.0, 3)
    at = np.linspace(-1, 1, k)
    for row, t, p, f in zip(found, theta, phase, cycles, strict=True):
        wave = [
            math.exp(-(u * u + v * v) / (2 * sigma**2))
            * math.cos(2 * math.pi * f * (u * math.cos(t) + v * math.sin(t)) + p)
            for v, u in itertools.product(at, at)  # a row of the image has one height v
        ]
        # Sums in another order.
        np.testing.assert_allclose(row, wave / np.linalg.norm(wave), rtol=0, atol=1e-13)


def test_computed_input_weights_are_signs_times_examples_less_their_mean() -> None:
    images = np.random.default_rng(0).random((5, 6))
    labels = np.array([7, 2, 7, 2, 2])
    found = nef.CIW(images, labels).sample(40, 6, 3)
    rng = np.random.default_rng(3)
    chosen = rng.integers(2, size=40)
    expected = np.empty((40, 6))
    for c, label in enumerate((2, 7)):
        examples = (images - images.mean(axis=0))[labels == label]
        signs = rng.choice([-1.0, 1.0], ((chosen == c).sum(), len(examples)))
        expected[chosen == c] = signs @ examples
    # Sums in another order.
    np.testing.assert_allclose(found, unit(expected), rtol=0, atol=1e-13)


def test_differences_are_of_the_first_example_drawn_less_the_second() -> None:
    images = np.random.default_rng(0).random((4, 3))
    found = nef.ConstrainedDifference(images, [0, 0, 1, 1]).sample(60, 3, 5)
    labels, rng = np.array([0, 0, 1, 1]), np.random.default_rng(5)
    first, second = rng.integers(4, size=(2, 60))
    while (alike := labels[first] == labels[second]).any():
        second[alike] = rng.integers(4, size=alike.sum())
    np.testing.assert_allclose(found, unit(images[first] - images[second]), rtol=0, atol=1e-14)


def test_an_encoder_that_is_0_is_drawn_a_hundred_times() -> None:
    draws = []

    def zeros(k: int, rng: np.random.Generator) -> np.ndarray:
        draws.append(k)
        rows = np.zeros((k, 4))
        rows[: 3 - k] = 2.0  # of three rows none, of two the first
        return rows

    class Images:
        images, patch = np.zeros((1, 4)), None

    with pytest.raises(ValueError, match="images must differ within most patches, got 3 zero"):
        _nonzero_in_patches(Images(), zeros, 3, np.random.default_rng(0))
    assert draws == [3] * 100
    # Only rows that are 0 are drawn again.
    assert (
        _nonzero_in_patches(Images(), zeros, 2, np.random.default_rng(0)).tolist()
        == [[0.5] * 4] * 2
    )
    assert draws[100:] == [2, 1]


@pytest.mark.parametrize(
    ("n", "drawn"), [(0, 2), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (9, 16), (512, 512)]
)
def test_points_of_sobol_are_drawn_in_powers_of_two(
    n: int, drawn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scipy.stats import qmc

    seen = []

    class Sobol(qmc.Sobol):
        def random(self, n: int = 1, **options: Any) -> Any:
            seen.append(n)
            return super().random(n, **options)

    monkeypatch.setattr(qmc, "Sobol", Sobol)
    points = nef.ScatteredCube(2.0, 6.0, "sobol").sample(n, 2, 0)
    assert points.shape == (n, 2) and seen == [drawn]
    if n > 1:
        # One point lies in each of as many slices as there are points.
        whole = np.sort(nef.ScatteredCube(sequence="sobol", low=0.0).sample(drawn, 2, 0), axis=0)
        assert (np.floor(whole * drawn) == np.arange(drawn)[:, None]).all()


@pytest.mark.parametrize(
    ("kind", "d"),
    [
        (nef.Exponential(1.0), None),
        (nef.Samples([1.0, 2.0]), None),
        (sampling.Tile([1.0, 2.0]), None),
        (nef.Mixture([nef.Uniform(0, 1)]), None),
        (sampling.Copula(nef.Uniform(0, 1), [[1.0]]), None),
        (nef.ScatteredCube(), 2),
        (nef.ScatteredHypersphere(), 2),
        (nef.UniformHypersphere(), 2),
        (sampling.Orthogonal(), 2),
        (nef.CosineSimilarity(3), None),
        (nef.SparsePatches((3, 3), 2), 9),
        (nef.CIW([[1.0, 0.0], [0.0, 1.0]], [0, 1]), 2),
    ],
    ids=lambda x: type(x).__name__,
)
def test_sources_of_randomness_are_checked_by_every_kind(kind: Any, d: int | None) -> None:
    assert kind.sample(2, d, 0).shape == ((2,) if d is None else (2, d))
    for wrong in ("seed", 1.5, -1):
        with pytest.raises((TypeError, ValueError), match="rng must be"):
            kind.sample(2, d, wrong)


def test_an_exponential_tail_is_cut_just_below_its_end() -> None:
    tail = nef.Exponential(2.0, shift=1.0, high=4.0)
    drawn = np.random.default_rng(0).exponential(2.0, 50)
    expected = np.minimum(1.0 + drawn, np.nextafter(4.0, 0.0))
    assert np.array_equal(tail.sample(50, rng=0), expected)
    assert tail.ppf([0.0, 0.5]) == pytest.approx([1.0, 1.0 + 2.0 * math.log(2.0)])


def test_a_mixture_and_a_copula_of_one_part_are_that_part() -> None:
    assert nef.Mixture([nef.Uniform(2, 3)]).sample(5, 2, 0).min() >= 2.0
    one = sampling.Copula([nef.Gaussian(3.0, 2.0)], [[1.0]]).sample(5, rng=1)
    normal = np.random.default_rng(1).standard_normal(5)
    # The quantile of the share of a normal number is that number.
    np.testing.assert_allclose(one, 3.0 + 2.0 * normal, rtol=1e-9)


@pytest.mark.parametrize(
    ("correlation", "words"),
    [
        ([[1.0, 0.5]], r"be square, got shape \(1, 2\)"),
        (np.zeros((0, 0)), r"be square, got shape \(0, 0\)"),
        ([[1.0, 1.5], [1.5, 1.0]], "be at most 1"),
        ([[1.0, 0.5], [0.4, 1.0]], "be symmetric with 1 in its diagonal"),
        ([[0.9]], "be symmetric with 1 in its diagonal"),
        ([[1, 1, -1], [1, 1, 1], [-1, 1, 1]], "have no negative eigenvalue, got -1"),
    ],
)
def test_a_correlation_is_a_symmetric_matrix_without_negative_eigenvalues(
    correlation: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=f"correlation must {words}"):
        sampling.Copula(nef.Uniform(0, 1), correlation)


def test_shares_of_a_normal_number_are_between_0_and_1() -> None:
    low, middle, high = _normal_cdf(np.array([-50.0, 0.0, 50.0]))
    assert 0.0 < low < 1e-300 and middle == 0.5 and high == np.nextafter(1.0, 0.0)


def test_images_and_patches_have_sides_that_fit() -> None:
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: nef.SparsePatches((4, 5), 0), "patch must be at least 1"),
        (lambda: nef.SparsePatches((4, 5), 5), "patch must be at most 4"),
        (lambda: nef.SparsePatches((0, 5), 1), "shape must be at least 1"),
        (lambda: nef.SparsePatches((10_001, 1), 1), "shape must be at most 10000"),
        (lambda: nef.SparsePatches((4, 5, 6), 1), r"shape must be \(height, width\)"),
        (lambda: nef.SparseGabor((9, 9), 5, (2.0, 1.0)), "frequency must have low at most high"),
        (lambda: nef.SparseGabor((9, 9), 5, (-1.0, 1.0)), "frequency must be at least 0"),
        (lambda: nef.SparseGabor((9, 9), 5, sigma=0.0), "sigma must be above 0"),
        (lambda: nef.CIW(np.ones(4), [0] * 4), "images must have shape"),
        (lambda: nef.CIW(np.ones((1, 2, 2, 2)), [0]), "images must have shape"),
        (lambda: nef.CIW(np.ones((0, 2)), []), "images must have shape"),
        (lambda: nef.CIW(np.ones((2, 3)), [0]), "labels must have shape"),
        (lambda: nef.CIW(np.ones((2, 3, 3)), [0, 1], patch=4), "patch must be at most 3"),
        (lambda: nef.CIW(np.ones((2, 3, 3)), [0, 1], patch=0), "patch must be at least 1"),
        (lambda: nef.Whitening([0.0], np.eye(2)), r"mean must have shape \(2,\)"),
        (lambda: nef.Whitening.fit([[1.0, 2.0]]), "x must have rows that differ"),
        (lambda: nef.Whitening.fit([[1.0, 2.0]] * 3), "x must have rows that differ"),
        (lambda: nef.Whitening.fit(np.eye(2), "other"), "kind must be"),
    ]
    for call, words in calls:
        with pytest.raises(ValueError, match=words):
            call()
    assert nef.SparsePatches((4, 5), 4).sample(3, 20, 0).shape == (3, 20)


def test_white_coordinates_are_the_matrix_times_what_is_beyond_the_mean() -> None:
    z = nef.Whitening([1.0, 2.0], [[2.0, 0.0], [1.0, -1.0], [0.0, 3.0]])
    assert z([[2.0, 5.0]]).tolist() == [[2.0, -2.0, 9.0]]
    with pytest.raises(ValueError, match="x must have shape"):
        z([[1.0, 2.0, 3.0]])
    # Two rows are enough; the variance of 0 and 2 is 1, of which a tenth is added.
    fit = nef.Whitening.fit([[0.0], [2.0]], reg=0.1)
    assert fit([[2.0]]).item() == pytest.approx(1 / math.sqrt(1.1))
