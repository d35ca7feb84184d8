"""Weights for the vision of Spaun are those of the trained network, and drawings are read."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.datasets import digits

torch = pytest.importorskip("torch")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def vision() -> Any:
    """The script that trains."""
    return _script("spaun_vision")


def _script(name: str) -> Any:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def trained(vision: Any) -> tuple[Any, Any, Any]:
    """A network for small digits, its weights, and the normalised images that it has not seen."""
    data = digits()
    images = vision.normalised(data.train_images, data.train_images)
    net = vision.fitted(images, data.train_labels, 10, epochs=5, seed=1)
    return net, vision.arrays_of(net), vision.normalised(data.test_images, data.train_images)


def test_the_formula_of_spaun_gives_the_utilities_of_the_trained_network(
    vision: Any, trained: tuple[Any, Any, Any]
) -> None:
    net, arrays, x = trained
    net.eval()
    with torch.no_grad():
        expected = net.run(torch.tensor(x)[None])[0][0].numpy()
    found = vision.activities(arrays, x, nef.SoftLIFRate(sigma=0.02)) @ arrays["Wc"]
    # PyTorch computes in float32, sums of 500 terms of some units each.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)
    labels = digits().test_labels
    hard = vision.activities(arrays, x) @ arrays["Wc"]
    # Chance is 0.1; the network has 0.9 and more for seeds 1 to 3.
    assert np.mean(hard.argmax(axis=1) == labels) > 0.85


def test_spikes_give_the_classes_of_rates(vision: Any, trained: tuple[Any, Any, Any]) -> None:
    _, arrays, x = trained
    rates = vision.activities(arrays, x[:20]) @ arrays["Wc"]
    spikes = vision.spiking_utilities(arrays, x[:20])
    clear = np.sort(rates, axis=1)[:, -2:] @ [-1.0, 1.0] > 0.3
    assert clear.sum() > 10
    assert np.array_equal(spikes.argmax(axis=1)[clear], rates.argmax(axis=1)[clear])


def test_only_training_is_noisy(vision: Any) -> None:
    noise, a = vision.SpikeNoise(), torch.full((100_000,), 2.0)
    assert torch.equal(noise.eval()(a), a)
    torch.manual_seed(0)
    y = noise.train()(a)
    # Half of the standard deviation of a Poisson process of 2 x 63.04 Hz, divided by 63.04 Hz.
    exact = 0.5 * np.sqrt(nef.spike_noise.poisson(2 * vision.RATE, nef.Lowpass(0.005), 1e-6))
    # Six standard errors of 100,000 draws.
    assert float(y.std()) == pytest.approx(float(exact) / vision.RATE, rel=0.014)
    assert float(y.mean()) == pytest.approx(2.0, abs=6 * float(y.std()) / np.sqrt(1e5))


def test_files_hold_what_spaun_reads(
    vision: Any, trained: tuple[Any, Any, Any], tmp_path: Path
) -> None:
    parts, (_, arrays, x) = _script("spaun_parts"), trained
    labels = np.asarray(digits().test_labels)
    a = vision.activities(arrays, x)
    means = vision.class_means(arrays, a, labels)
    images = np.asarray(digits().test_images), labels
    parts.write_vision(tmp_path, arrays, means, np.ones((10, 2, 200, 25)), images)
    read, read_means, read_images = parts.read_vision(tmp_path)
    assert [W.shape for W in read["weights"]] == [(64, 500), (500, 200)]
    assert [b.size for b in read["biases"]] == [500, 200] and read["Wc"].shape == (200, 10)
    for name in ("weights", "biases"):
        for one, other in zip(read[name], arrays[name], strict=True):
            assert np.array_equal(one, other)
    assert np.array_equal(read_means, means) and np.array_equal(read_images, images[0])
    # Spaun divides by the means, so that the mean utility of the own class is 1.
    own = (a @ (read["Wc"] / read_means))[np.arange(len(labels)), labels]
    for digit in range(10):
        assert own[labels == digit].mean() == pytest.approx(1.0, rel=1e-12)
    motor = tmp_path / "_spaun" / "modules" / "motor" / "osc" / "lif_vision_copydraw_trfms.npz"
    assert np.load(motor)["trfms_x"].shape == (10, 200, 25)


def test_a_drawing_has_the_slant_width_and_height_of_its_image(vision: Any) -> None:
    rng = np.random.default_rng(1)
    images = rng.random((3, 784))
    path = rng.normal(size=(2, 25))
    x, y = vision.drawn(path, images[0], images)
    # The image of the path itself.
    np.testing.assert_allclose([x[0], y[0]], path, rtol=0, atol=1e-13)
    upright = np.zeros((28, 28))
    upright[4:24, 13:15] = 1.0
    slanted = np.array([np.roll(row, (13 - i) // 4) for i, row in enumerate(upright)])
    slant, width, height = vision.moments(np.array([upright.ravel(), slanted.ravel()])).T
    assert slant[0] == 0.0 and slant[1] == pytest.approx(0.25, abs=0.01)  # whole pixels
    assert height[0] == height[1] and width[0] == pytest.approx(0.5)
    line = np.zeros(5), np.linspace(-1.0, 1.0, 5)
    x, y = vision.drawn(np.array(line), upright.ravel(), slanted.ravel()[None])
    np.testing.assert_allclose(x[0], slant[1] * y[0], rtol=0, atol=1e-15)


def test_transforms_without_noise_find_a_linear_map(
    vision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vision, "MEMORY_NOISE", 0.0)
    rng = np.random.default_rng(2)
    a, maps = rng.random((50, 6)), rng.normal(size=(2, 6, 4))
    found = vision.transforms(a, (a @ maps[0], a @ maps[1]))
    np.testing.assert_allclose(found, maps, rtol=0, atol=1e-10)  # normal equations


def test_strokes_are_drawn_while_the_pen_is_down() -> None:
    tasks = _script("spaun_tasks")
    path = np.arange(200.0).reshape(100, 2)
    pen = np.zeros(100)
    pen[10:40], pen[50:60], pen[70:] = 1.0, 1.0, 1.0
    found = tasks.strokes(path, pen)
    assert [len(piece) for piece in found] == [30, 30]  # 0.05 s is no stroke
    assert np.array_equal(found[1], path[70:])
    image = tasks.picture(np.column_stack([np.zeros(9), np.linspace(0.0, 0.2, 9)]))
    rows = image.reshape(28, 28)
    np.testing.assert_allclose(rows, rows[::-1], rtol=0, atol=1e-12)
    inked = np.flatnonzero(rows.max(axis=1) > 0.5)
    assert inked[0] == 4 and inked[-1] == 23  # the box of 20 pixels
