"""Weights that learn from an error, image by image, while spikes flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim import analysis
from nefsim.datasets import one_hot
from nefsim.learning import HPES, PES, RLS, LearningRule
from nefsim.mnist import settings as of
from nefsim.mnist.population import Answers, orders, period, population, run_and_read, show
from nefsim.mnist.settings import Settings, Task
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.processes import Piecewise, PresentInput
from nefsim.simulator import Simulator

#: Rates that suit 2000 neurons of 100 Hz, from held-out images of MNIST.
LEARNING_RATE = {"pes": 5e-3, "hpes": 4e-3}

#: In how many steps learning gets slower.
N_STAIRS = 100


def rule_of(settings: Settings, n_steps: int, dt: float) -> LearningRule:
    """The learning rule; RLS as regularised as ridge is at as many points as there are steps."""
    rate = settings.learning_rate
    if settings.rule == "rls":
        ridge = n_steps * (settings.reg * max(settings.max_rates)) ** 2
        return RLS(settings.neurons / (dt * ridge) if rate is None else rate, None)
    rate = LEARNING_RATE[settings.rule] if rate is None else rate
    if settings.rule == "pes":
        return PES(rate)
    return HPES(rate, supervision=settings.supervision, bcm_scale=settings.bcm_scale)


def by_learning(settings: Settings, task: Task) -> Answers:
    """Learn from shuffled training images, then show some of them and the test images."""
    order, shown = orders(settings, len(task.train_images)), task.n_shown
    taught, dt = len(order), 0.001
    parts = [task.train_images[order], task.train_images[:shown], task.test_images]
    images, encoders = np.concatenate(parts), of.encoders(settings, task)
    until = taught * period(settings)
    net = Network(seed=settings.seed)
    seen = population(net, settings, task, encoders)
    show(net, seen, encoders, images, settings)
    target = one_hot(task.train_labels, task.n_classes)[order]
    wanted = net.node(PresentInput(target, settings.seconds, rest=settings.rest))
    rule = rule_of(settings, round(until / dt), dt)
    learned, answer = (_spiking if settings.rule == "hpes" else _decoded)(
        net, seen, settings, task.n_classes, rule
    )
    error = net.node(size_in=task.n_classes)
    net.connect(answer, error, synapse=None if isinstance(answer, Node) else 0.005)
    net.connect(wanted, error, transform=-1, synapse=None)
    net.connect(error, learned.learning_rule, synapse=None)
    net.connect(net.node(_gate(settings, until)), learned.learning_rule.gate, synapse=None)
    output = net.probe(answer)
    with Simulator(net, dt, backend=settings.backend) as sim:
        told, took = run_and_read(sim, output, settings, len(images))
        weights = sim.data[learned].weights
    last = slice(taught - len(task.train_images), taught)
    more: dict[str, Any] = {
        "epochs": settings.epochs,
        "learning_rate": rule.learning_rate,  # type: ignore[attr-defined]
        "during_accuracy": analysis.accuracy(task.train_labels[order[last]], told[last]),
        "gini": analysis.gini(weights),
    }
    known = told[taught : taught + shown]
    return Answers(told[taught + shown :], known, took, len(images) * period(settings), more)


def _gate(settings: Settings, until: float) -> Piecewise:
    """How strongly to learn: not at all once the training images are over.

    An error is followed ever more slowly, for else the last images would count most.  Least
    squares weigh all alike by themselves.
    """
    if settings.rule == "rls":
        return Piecewise({0.0: 1.0, until: 0.0})
    return Piecewise({until * i / N_STAIRS: 1.0 - i / N_STAIRS for i in range(N_STAIRS + 1)})


def _decoded(
    net: Network, seen: Ensemble, settings: Settings, n_classes: int, rule: LearningRule
) -> tuple[Connection, Node]:
    """Decoders that learn, onto a node."""
    answer = net.node(size_in=n_classes)
    start = np.zeros((n_classes, settings.neurons))
    # Least squares want the error of the weights as they are, which no filter remembers.
    synapse = None if isinstance(rule, RLS) else 0.005
    learned = net.connect(
        seen.neurons, answer, transform=start, synapse=synapse, learning_rule=rule
    )
    return learned, answer


def _spiking(
    net: Network, seen: Ensemble, settings: Settings, n_classes: int, rule: LearningRule
) -> tuple[Connection, Ensemble]:
    """Full weights that learn, onto a population for all classes."""
    answer = net.ensemble(settings.output_neurons, n_classes)
    start = np.zeros((settings.output_neurons, settings.neurons))
    return net.connect(seen.neurons, answer.neurons, transform=start, learning_rule=rule), answer
