"""A plain NEF network for the experiment: default encoders, and a population for the error."""

from __future__ import annotations

import numpy as np

from nefsim import analysis
from nefsim.datasets import one_hot
from nefsim.learning import PES
from nefsim.mnist.population import SOLVER, Answers, period, run_and_read
from nefsim.mnist.settings import Array, Settings, Task
from nefsim.network import Network, Probe
from nefsim.processes import Piecewise, PresentInput
from nefsim.simulator import Simulator

#: Weight of the inhibition that silences the error population.
INHIBITION = -20.0


def network(settings: Settings, task: Task, images: Array) -> tuple[Network, Probe]:
    """A network that learns from the first images, until its error population is inhibited."""
    n, n_classes = settings.output_neurons, task.n_classes
    n_training = len(task.train_images) * settings.epochs
    target = np.zeros((len(images), n_classes))
    target[:n_training] = np.tile(one_hot(task.train_labels, n_classes), (settings.epochs, 1))
    rng = np.random.default_rng((settings.seed, 2))
    net = Network(seed=settings.seed)
    ensemble = net.ensemble(settings.neurons, images.shape[1], label="seen")
    answer = net.ensemble(n, n_classes, label="answer")
    error = net.ensemble(n, n_classes, label="error")
    presentation = net.node(PresentInput(images, settings.seconds, rest=settings.rest))
    target_node = net.node(PresentInput(target, settings.seconds, rest=settings.rest))
    stop = net.node(Piecewise({0.0: 0.0, n_training * period(settings): 1.0}))
    net.connect(presentation, ensemble)
    connection = net.connect(
        ensemble,
        answer,
        function=lambda x: rng.random(n_classes),
        learning_rule=PES(settings.learning_rate or 1e-4),
        solver=SOLVER,
    )
    net.connect(answer, error, solver=SOLVER)
    net.connect(target_node, error, transform=-1)
    net.connect(error, connection.learning_rule, solver=SOLVER)
    net.connect(stop, error.neurons, transform=np.full((n, 1), INHIBITION))
    return net, net.probe(answer, synapse=0.01, solver=SOLVER)


def sequence(settings: Settings, task: Task) -> Array:
    """Training images, test images, then training images again, in order of presentation."""
    again = task.train_images[: task.n_repeated]
    return np.concatenate([*[task.train_images] * settings.epochs, task.test_images, again])


def by_plain_learning(settings: Settings, task: Task) -> Answers:
    """Train the plain network, then classify test and training images without learning."""
    images = sequence(settings, task)
    net, output = network(settings, task, images)
    with Simulator(net, backend=settings.backend) as sim:
        classes, took = run_and_read(sim, output, settings, len(images))
    n, n_training = len(task.train_images), len(task.train_images) * settings.epochs
    until = n_training + len(task.test_images)
    during = analysis.accuracy(task.train_labels, classes[n_training - n : n_training])
    more = {"epochs": settings.epochs, "during_accuracy": during}
    return Answers(
        classes[n_training:until], classes[until:], took, len(images) * period(settings), more
    )
