"""Laws of the distributions, of unit vectors and of random streams."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nefsim.sampling import (
    Choice,
    Constant,
    Copula,
    CosineSimilarity,
    Exponential,
    Gaussian,
    Leech,
    Mixture,
    Orthogonal,
    Samples,
    ScatteredCube,
    ScatteredHypersphere,
    Tile,
    Uniform,
    UniformHypersphere,
    as_distribution,
    as_samples,
    stream,
    unit_vectors,
)

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

#: Every kind that takes any n and d.
FREE = [
    Constant(0.5),
    Uniform(-1, 2),
    Gaussian(0, 1),
    Exponential(0.15, shift=-1, high=1),
    Choice([1, 2, 3], weights=[1, 2, 3]),
    UniformHypersphere(),
    UniformHypersphere(surface=True),
    UniformHypersphere(min_magnitude=0.5),
    ScatteredHypersphere(),
    ScatteredHypersphere(surface=True),
    CosineSimilarity(4),
    Mixture([Uniform(-2, -1), Gaussian(1, 0.1)], weights=[1, 3]),
    ScatteredCube(-1, 2),
    ScatteredCube(sequence="sobol"),
    ScatteredCube(sequence="halton"),
    Orthogonal(),
]
RANDOM = FREE[1:]
HYPERSPHERES = [UniformHypersphere, ScatteredHypersphere]


def farthest(samples, cdf):
    """The largest difference between the shares of the samples and those of the law."""
    ordered = np.sort(samples)
    steps = np.arange(len(ordered) + 1) / len(ordered)
    expected = cdf(ordered)
    return max(np.max(steps[1:] - expected), np.max(expected - steps[:-1]))


def chance(n):
    """The value that ``farthest`` exceeds once in 10,000 times (Dvoretzky-Kiefer-Wolfowitz)."""
    return math.sqrt(math.log(2 / 1e-4) / (2 * n))


def energy(points, d):
    """(E|x - y| - mean |x_i - x_j|) n / E|x - y|: 1 for random points of the sphere on average.

    By Stolarsky's principle it is the mean square discrepancy over all spherical caps.
    """
    t = np.linspace(-1, 1, 200_001)[1:-1]
    weight = (1 - t**2) ** ((d - 3) / 2)
    expected = np.sum(np.sqrt(2 - 2 * t) * weight) / np.sum(weight)
    distances = np.sqrt(np.maximum(2 - 2 * points @ points.T, 0))
    return (expected - distances.mean()) * len(points) / expected


@pytest.mark.parametrize("dist", FREE, ids=repr)
@pytest.mark.parametrize("d", [None, 1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 7])
def test_samples_have_the_shape_asked_for(dist, n, d):
    x = dist.sample(n, d, rng=1)
    assert x.shape == ((n,) if d is None else (n, d))
    assert np.isfinite(x).all()


@pytest.mark.parametrize("dist", RANDOM, ids=repr)
@pytest.mark.parametrize("d", [None, 1, 3])
def test_the_same_seed_gives_the_same_samples_and_another_seed_others(dist, d):
    first = dist.sample(20, d, rng=5)
    np.testing.assert_array_equal(first, dist.sample(20, d, np.random.default_rng(5)))
    assert not np.array_equal(first, dist.sample(20, d, rng=6))


@pytest.mark.parametrize("dist", FREE, ids=repr)
def test_values_are_equal_by_content(dist):
    twin = type(dist)(**{name: getattr(dist, name) for name in dist.__dataclass_fields__})
    assert twin == dist and hash(twin) == hash(dist)
    assert sum(other == dist for other in FREE) == 1


@pytest.mark.parametrize(
    ("dist", "cdf"),
    [
        (Uniform(-1, 3), lambda x: (x + 1) / 4),
        (Gaussian(2, 3), np.vectorize(lambda x: (1 + math.erf((x - 2) / 3 / math.sqrt(2))) / 2)),
        (Exponential(0.5, shift=1), lambda x: 1 - np.exp(-(x - 1) / 0.5)),
        (CosineSimilarity(2), CosineSimilarity(2).cdf),
        (CosineSimilarity(7), CosineSimilarity(7).cdf),
    ],
    ids=repr,
)
def test_samples_follow_the_law_of_their_distribution(dist, cdf):
    assert farthest(dist.sample(20_000, rng=0), cdf) < chance(20_000)


@pytest.mark.parametrize(
    "dist",
    [Uniform(-1, 2), Gaussian(1, 3), Exponential(0.15, shift=-1.0), CosineSimilarity(5)],
    ids=repr,
)
def test_ppf_is_the_inverse_of_the_law_of_the_samples(dist):
    shares = np.linspace(0.001, 0.999, 999)
    below = np.searchsorted(np.sort(dist.sample(20000, rng=0)), dist.ppf(shares)) / 20000
    assert np.abs(below - shares).max() < chance(20000)


def test_ppf_at_the_ends():
    assert Uniform(-1, 2).ppf([0.0, 1.0]).tolist() == [-1.0, 2.0]
    assert Gaussian(2, 0).ppf([0.0, 0.3, 1.0]).tolist() == [2.0, 2.0, 2.0]
    assert Exponential(1.0, high=3.0).ppf(1.0) == np.nextafter(3.0, 0.0)
    assert Exponential(1.0).ppf(0.0) == 0.0


# -- made of others -----------------------------------------------------------------------


def test_a_mixture_draws_from_each_part_as_often_as_its_weight_says():
    x = Mixture([Uniform(-2, -1), Uniform(0, 1), Uniform(5, 6)], weights=[1, 0, 3]).sample(
        8000, 2, 0
    )
    assert (x[:, 0] < -0.5).mean() == pytest.approx(0.25, abs=chance(8000))
    assert not ((x > -1) & (x < 5)).any()
    assert ((x[:, 0] < -0.5) == (x[:, 1] < -0.5)).all()  # a sample is from one part


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.5, 1.0])
def test_a_copula_has_the_marginals_and_the_rank_correlation_of_its_normal(rho):
    dist = Copula([Exponential(2.0), Uniform(-1, 1)], [[1, rho], [rho, 1]])
    x = dist.sample(20000, 2, rng=1)
    assert farthest(x[:, 0], lambda v: 1 - np.exp(-v / 2)) < chance(20000)
    assert farthest(x[:, 1], lambda v: (v + 1) / 2) < chance(20000)
    ranks = x.argsort(axis=0).argsort(axis=0)
    # Spearman's correlation of a normal pair.
    assert np.corrcoef(ranks.T)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(rho / 2), abs=0.03)


def test_a_copula_of_one_marginal_has_it_in_each_coordinate():
    x = Copula(Gaussian(0, 1), np.eye(3)).sample(5000, 3, rng=0)
    assert np.allclose(np.cov(x.T), np.eye(3), atol=0.08)


def test_a_tile_repeats_its_rows():
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert Tile(rows).sample(7, 2).tolist() == (rows * 3)[:7]
    assert Tile([1.0, 2.0]).sample(3).tolist() == [1.0, 2.0, 1.0]
    assert Tile(rows).sample(0, 2).shape == (0, 2)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: Mixture([]), ValueError),
        (lambda: Mixture([1.0]), TypeError),
        (lambda: Mixture([Uniform(0, 1)], [0.0]), ValueError),
        (lambda: Copula(Uniform(0, 1), [[1.0, 0.5], [0.4, 1.0]]), ValueError),
        (lambda: Copula(Uniform(0, 1), [[2.0]]), ValueError),
        (lambda: Copula(Uniform(0, 1), [[1, 1, -1], [1, 1, 1], [-1, 1, 1]]), ValueError),
        (lambda: Copula(Choice([1.0]), [[1.0]]), TypeError),
        (lambda: Copula([Uniform(0, 1)], np.eye(2)), ValueError),
        (lambda: Copula(Uniform(0, 1), np.eye(2)).sample(3, 3), ValueError),
        (lambda: ScatteredCube(1, 1), ValueError),
        (lambda: ScatteredCube(sequence="rubbish"), ValueError),
        (lambda: ScatteredCube(sequence="sobol").sample(2, 30000), ValueError),
        (lambda: Leech().sample(3, 23), ValueError),
        (lambda: Leech().sample(196561, 24), ValueError),
        (lambda: Tile([[1.0, 2.0]]).sample(3, 3), ValueError),
    ],
)
def test_compositions_and_points_that_cannot_be_are_refused(call, error):
    with pytest.raises(error, match=SENTENCE):
        call()


# -- points -------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", ["recurrence", "sobol", "halton"])
@pytest.mark.parametrize("d", [2, 3, 5])
def test_points_of_the_cube_have_a_lower_discrepancy_than_random_ones(sequence, d):
    from scipy.stats.qmc import discrepancy

    n = 512
    scattered = (ScatteredCube(-3, 5, sequence).sample(n, d, rng=0) + 3) / 8
    random = np.random.default_rng(0).random((n, d))
    assert (scattered >= 0).all()
    assert (scattered < 1).all()
    assert discrepancy(scattered) < 0.3 * discrepancy(random)


@pytest.mark.parametrize(("n", "d"), [(5, 5), (3, 7), (12, 4), (10, 4)])
def test_orthogonal_vectors_come_in_bases(n, d):
    x = Orthogonal().sample(n, d, rng=0)
    for start in range(0, n, d):
        part = x[start : start + d]
        assert np.allclose(part @ part.T, np.eye(len(part)), atol=1e-12)


def test_rotations_turn_to_every_side_alike():
    x = np.concatenate([Orthogonal().sample(3, 3, rng=seed) for seed in range(1500)])
    assert farthest(x[:, 0], CosineSimilarity(3).cdf) < chance(len(x))


def test_the_points_of_the_leech_lattice_kiss_one_sphere():
    x = Leech().sample(196560, 24, rng=0)
    assert np.allclose((x**2).sum(axis=1), 1, atol=1e-12)
    assert len(np.unique((x * np.sqrt(32)).round().astype(np.int8), axis=0)) == 196560
    cosines = (x[:2000] @ x[2000:8000].T * 4).round(9)
    assert set(np.unique(cosines)) == {-4.0, -2.0, -1.0, 0.0, 1.0, 2.0}
    assert np.abs(x.sum(axis=0)).max() < 1e-6  # each point has its opposite


def test_uniform_samples_are_in_the_interval():
    x = Uniform(2, 2 + 1e-9).sample(1000, rng=0)
    assert x.min() >= 2 and x.max() < 2 + 1e-9
    np.testing.assert_array_equal(Uniform(0.1, 0.1).sample(10, rng=0), np.full(10, 0.1))


def test_exponential_is_clipped_just_below_high():
    x = Exponential(1.0, shift=-1, high=1).sample(1000, rng=0)
    free = Exponential(1.0, shift=-1).sample(1000, rng=0)
    np.testing.assert_array_equal(x, np.where(free < 1, free, np.nextafter(1.0, 0)))
    assert (free > 1).any()


def test_choice_draws_rows_as_often_as_their_weights_say():
    rows = np.array([[0, 1], [2, 3], [4, 5]])
    x = Choice(rows, weights=[1, 0, 3]).sample(10_000, d=2, rng=0)
    np.testing.assert_array_equal(np.unique(x, axis=0), rows[[0, 2]])
    # 5 standard deviations of a share of 1/4
    assert abs(np.mean(x[:, 0] == 0) - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 10_000)


def test_choice_of_numbers_draws_every_coordinate_for_itself():
    x = Choice([-1, 1]).sample(4000, d=2, rng=0)
    # 5 standard deviations of a correlation of independent signs
    assert abs(np.mean(x[:, 0] * x[:, 1])) < 5 / math.sqrt(4000)


def test_samples_returns_the_whole_array():
    values = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(Samples(values).sample(3, d=2), values)
    np.testing.assert_array_equal(Samples(values[:, 0]).sample(3, d=1), values[:, :1])
    np.testing.assert_array_equal(Samples(values[:, :1]).sample(3), values[:, 0])
    Samples(values).sample(3, d=2)[:] = 0
    np.testing.assert_array_equal(Samples(values).sample(3, d=2), values)


@pytest.mark.parametrize("kind", HYPERSPHERES)
@pytest.mark.parametrize("d", [1, 2, 3, 10, 40, 41])
def test_surface_points_have_length_one(kind, d):
    lengths = np.linalg.norm(kind(surface=True).sample(300, d, rng=0), axis=1)
    # a normalised vector has length 1 to a few roundings
    np.testing.assert_allclose(lengths, 1, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", HYPERSPHERES)
@pytest.mark.parametrize("d", [1, 2, 3, 10, 41])
def test_the_share_of_a_ball_within_radius_r_is_r_to_the_d(kind, d):
    radii = np.linalg.norm(kind().sample(5000, d, rng=0), axis=1)
    assert radii.max() <= 1
    assert farthest(radii, lambda r: r**d) < chance(5000)


def test_min_magnitude_leaves_a_hole_in_the_ball():
    radii = np.linalg.norm(UniformHypersphere(min_magnitude=0.5).sample(5000, 3, rng=0), axis=1)
    assert radii.min() >= 0.5
    assert farthest(radii, lambda r: (r**3 - 0.125) / 0.875) < chance(5000)


@pytest.mark.parametrize("kind", HYPERSPHERES)
@pytest.mark.parametrize("d", [2, 3, 6, 41])
def test_every_coordinate_of_a_unit_vector_follows_the_cosine_similarity(kind, d):
    x = kind(surface=True).sample(5000, d, rng=1)
    assert all(farthest(x[:, j], CosineSimilarity(d).cdf) < chance(5000) for j in range(d))


@pytest.mark.parametrize("d", [2, 3, 5, 10, 20, 30, 40])
def test_scattered_points_spread_over_the_sphere_more_evenly_than_random_ones(d):
    scattered = [energy(unit_vectors(200, d, rng=seed), d) for seed in range(6)]
    random = [energy(unit_vectors(200, d, seed, "uniform"), d) for seed in range(6)]
    assert np.mean(scattered) < np.mean(random)
    assert np.mean(scattered) < 0.9  # random points have 1 on average


@pytest.mark.parametrize("d", [2, 3, 4])
def test_scattered_points_of_the_ball_have_a_lower_discrepancy_than_random_ones(d):
    qmc = pytest.importorskip("scipy.stats").qmc

    def discrepancy(kind, seed):
        return qmc.discrepancy((kind().sample(500, d, rng=seed) + 1) / 2)

    # the ball does not fill the cube, hence the difference to the value of very many points
    limit = qmc.discrepancy((UniformHypersphere().sample(5000, d, rng=9) + 1) / 2)
    scattered = [discrepancy(ScatteredHypersphere, seed) - limit for seed in range(8)]
    random = [discrepancy(UniformHypersphere, seed) - limit for seed in range(8)]
    assert np.mean(np.abs(scattered)) < np.mean(np.abs(random))


@given(n=st.integers(1, 60), seed=st.integers(0, 2**64 - 1))
def test_in_one_dimension_half_of_the_surface_is_plus_one(n, seed):
    signs = ScatteredHypersphere(surface=True).sample(n, rng=seed)
    assert set(np.abs(signs)) == {1.0}
    assert abs(signs.sum()) == n % 2


@given(n=st.integers(1, 60), seed=st.integers(0, 2**64 - 1))
def test_in_one_dimension_the_ball_is_an_even_grid(n, seed):
    x = np.sort(ScatteredHypersphere().sample(n, rng=seed))
    assert -1 <= x[0] < -1 + 2 / n + 1e-15 and x[-1] <= 1
    # positions near 1 are rounded to 1e-16
    np.testing.assert_allclose(np.diff(x), 2 / n, rtol=0, atol=1e-15)


def test_scattered_directions_in_the_plane_are_a_golden_angle_apart():
    x, y = unit_vectors(50, 2, rng=0).T
    turns = np.diff(np.arctan2(y, x)) / (2 * np.pi) % 1
    golden = (math.sqrt(5) - 1) / 2
    # the rotation may mirror; an angle is known to a few roundings of 50 turns
    assert np.allclose(turns, golden, atol=1e-13) or np.allclose(turns, 1 - golden, atol=1e-13)


def test_above_forty_dimensions_scattered_points_are_random_ones():
    np.testing.assert_array_equal(
        ScatteredHypersphere().sample(10, 41, rng=0), UniformHypersphere().sample(10, 41, rng=0)
    )


@pytest.mark.parametrize("dimensions", [2, 3, 4, 16, 500])
def test_cosine_similarity_cdf_undoes_ppf(dimensions):
    dist = CosineSimilarity(dimensions)
    p = np.linspace(0, 1, 101)
    # rounding x near the ends moves p by density times 1e-16: 1e-9 in 2 dimensions
    np.testing.assert_allclose(dist.cdf(dist.ppf(p)), p, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(dist.ppf([0, 1]), [-1, 1])
    np.testing.assert_array_equal(dist.cdf([-2, 2]), [0, 1])


@pytest.mark.parametrize("dimensions", [2, 3, 4, 16, 500])
def test_cosine_similarity_pdf_is_the_slope_of_cdf(dimensions):
    dist = CosineSimilarity(dimensions)
    x = np.linspace(-0.9, 0.9, 10)
    slope = (dist.cdf(x + 1e-5) - dist.cdf(x - 1e-5)) / 2e-5
    # central differences: the error is 1e-10/6 of the third derivative (up to 1e5), and rounding
    np.testing.assert_allclose(dist.pdf(x), slope, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(dist.pdf([-1.1, 1.1]), [0, 0])


def test_cosine_similarity_in_three_dimensions_is_uniform():
    x = np.linspace(-1, 1, 21)
    # a closed form against the incomplete beta function
    np.testing.assert_allclose(CosineSimilarity(3).pdf(x), 0.5, rtol=1e-14)
    np.testing.assert_allclose(CosineSimilarity(3).cdf(x), (x + 1) / 2, rtol=0, atol=1e-15)


def test_unit_vectors_are_the_hyperspheres_surface():
    for kind, dist in (("scattered", ScatteredHypersphere), ("uniform", UniformHypersphere)):
        np.testing.assert_array_equal(
            unit_vectors(20, 3, 1, kind), dist(surface=True).sample(20, 3, rng=1)
        )
    assert set(unit_vectors(20, 1, rng=0).ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, Constant(0.5)),
        (np.float32(2), Constant(2)),
        (np.array(3), Constant(3)),
        ((-1, 1), Uniform(-1, 1)),
        ([-1, 1], Samples([-1, 1])),
        ((1, 2, 3), Samples([1, 2, 3])),
        (np.ones(4), Samples(np.ones(4))),
        (Gaussian(0, 1), Gaussian(0, 1)),
        (Choice([1, 2]), Choice([1, 2])),
    ],
    ids=repr,
)
def test_as_distribution_takes_numbers_pairs_arrays_and_distributions(value, expected):
    assert as_distribution("Ensemble", "intercepts", value) == expected


def test_as_distribution_takes_vectors_where_dimensions_are_given():
    rows = np.eye(2)
    assert as_distribution("Ensemble", "encoders", rows, d=2) == Samples(rows)
    assert as_distribution("Ensemble", "encoders", Choice(rows), d=2) == Choice(rows)
    assert as_distribution("Ensemble", "encoders", (1, -1), d=1) == Samples([1, -1])


def test_as_samples_equals_sampling_the_distribution():
    def samples(value, n, d=None):
        return as_samples("Ensemble", "argument", value, n, d, np.random.default_rng(3))

    np.testing.assert_array_equal(samples(0.5, 3), np.full(3, 0.5))
    np.testing.assert_array_equal(samples((200, 400), 9), Uniform(200, 400).sample(9, rng=3))
    np.testing.assert_array_equal(samples([1, 2, 3], 3), [1, 2, 3])
    np.testing.assert_array_equal(samples([1, -1], 2, d=1), [[1], [-1]])
    np.testing.assert_array_equal(samples(np.eye(3), 3, d=3), np.eye(3))
    np.testing.assert_array_equal(samples(Gaussian(0, 1), 4, 2), Gaussian(0, 1).sample(4, 2, 3))


@pytest.mark.parametrize(
    ("value", "n", "d"),
    [
        ([1, 2, 3], 4, None),
        (np.eye(3), 3, None),
        (np.eye(3), 3, 2),
        (Samples([1, 2]), 3, None),
        (Samples(np.eye(2)), 2, 3),
        (Choice(np.eye(2)), 5, 3),
        (Choice(np.eye(2)), 5, None),
        (np.ones((2, 2, 2)), 2, 2),
        ((2, 1), 5, None),
        ((0, None), 5, None),
        ((0, math.nan), 5, None),
        ([0, math.inf], 2, None),
        ([], 0, None),
        (None, 3, None),
        ("high", 3, None),
        (object(), 3, None),
        (True, 3, None),
        (1e30, 3, None),
        (Uniform, 3, None),
        ([[1, 2], [3]], 2, 2),
        (0.5, -1, None),
        (0.5, 3, 0),
    ],
    ids=repr,
)
def test_as_samples_names_the_argument_that_does_not_fit(value, n, d):
    with pytest.raises((ValueError, TypeError), match=SENTENCE) as caught:
        as_samples("Ensemble", "encoders", value, n, d, np.random.default_rng(0))
    assert str(caught.value).startswith("Ensemble")


def test_the_message_of_a_wrong_length_has_both_lengths():
    with pytest.raises(ValueError, match=r"have length 4, got length 3; pass 4 rows"):
        as_samples("Ensemble", "max_rates", [100, 200, 300], 4)


RUBBISH = [None, math.nan, math.inf, -math.inf, 1e30, "x", object(), [[1], [2, 3]], 1j]


@pytest.mark.parametrize("bad", RUBBISH, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        Constant,
        lambda bad: Uniform(bad, 1),
        lambda bad: Uniform(0, bad),
        lambda bad: Gaussian(bad, 1),
        lambda bad: Gaussian(0, bad),
        lambda bad: Exponential(bad),
        lambda bad: Exponential(1, shift=bad),
        lambda bad: Exponential(1, high=bad if bad != math.inf else None),
        Choice,
        lambda bad: Choice([1, 2], weights="x" if bad is None else bad),
        Samples,
        UniformHypersphere,
        lambda bad: UniformHypersphere(min_magnitude=bad),
        ScatteredHypersphere,
        CosineSimilarity,
        CosineSimilarity(3).pdf,
        CosineSimilarity(3).cdf,
        CosineSimilarity(3).ppf,
        Uniform(0, 1).sample,
        lambda bad: Uniform(0, 1).sample(3, "x" if bad is None else bad),
        lambda bad: Uniform(0, 1).sample(3, 1, "x" if bad is None else bad),
        lambda bad: unit_vectors(bad, 2),
        lambda bad: unit_vectors(2, bad),
        lambda bad: unit_vectors(2, 2, kind=bad),
        stream,
        lambda bad: stream(1, bad),
    ],
)
def test_invalid_arguments_raise_one_sentence(call, bad):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        call(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Uniform(1, 0),
        lambda: Gaussian(0, -1),
        lambda: Exponential(0),
        lambda: Exponential(1, shift=1, high=1),
        lambda: Choice([1, 2], weights=[1]),
        lambda: Choice([1, 2], weights=[0, 0]),
        lambda: Choice([1, 2], weights=[1, -1]),
        lambda: Choice([]),
        lambda: Samples(np.ones((2, 2, 2))),
        lambda: Samples([1, 2]).sample(3),
        lambda: Samples([1, 2]).sample(2, d=2),
        lambda: Choice(np.eye(2)).sample(3),
        lambda: UniformHypersphere(min_magnitude=1),
        lambda: CosineSimilarity(1),
        lambda: CosineSimilarity(3).ppf(1.1),
        lambda: Uniform(0, 1).sample(-1),
        lambda: unit_vectors(3, 0),
        lambda: stream(-1),
        lambda: stream(1, 2**32),
    ],
)
def test_numbers_out_of_range_raise_one_sentence(call):
    with pytest.raises(ValueError, match=SENTENCE):
        call()


def test_streams_differ_by_seed_and_by_key():
    keys = [(1,), (2,), (1, 0), (1, 0, 0), (1, 1), (1, 0, 1), (1, 1, 0)]
    first = [stream(*key).random() for key in keys]
    assert len(set(first)) == len(keys)
    assert first == [stream(*key).random() for key in keys]
    assert stream(7).random() == np.random.default_rng(7).random()


@pytest.mark.parametrize(
    "kind",
    [Constant(1.0), Uniform(0, 1), Gaussian(0, 1), Choice([1.0, 2.0])],
    ids=lambda kind: type(kind).__name__,
)
def test_invalid_sources_of_randomness_raise(kind):
    for wrong in ("seed", 1.5, -1):
        with pytest.raises((TypeError, ValueError), match="rng must be"):
            kind.sample(3, rng=wrong)
