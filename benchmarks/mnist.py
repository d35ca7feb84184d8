"""Handwritten digits in one population: train, present the test images to spikes, count.

    python benchmarks/mnist.py --rule ridge --encoders gabor --neurons 2000 --train 60000

One line for each seed, with the accuracy on training and test images from spikes and, in
brackets, from tuning curves; then a confusion matrix of the last.  ``--validate`` tests on the
last 10,000 training images instead: parameters are chosen on these, never on the test images.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef
from nefsim import analysis, datasets
from nefsim.sampling import Distribution
from nefsim.solvers import Solver

N_VALIDATE = 10_000

#: Most training images that are shown to spikes, to tell how well they are known, and that
#: encoders are made from.
MOST_SHOWN = 2000

#: How each rule finds decoders from tuning curves.
SOLVERS: dict[str, Callable[[float], Solver]] = {
    "ridge": lambda reg: nef.LstsqL2(reg=reg),
    "weighted": lambda reg: nef.LstsqWeighted("balanced", reg=reg),
    "softmax": lambda reg: nef.Softmax(reg=reg),
}


def main() -> None:
    """Run each seed, print a line for each, and write JSON."""
    options = arguments()
    data = datasets.mnist(options.data)
    train = (data.train_images[: options.train], data.train_labels[: options.train])
    test = (data.test_images[: options.test], data.test_labels[: options.test])
    if options.validate:
        if options.train > len(data.train_images) - N_VALIDATE:
            raise SystemExit(f"--validate holds out {N_VALIDATE} images: lower --train")
        held = slice(-N_VALIDATE, None)
        test = tuple(part[held][: options.test] for part in (data.train_images, data.train_labels))
    rows = []
    for seed in options.seeds:
        row = run(options, data.shape, train, test, seed)
        rows.append(row)
        print(
            f"{row['rule']} {row['encoders']} {row['neurons']} neurons, seed {seed}: "
            f"train {row['train_accuracy']:.4f} ({row['train_accuracy_rates']:.4f}), "
            f"test {row['test_accuracy']:.4f} ({row['test_accuracy_rates']:.4f}), "
            f"{row['mean_rate']:.1f} Hz, {row['seconds']:.1f} s, {row['peak_mb']:.0f} MB",
            flush=True,
        )
        if options.json:
            options.json.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(f"test accuracy {spread([row['test_accuracy'] for row in rows])}")
    print(np.array(rows[-1]["confusion"]))


def arguments() -> argparse.Namespace:
    """What is asked for; defaults were chosen on held-out training images."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--rule", choices=SOLVERS, default="ridge")
    add("--encoders", choices=ENCODERS, default="gabor")
    add("--neurons", type=int, default=2000)
    add("--train", type=int, default=1000, metavar="N", help="training images")
    add("--test", type=int, default=10_000, metavar="N", help="test images")
    add("--validate", action="store_true", help="test on held-out training images")
    add("--reg", type=float, default=0.05, help="of the solver, share of the maximum rate")
    add("--intercepts", type=float, nargs=2, default=(0.0, 0.0), metavar=("LOW", "HIGH"))
    add("--max-rates", type=float, nargs=2, default=(100.0, 100.0), metavar=("LOW", "HIGH"))
    add("--seconds", type=float, default=0.1, help="how long each image is shown")
    add("--skip", type=float, default=0.01, help="start of each that is not read [s]")
    add("--rest", type=float, default=0.0, help="nothing is shown after each image [s]")
    add("--seeds", type=int, nargs="+", default=[0])
    add("--backend", default="auto")
    add("--data", type=Path, help="folder with MNIST")
    add("--json", type=Path, help="write one object per line")
    return parser.parse_args()


#: Encoders for images of a shape, from training images and their labels.
ENCODERS: dict[str, Callable[[tuple[int, int], Any, Any], Distribution]] = {
    "gaussian": lambda shape, images, labels: nef.UniformHypersphere(surface=True),
    "gabor": lambda shape, images, labels: nef.SparseGabor(shape),
    "sparse": lambda shape, images, labels: nef.SparsePatches(shape),
    "cd": lambda shape, images, labels: nef.ConstrainedDifference(images, labels, patch=11),
    "ciw": lambda shape, images, labels: nef.CIW(images, labels, patch=11),
}

Images = tuple[Any, Any]


def run(
    options: argparse.Namespace, shape: tuple[int, int], train: Images, test: Images, seed: int
) -> dict[str, Any]:
    """One network: solve, present training and test images to spikes, and count."""
    start = time.perf_counter()
    pictures = train[0][:MOST_SHOWN].reshape(-1, *shape)
    kind = ENCODERS[options.encoders](shape, pictures, train[1][:MOST_SHOWN])
    encoders = kind.sample(options.neurons, train[0].shape[1], np.random.default_rng(seed))
    n_train = min(len(train[0]), MOST_SHOWN)
    shown = np.concatenate([train[0][:n_train], test[0]])

    net = nef.Network(seed=seed)
    population = net.ensemble(
        options.neurons,
        shown.shape[1],
        encoders=encoders,
        intercepts=nef.Uniform(*options.intercepts),
        max_rates=nef.Uniform(*options.max_rates),
    )
    # Encoders times an image is the same for as long as it is shown: done here, once for each.
    seen = nef.PresentInput(shown @ encoders.T, options.seconds, rest=options.rest)
    net.connect(net.node(seen), population.neurons, synapse=None)
    answer = net.node(size_in=10)
    decoding = net.connect(
        population,
        answer,
        eval_points=train[0],
        function=datasets.one_hot(train[1], 10),
        solver=SOLVERS[options.rule](options.reg),
        synapse=None,
    )
    output = net.probe(answer)
    with nef.Simulator(net, backend=options.backend) as sim:
        built = time.perf_counter()
        sim.run(len(shown) * (options.seconds + options.rest))
        found = analysis.classify(sim.data[output], options.seconds, options.skip, options.rest)
        ran = time.perf_counter()
        of_train, mean_rate = by_rates(sim, population, decoding, train[0])
        of_test, _ = by_rates(sim, population, decoding, test[0])
    return {
        "rule": options.rule,
        "encoders": options.encoders,
        "neurons": options.neurons,
        "seed": seed,
        "train": len(train[0]),
        "test": len(test[0]),
        "validate": options.validate,
        "reg": options.reg,
        "train_accuracy": analysis.accuracy(train[1][:n_train], found[:n_train]),
        "test_accuracy": analysis.accuracy(test[1], found[n_train:]),
        "train_accuracy_rates": analysis.accuracy(train[1], of_train),
        "test_accuracy_rates": analysis.accuracy(test[1], of_test),
        "mean_rate": mean_rate,
        "seconds": time.perf_counter() - start,
        "build_seconds": built - start,
        "run_seconds": ran - built,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "confusion": analysis.confusion_matrix(test[1], found[n_train:], 10).tolist(),
    }


def by_rates(
    sim: nef.Simulator, population: nef.Ensemble, decoding: nef.Connection, images: Any
) -> tuple[np.ndarray, float]:
    """Classes from tuning curves, and the mean rate [Hz]; some thousand images at a time."""
    built, decoders = sim.data[population], sim.data[decoding].decoders
    found, rates = [], []
    for part in np.array_split(images, -(-len(images) // 5000)):
        A = nef.tuning_curves(nef.LIF(), part, built.encoders, built.gain, built.bias)
        found.append((A @ decoders).argmax(axis=1))
        rates.append(A.mean(axis=1))
    return np.concatenate(found), float(np.concatenate(rates).mean())


def spread(values: list[float]) -> str:
    """The mean over seeds, and where it is likely to lie."""
    told = f"{np.mean(values):.4f}"
    if len(set(values)) > 1:
        low, high = analysis.confidence_interval(values, rng=0)
        told += f" (95 % between {low:.4f} and {high:.4f}, {len(values)} seeds)"
    return told


if __name__ == "__main__":
    main()
