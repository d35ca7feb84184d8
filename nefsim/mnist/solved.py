"""Training by a solver: decoders in closed form, from tuning curves."""

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

#: Number of images whose tuning curves are computed at a time.
AT_ONCE = 5000


def by_solving(settings: Settings, task: Task) -> Answers:
    """Solve for decoders at all training images, then present some of them and test images."""
    encoders, n_repeated = of.encoders(settings, task), task.n_repeated
    images = np.concatenate([task.train_images[:n_repeated], task.test_images])
    net = Network(seed=settings.seed)
    ensemble = population(net, settings, task, encoders)
    show(net, ensemble, encoders, images, settings)
    answer = net.node(size_in=task.n_classes)
    decoding = net.connect(
        ensemble,
        answer,
        eval_points=task.train_images,
        function=one_hot(task.train_labels, task.n_classes),
        solver=of.SOLVED[settings.rule](settings.reg),
        synapse=None,
    )
    output = net.probe(answer)
    with Simulator(net, backend=settings.backend) as sim:
        classes, took = run_and_read(sim, output, settings, len(images))
        of_train, rate = by_rates(sim, ensemble, decoding, task.train_images)
        of_test, _ = by_rates(sim, ensemble, decoding, task.test_images)
    more = {
        "reg": settings.reg,
        "train_accuracy_rates": analysis.accuracy(task.train_labels, of_train),
        "test_accuracy_rates": analysis.accuracy(task.test_labels, of_test),
        "mean_rate": rate,
    }
    return Answers(
        classes[n_repeated:], classes[:n_repeated], took, len(images) * period(settings), more
    )


def by_rates(
    sim: Simulator, ensemble: Ensemble, decoding: Connection, images: Array
) -> tuple[Array, float]:
    """Classes from tuning curves, and the mean rate [Hz], in blocks of images."""
    built, decoders = sim.data[ensemble], sim.data[decoding].decoders
    classes, rates = [], []
    for part in np.array_split(images, -(-len(images) // AT_ONCE)):
        A = tuning_curves(LIF(), part, built.encoders, built.gain, built.bias)
        classes.append((A @ decoders).argmax(axis=1))
        rates.append(A.mean(axis=1))
    return np.concatenate(classes), float(np.concatenate(rates).mean())
