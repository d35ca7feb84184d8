"""MNIST: the plain network, its run time, and encoders of one layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import nefsim as nef
from nefsim.datasets import one_hot
from nefsim.mnist import experiment, timing
from nefsim.mnist import settings as of
from nefsim.reproduce.figure import Effort
from nefsim.reproduce.lines import Line, Outcome, compare, single_run

#: Accuracy while learning 1000 images and on 300 test images, two published runs.
PLAIN, TRAIN, TEST = ((0.983, 0.567), (0.9945, 0.705)), 1000, 300

#: Test errors [%] of 1000 neurons by their encoders.
ENCODERS = {
    "normal": 7.09,
    "11 x 11 normal": 4.83,
    "11 x 11 Gabor": 2.80,
}


def plain(effort: Effort) -> Outcome:
    """Accuracy of the plain network on test images, and on training images while it learns."""
    runs = [
        experiment.run(replace(of.PLAIN, train=TRAIN, seed=seed), effort.data)
        for seed in effort.count(6, 20)
    ]
    reason = "2 SD between our seeds or of a share of so many images"
    note = "two published runs differ as much; each image overwrites earlier ones"
    lines: list[Line] = []
    for number, published in enumerate(PLAIN, 1):
        for name, key, images, value in (
            ("training, while learning", "during_accuracy", TRAIN, published[0]),
            ("test", "test_accuracy", TEST, published[1]),
        ):
            found = [run[key] for run in runs]
            # A share p of n images has a standard deviation of sqrt(p (1 - p) / n).
            drawn = 2 * np.sqrt(value * (1 - value) / images)
            within = max(single_run(found)[0], drawn)
            quantity = f"published run {number}, {name}: accuracy"
            lines.append(compare(quantity, value, found, within, reason, note=note))
    return Outcome(lines)


def times(effort: Effort) -> Outcome:
    """Wall time of 30 s, beside published times and Nengo on this machine."""
    report = timing.wall_times(of.PLAIN, effort.data)
    ours = report["nefsim"][30.0][0]
    note = "another machine"
    lines = [
        compare(f"{name}, 30 s: wall time [s]", wall, ours, 0.0, "", better="lower", note=note)
        for name, wall in report["published"].items()
    ]
    if report["nengo"]:
        wall = report["nengo"][30.0][0]
        note = "Nengo on this machine, extrapolated from 3 s"
        quantity = "nengo, this machine: wall time [s]"
        lines.append(compare(quantity, wall, ours, 0.0, "", better="lower", note=note))
    return Outcome(lines)


def encoders(effort: Effort) -> Outcome:
    """Test error of rates of 1000 neurons, decoded by ridge regression on all images."""
    found: dict[str, list[float]] = {name: [] for name in ENCODERS}
    data = effort.data
    train, test = (2 * np.asarray(x, float) - 1 for x in (data.train_images, data.test_images))
    targets = one_hot(data.train_labels, 10)
    for seed in effort.count(1, 5):
        kinds: dict[str, nef.Distribution] = {
            "normal": nef.UniformHypersphere(surface=True),
            "11 x 11 normal": nef.SparsePatches((28, 28), 11),
            "11 x 11 Gabor": nef.SparseGabor((28, 28), 11),
        }
        for name, kind in kinds.items():
            rng = np.random.default_rng(seed)
            e = kind.sample(1000, 784, rng)
            classes = _classes(e, train, targets, test)
            found[name].append(100 * float(np.mean(classes != data.test_labels)))
    lines = []
    for name, error in ENCODERS.items():
        # A share p of 10,000 images, and as much again for the draw of 1000 encoders.
        within = 4 * 100 * np.sqrt(error / 100 * (1 - error / 100) / 10_000)
        reason = "four standard errors of a share of 10,000 images"
        quantity = f"{name} encoders: test error [%]"
        lines.append(compare(quantity, error, found[name], within, reason, better="lower"))
    return Outcome(lines)


def _classes(e: Any, train: Any, targets: Any, test: Any) -> Any:
    """Classes of test images from rates, by normal equations in blocks of images."""
    neuron, n = nef.LIFRate(), len(e)
    gain, bias = nef.gain_bias(neuron, np.full(n, 100.0), np.full(n, 0.1))
    gram, product, most = np.zeros((n, n)), np.zeros((n, targets.shape[1])), 0.0
    for x, y in zip(np.split(train, 20), np.split(targets, 20), strict=True):
        A = nef.tuning_curves(neuron, x, e, gain, bias)
        gram, product, most = gram + A.T @ A, product + A.T @ y, max(most, float(A.max()))
    gram[np.diag_indices(n)] += len(train) * (0.01 * most) ** 2
    decoders = np.linalg.solve(gram, product)
    parts = [nef.tuning_curves(neuron, x, e, gain, bias) @ decoders for x in np.split(test, 10)]
    return np.concatenate(parts).argmax(axis=1)
