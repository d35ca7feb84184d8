"""Laws of encoders for images, of whitening, and of classifiers in closed form."""

from __future__ import annotations

import numpy as np
import pytest

import nefsim as nef
from nefsim import analysis, datasets

RNG = np.random.default_rng(0)
IMAGES = RNG.random((60, 10, 12))
LABELS = np.arange(60) % 3

ENCODERS = {
    "patches": nef.SparsePatches((10, 12), patch=4),
    "Gabor": nef.SparseGabor((10, 12), patch=5),
    "CIW": nef.CIW(IMAGES, LABELS),
    "CIW in patches": nef.CIW(IMAGES, LABELS, patch=4),
    "differences": nef.ConstrainedDifference(IMAGES, LABELS),
    "differences in patches": nef.ConstrainedDifference(IMAGES, LABELS, patch=4),
}
each = pytest.mark.parametrize("encoders", ENCODERS.values(), ids=ENCODERS.keys())


@each
def test_encoders_have_length_1_and_depend_on_the_seed_only(encoders):
    e = encoders.sample(200, 120, 1)
    np.testing.assert_allclose(np.linalg.norm(e, axis=1), 1.0, rtol=1e-14)  # a sum of 120 squares
    np.testing.assert_array_equal(e, encoders.sample(200, 120, 1))
    assert not np.array_equal(e, encoders.sample(200, 120, 2))


@each
def test_a_network_takes_them_as_encoders(encoders):
    net = nef.Network(seed=1)
    ensemble = net.ensemble(20, 120, encoders=encoders, n_eval_points=30)
    rows = nef.Simulator(net, backend="numpy").data[ensemble].encoders
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-14)


@each
def test_encoders_for_images_need_a_dimension_per_pixel(encoders):
    with pytest.raises(ValueError, match="must be 120, the pixels of an image, got 121"):
        encoders.sample(5, 121)


def boxes(encoders: np.ndarray) -> np.ndarray:
    """Top, left, height and width of the nonzero part of each image."""
    actual = []
    for image in encoders.reshape(-1, 10, 12):
        down, across = np.nonzero(image)
        actual.append([down.min(), across.min(), np.ptp(down) + 1, np.ptp(across) + 1])
    return np.array(actual)


@pytest.mark.parametrize("name", ["patches", "CIW in patches", "differences in patches"])
def test_patches_are_square_at_every_position_of_the_image(name):
    top, left, height, width = boxes(ENCODERS[name].sample(2000, 120, 0)).T
    assert set(height) == set(width) == {4}
    assert set(top) == set(range(10 - 4 + 1))
    assert set(left) == set(range(12 - 4 + 1))


def test_a_patch_as_large_as_the_image_is_the_image():
    e = nef.SparsePatches((3, 3), patch=3).sample(5, 9, 0)
    assert np.count_nonzero(e) == 45


def test_a_gabor_function_is_a_wave_with_a_gaussian_envelope():
    """Without a wave (frequency 0) the bell alone is left, whatever orientation and phase."""
    k, sigma = 7, 0.6
    e = nef.SparseGabor((k, k), patch=k, frequency=(0, 0), sigma=sigma).sample(4, k * k, 0)
    at = np.linspace(-1, 1, k)
    bell = np.exp(-(at[:, None] ** 2 + at**2) / (2 * sigma**2)).ravel()
    want = bell / np.linalg.norm(bell)
    # The cosine of the phase is a common factor that the length takes off again.
    np.testing.assert_allclose(np.abs(e), np.tile(want, (4, 1)), rtol=1e-12)


def test_the_wave_of_a_gabor_function_has_its_frequency():
    """1 cycle per half patch is 2 per patch: the spectrum peaks there, along the orientation."""
    k = 33
    gabor = nef.SparseGabor((k, k), patch=k, frequency=(1, 1), sigma=1.0)
    power = np.abs(np.fft.fft2(gabor.sample(20, k * k, 0).reshape(-1, k, k), s=(256, 256)))
    f = np.fft.fftfreq(256, d=2 / (k - 1))
    radius = np.hypot(*np.meshgrid(f, f))
    peaks = [radius.flat[p.argmax()] for p in power]
    # The envelope smears the peak and its mirror image, which overlap a little.
    np.testing.assert_allclose(peaks, 1.0, atol=0.12)


def test_ciw_is_a_sum_with_signs_of_the_examples_of_one_class():
    few = IMAGES[:6].reshape(6, -1)
    e = nef.CIW(few, [0, 0, 0, 1, 1, 1]).sample(50, 120, 0)
    centred = few - few.mean(axis=0)
    for row in e:
        signs = np.linalg.lstsq(centred[:3].T, row, rcond=None)[0]
        signs_of_other = np.linalg.lstsq(centred[3:].T, row, rcond=None)[0]
        fits = [
            np.abs(s @ part - row).max() < 1e-12 and np.ptp(np.abs(s)) < 1e-12
            for s, part in ((signs, centred[:3]), (signs_of_other, centred[3:]))
        ]
        assert any(fits)


def test_constrained_differences_subtract_images_of_different_classes():
    few, labels = IMAGES[:4].reshape(4, -1), np.array([0, 0, 1, 1])
    e = nef.ConstrainedDifference(few, labels).sample(200, 120, 0)
    pairs = [few[i] - few[j] for i in range(4) for j in range(4) if labels[i] != labels[j]]
    want = {tuple((p / np.linalg.norm(p)).round(12)) for p in pairs}
    assert {tuple(row.round(12)) for row in e} == want


def test_empty_patches_are_drawn_again():
    framed = np.zeros((20, 10, 12))
    framed[:, 4:6, 4:8] = RNG.random((20, 2, 4))
    for kind in (nef.CIW, nef.ConstrainedDifference):
        e = kind(framed, np.arange(20) % 2, patch=3).sample(100, 120, 0)
        assert np.isfinite(e).all()
        assert e.any(axis=1).all()


def test_images_that_do_not_differ_are_refused():
    with pytest.raises(ValueError, match="differ within most patches"):
        nef.ConstrainedDifference(np.ones((4, 9)), [0, 1, 0, 1]).sample(3, 9)
    with pytest.raises(ValueError, match="have two classes"):
        nef.ConstrainedDifference(np.ones((4, 9)), [0, 0, 0, 0])


def test_a_patch_needs_images_with_height_and_width():
    with pytest.raises(ValueError, match="be None with flat images"):
        nef.CIW(np.ones((4, 9)), [0, 1, 0, 1], patch=2)


# Whitening


@pytest.mark.parametrize("kind", ["zca", "pca"])
def test_white_coordinates_have_the_identity_as_covariance(kind):
    x = RNG.normal(size=(300, 6)) @ RNG.normal(size=(6, 6)) + 3.0
    z = nef.Whitening.fit(x, kind, reg=0.0)(x)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.T @ z / 300, np.eye(6), atol=1e-11)  # condition about 1e3


def test_the_matrix_of_zca_is_symmetric_and_that_of_pca_has_orthogonal_rows():
    x = RNG.normal(size=(100, 5)) * [1, 2, 3, 4, 5]
    zca, pca = (np.asarray(nef.Whitening.fit(x, kind).matrix) for kind in ("zca", "pca"))
    np.testing.assert_allclose(zca, zca.T, atol=1e-13)
    gram = pca @ pca.T
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-13)
    assert (np.diff(np.diag(gram)) > 0).all()  # the largest variance comes first


def test_components_of_pca_are_the_first_of_all():
    x = RNG.normal(size=(100, 5)) * [1, 2, 3, 4, 5]
    few = nef.Whitening.fit(x, "pca", n_components=2)(x)
    np.testing.assert_array_equal(few, nef.Whitening.fit(x, "pca")(x)[:, :2])


def test_reg_damps_directions_of_small_variance():
    x = RNG.normal(size=(200, 2)) * [1.0, 1e-6]
    z = nef.Whitening.fit(x, reg=0.01)(x)
    np.testing.assert_allclose(z.std(axis=0), [1 / np.sqrt(1.01), 1e-5], rtol=0.2)  # 200 points
    with pytest.raises(ValueError, match="make every variance positive"):
        nef.Whitening.fit(np.hstack([x, x]), reg=0.0)


# Classifiers


@pytest.fixture(scope="module")
def classified():
    """Digits in a population, decoded in closed form: labels, and the class that spikes say."""
    data = datasets.digits()
    solvers = (nef.LstsqL2(), nef.LstsqWeighted("balanced"), nef.Softmax(0.05))
    images, labels = data.train_images * 2 - 1, np.asarray(data.train_labels)
    test = (data.test_images * 2 - 1)[:100]
    net = nef.Network(seed=1)
    population = net.ensemble(
        200, 64, encoders=nef.SparsePatches((8, 8), 5), intercepts=(-0.5, 0.5), radius=3.0
    )
    net.connect(net.node(nef.PresentInput(test, 0.05)), population, synapse=None)
    probes = []
    for solver in solvers:
        out = net.node(size_in=10)
        net.connect(
            population,
            out,
            eval_points=images,
            scale_eval_points=False,
            function=datasets.one_hot(labels),
            solver=solver,
            synapse=None,
        )
        probes.append(net.probe(out))
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(5.0)
        actual = [analysis.classify(sim.data[p], 0.05, skip=0.01) for p in probes]
    return np.asarray(data.test_labels)[:100], actual


@pytest.mark.parametrize("solver", range(3), ids=["ridge", "balanced", "softmax"])
def test_digits_are_classified_by_spikes(classified, solver):
    labels, actual = classified
    assert len(actual[solver]) == 100
    assert analysis.accuracy(labels, actual[solver]) > 0.85
