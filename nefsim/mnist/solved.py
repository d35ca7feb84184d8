"""Decoders in closed form, from tuning curves."""

from __future__ import annotations

import numpy as np

from nefsim import analysis
from nefsim.datasets import one_hot
from nefsim.encoding import tuning_curves
from nefsim.mnist import settings as of
from nefsim.mnist.population import Answers, period, population, run_and_read, show
from nefsim.mnist.settings import Array, Settings, Task
from nefsim.network import Connection, Ensemble, Network
from nefsim.neurons import LIF
from nefsim.simulator import Simulator

#: How many images tuning curves are computed for at once.
AT_ONCE = 5000


def by_solving(settings: Settings, task: Task) -> Answers:
    """Solve at all training images, then show some of them and the test images."""
    encoders, shown = of.encoders(settings, task), task.n_shown
    images = np.concatenate([task.train_images[:shown], task.test_images])
    net = Network(seed=settings.seed)
    seen = population(net, settings, task, encoders)
    show(net, seen, encoders, images, settings)
    answer = net.node(size_in=task.n_classes)
    decoding = net.connect(
        seen,
        answer,
        eval_points=task.train_images,
        function=one_hot(task.train_labels, task.n_classes),
        solver=of.SOLVED[settings.rule](settings.reg),
        synapse=None,
    )
    output = net.probe(answer)
    with Simulator(net, backend=settings.backend) as sim:
        told, took = run_and_read(sim, output, settings, len(images))
        of_train, rate = by_rates(sim, seen, decoding, task.train_images)
        of_test, _ = by_rates(sim, seen, decoding, task.test_images)
    more = {
        "reg": settings.reg,
        "train_accuracy_rates": analysis.accuracy(task.train_labels, of_train),
        "test_accuracy_rates": analysis.accuracy(task.test_labels, of_test),
        "mean_rate": rate,
    }
    return Answers(told[shown:], told[:shown], took, len(images) * period(settings), more)


def by_rates(
    sim: Simulator, seen: Ensemble, decoding: Connection, images: Array
) -> tuple[Array, float]:
    """Classes from tuning curves, and the mean rate [Hz]; some thousand images at a time."""
    built, decoders = sim.data[seen], sim.data[decoding].decoders
    found, rates = [], []
    for part in np.array_split(images, -(-len(images) // AT_ONCE)):
        A = tuning_curves(LIF(), part, built.encoders, built.gain, built.bias)
        found.append((A @ decoders).argmax(axis=1))
        rates.append(A.mean(axis=1))
    return np.concatenate(found), float(np.concatenate(rates).mean())
