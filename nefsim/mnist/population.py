"""The population that sees the images, and what is read from it."""

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


@dataclass(frozen=True)
class Answers:
    """Classes that a network told: of test images, of training images, and figures."""

    told: Array
    known: Array
    run_seconds: float
    model_seconds: float
    more: dict[str, Any] = field(default_factory=dict)


def population(net: Network, settings: Settings, task: Task, encoders: Array) -> Ensemble:
    """The neurons that see images; decoders of theirs are solved at training images."""
    return net.ensemble(
        settings.neurons,
        task.train_images.shape[1],
        encoders=encoders,
        intercepts=Uniform(*settings.intercepts),
        max_rates=Uniform(*settings.max_rates),
        eval_points=task.train_images[:500],
    )


def show(net: Network, seen: Ensemble, encoders: Array, images: Array, settings: Settings) -> None:
    """Show images one after the other.

    Encoders times an image is the same for as long as it is shown: it is done here, once for
    each.
    """
    projected = images @ encoders.T.astype(images.dtype)
    shown = PresentInput(projected, settings.seconds, rest=settings.rest)
    net.connect(net.node(shown), seen.neurons, synapse=None)


def orders(settings: Settings, n: int) -> Array:
    """Training images in a new order for each epoch."""
    rng = np.random.default_rng((settings.seed, 1))
    return np.concatenate([rng.permutation(n) for _ in range(settings.epochs)])


def period(settings: Settings) -> float:
    """How long one image and its rest take [s]."""
    return settings.seconds + settings.rest


def run_and_read(
    sim: Simulator, output: Probe, settings: Settings, n_images: int
) -> tuple[Array, float]:
    """The class told of each image, and how long the run took [s]."""
    start = time.perf_counter()
    sim.run(n_images * period(settings))
    took = time.perf_counter() - start
    read = sim.data[output]
    return analysis.classify(read, settings.seconds, settings.skip, settings.rest, sim.dt), took
