"""The network as it is first written: default encoders, and the error in spikes, too."""

from __future__ import annotations

import numpy as np

from nefsim import analysis
from nefsim.datasets import one_hot
from nefsim.learning import PES
from nefsim.mnist.population import Answers, period, run_and_read
from nefsim.mnist.settings import Array, Settings, Task
from nefsim.network import Network, Probe
from nefsim.processes import Piecewise, PresentInput
from nefsim.simulator import Simulator

#: Inhibition that silences the error.
INHIBITION = -20.0


def network(settings: Settings, task: Task, images: Array) -> tuple[Network, Probe]:
    """Learns from the first images, in their order, until its error is inhibited."""
    n, n_classes = settings.output_neurons, task.n_classes
    taught = len(task.train_images) * settings.epochs
    target = np.zeros((len(images), n_classes))
    target[:taught] = np.tile(one_hot(task.train_labels, n_classes), (settings.epochs, 1))
    rng = np.random.default_rng((settings.seed, 2))
    net = Network(seed=settings.seed)
    seen = net.ensemble(settings.neurons, images.shape[1], label="seen")
    answer = net.ensemble(n, n_classes, label="answer")
    error = net.ensemble(n, n_classes, label="error")
    shown = net.node(PresentInput(images, settings.seconds, rest=settings.rest))
    wanted = net.node(PresentInput(target, settings.seconds, rest=settings.rest))
    stop = net.node(Piecewise({0.0: 0.0, taught * period(settings): 1.0}))
    net.connect(shown, seen)
    learned = net.connect(
        seen,
        answer,
        function=lambda x: rng.random(n_classes),
        learning_rule=PES(settings.learning_rate or 1e-4),
    )
    net.connect(answer, error)
    net.connect(wanted, error, transform=-1)
    net.connect(error, learned.learning_rule)
    net.connect(stop, error.neurons, transform=np.full((n, 1), INHIBITION))
    return net, net.probe(answer, synapse=0.01)


def sequence(settings: Settings, task: Task) -> Array:
    """Training images to learn from, test images, then the training images once more."""
    again = task.train_images[: task.n_shown]
    return np.concatenate([*[task.train_images] * settings.epochs, task.test_images, again])


def by_plain_learning(settings: Settings, task: Task) -> Answers:
    """Learn, then tell test and training images apart, with the error silent."""
    images = sequence(settings, task)
    net, output = network(settings, task, images)
    with Simulator(net, backend=settings.backend) as sim:
        told, took = run_and_read(sim, output, settings, len(images))
    n, taught = len(task.train_images), len(task.train_images) * settings.epochs
    until = taught + len(task.test_images)
    during = analysis.accuracy(task.train_labels, told[taught - n : taught])
    more = {"epochs": settings.epochs, "during_accuracy": during}
    return Answers(told[taught:until], told[until:], took, len(images) * period(settings), more)
