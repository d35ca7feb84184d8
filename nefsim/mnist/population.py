"""The population that receives the images, and classes from its decoded output."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nefsim import analysis
from nefsim.mnist.settings import Array, Settings, Task
from nefsim.network import Ensemble, Network, Probe
from nefsim.processes import PresentInput
from nefsim.sampling import Uniform
from nefsim.simulator import Simulator
from nefsim.solvers import LstsqL2

#: Decoders of the published experiments: the learning rates belong to them.
SOLVER = LstsqL2(0.1)


@dataclass(frozen=True)
class Answers:
    """Predicted classes of test and training images, and measures of a run."""

    test_classes: Array
    train_classes: Array
    run_seconds: float
    model_seconds: float
    more: dict[str, Any] = field(default_factory=dict)


def population(net: Network, settings: Settings, task: Task, encoders: Array) -> Ensemble:
    """The ensemble that receives images, with training images as evaluation points."""
    return net.ensemble(
        settings.neurons,
        task.train_images.shape[1],
        encoders=encoders,
        intercepts=Uniform(*settings.intercepts),
        max_rates=Uniform(*settings.max_rates),
        eval_points=task.train_images[:500],
    )


def show(
    net: Network, ensemble: Ensemble, encoders: Array, images: Array, settings: Settings
) -> None:
    """Present images one after the other.

    The product of encoders and image is constant during a presentation, and computed here
    once for each image.
    """
    projected = images @ encoders.T.astype(images.dtype)
    presentation = PresentInput(projected, settings.seconds, rest=settings.rest)
    net.connect(net.node(presentation), ensemble.neurons, synapse=None)


def orders(settings: Settings, n: int) -> Array:
    """Indices of training images, in a new random order for each epoch."""
    rng = np.random.default_rng((settings.seed, 1))
    return np.concatenate([rng.permutation(n) for _ in range(settings.epochs)])


def period(settings: Settings) -> float:
    """Duration of one image and its rest [s]."""
    return settings.seconds + settings.rest


def run_and_read(
    sim: Simulator, output: Probe, settings: Settings, n_images: int
) -> tuple[Array, float]:
    """The predicted class of each image, and the wall time of the run [s]."""
    start = time.perf_counter()
    sim.run(n_images * period(settings))
    took = time.perf_counter() - start
    read = sim.data[output]
    return analysis.classify(read, settings.seconds, settings.skip, settings.rest, sim.dt), took
