"""Training by a learning rule, image by image, during the simulation."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim import analysis
from nefsim.datasets import one_hot
from nefsim.learning import HPES, PES, RLS, LearningRule
from nefsim.mnist import settings as of
from nefsim.mnist.population import (
    SOLVER,
    Answers,
    orders,
    period,
    population,
    run_and_read,
    show,
)
from nefsim.mnist.settings import Settings, Task
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.processes import Piecewise, PresentInput
from nefsim.simulator import Simulator

#: Learning rates for 2000 neurons of 100 Hz, chosen on held-out images of MNIST.
LEARNING_RATE = {"pes": 5e-3, "hpes": 4e-3}

#: Number of steps in which the learning rate decreases.
N_STAIRS = 100


def rule_of(settings: Settings, n_steps: int, dt: float) -> LearningRule:
    """The learning rule of the settings; RLS gets the ridge penalty for one point per step."""
    rate = settings.learning_rate
    if settings.rule == "rls":
        ridge = n_steps * (settings.reg * max(settings.max_rates)) ** 2
        return RLS(settings.neurons / (dt * ridge) if rate is None else rate, None)
    rate = LEARNING_RATE[settings.rule] if rate is None else rate
    if settings.rule == "pes":
        return PES(rate)
    return HPES(rate, supervision=settings.supervision, bcm_scale=settings.bcm_scale)


def by_learning(settings: Settings, task: Task) -> Answers:
    """Train on shuffled images, then present some of them and the test images."""
    order, n_repeated = orders(settings, len(task.train_images)), task.n_repeated
    n_training, dt = len(order), 0.001
    parts = [task.train_images[order], task.train_images[:n_repeated], task.test_images]
    images, encoders = np.concatenate(parts), of.encoders(settings, task)
    until = n_training * period(settings)
    net = Network(seed=settings.seed)
    ensemble = population(net, settings, task, encoders)
    show(net, ensemble, encoders, images, settings)
    target = one_hot(task.train_labels, task.n_classes)[order]
    target_node = net.node(PresentInput(target, settings.seconds, rest=settings.rest))
    rule = rule_of(settings, round(until / dt), dt)
    connection, answer = (_spiking if settings.rule == "hpes" else _decoded)(
        net, ensemble, settings, task.n_classes, rule
    )
    error = net.node(size_in=task.n_classes)
    synapse = None if isinstance(answer, Node) else 0.005
    net.connect(answer, error, synapse=synapse, solver=SOLVER)
    net.connect(target_node, error, transform=-1, synapse=None)
    net.connect(error, connection.learning_rule, synapse=None)
    net.connect(net.node(_gate(settings, until)), connection.learning_rule.gate, synapse=None)
    output = net.probe(answer, solver=SOLVER)
    with Simulator(net, dt, backend=settings.backend) as sim:
        classes, took = run_and_read(sim, output, settings, len(images))
        weights = sim.data[connection].weights
    last = slice(n_training - len(task.train_images), n_training)
    more: dict[str, Any] = {
        "epochs": settings.epochs,
        "learning_rate": rule.learning_rate,  # type: ignore[attr-defined]
        "during_accuracy": analysis.accuracy(task.train_labels[order[last]], classes[last]),
        "gini": analysis.gini(weights),
    }
    train_classes = classes[n_training : n_training + n_repeated]
    return Answers(
        classes[n_training + n_repeated :],
        train_classes,
        took,
        len(images) * period(settings),
        more,
    )


def _gate(settings: Settings, until: float) -> Piecewise:
    """Factor of the learning rate over time; 0 after the training images.

    For rules driven by an error it decreases, as otherwise the last images would have the
    largest effect.  For least squares it is constant, since all images count equally.
    """
    if settings.rule == "rls":
        return Piecewise({0.0: 1.0, until: 0.0})
    return Piecewise({until * i / N_STAIRS: 1.0 - i / N_STAIRS for i in range(N_STAIRS + 1)})


def _decoded(
    net: Network, ensemble: Ensemble, settings: Settings, n_classes: int, rule: LearningRule
) -> tuple[Connection, Node]:
    """A connection with learned decoders onto a node, and the node."""
    answer = net.node(size_in=n_classes)
    start = np.zeros((n_classes, settings.neurons))
    # Least squares needs the error of the present weights, without a filter.
    synapse = None if isinstance(rule, RLS) else 0.005
    connection = net.connect(
        ensemble.neurons, answer, transform=start, synapse=synapse, learning_rule=rule
    )
    return connection, answer


def _spiking(
    net: Network, ensemble: Ensemble, settings: Settings, n_classes: int, rule: LearningRule
) -> tuple[Connection, Ensemble]:
    """A connection with learned full weights onto a population, and the population."""
    answer = net.ensemble(settings.output_neurons, n_classes)
    start = np.zeros((settings.output_neurons, settings.neurons))
    return net.connect(
        ensemble.neurons, answer.neurons, transform=start, learning_rule=rule
    ), answer
