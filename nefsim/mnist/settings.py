"""What can be set of the experiment with handwritten digits, and its images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.datasets import LabelledImages
from nefsim.sampling import (
    CIW,
    ConstrainedDifference,
    Distribution,
    SparseGabor,
    SparsePatches,
    UniformHypersphere,
)
from nefsim.solvers import LstsqL2, LstsqWeighted, Softmax, Solver

Array = NDArray[Any]

#: Encoders for images of a shape, from training images and their labels.
ENCODERS: dict[str, Callable[[tuple[int, int], int, Array, Array], Distribution]] = {
    "gaussian": lambda shape, patch, images, labels: UniformHypersphere(surface=True),
    "gabor": lambda shape, patch, images, labels: SparseGabor(shape, patch),
    "sparse": lambda shape, patch, images, labels: SparsePatches(shape, patch),
    "cd": lambda shape, patch, images, labels: ConstrainedDifference(images, labels, patch=patch),
    "ciw": lambda shape, patch, images, labels: CIW(images, labels, patch=patch),
}

#: Side of a patch as a share of the image's, chosen on held-out images of MNIST.
PATCH = {"gabor": 13 / 28, "sparse": 13 / 28, "cd": 11 / 28, "ciw": 11 / 28}

#: Rules that solve for decoders in closed form, from tuning curves.
SOLVED: dict[str, Callable[[float], Solver]] = {
    "ridge": lambda reg: LstsqL2(reg=reg),
    "weighted": lambda reg: LstsqWeighted("balanced", reg=reg),
    "softmax": lambda reg: Softmax(reg=reg),
}

#: Rules that learn while spikes flow.
LEARNED = ("pes", "hpes", "rls")

#: Most training images that are shown once more, to tell how well they are known, and that
#: encoders are made from.
MOST_SHOWN = 2000

#: How many training images, the last, are held out to choose settings on.
N_VALIDATE = 10_000


@dataclass(frozen=True)
class Settings:
    """What can be set; times in seconds, rates in hertz.

    Attributes
    ----------
    rule : str
        How decoders are found: one of ``SOLVED`` or ``LEARNED``.
    plain : bool
        The network as it is first written: default encoders, the output and the error in
        spiking populations of their own, the decoders random at the start, the images in
        their order, PES.
    encoders : str
        One of ``ENCODERS``.
    neurons, output_neurons : int
        Size of the population, and of that of the output where hPES learns or ``plain`` is set
        (where the error has one of the same size).
    train, test : int
        How many images.
    epochs : int
        How often the training images are shown to a rule that learns, in a new order each.
    seconds, skip, rest : float
        How long each image is shown, how much of that is not read, and how long nothing is
        shown after it.
    learning_rate : float or None
        Of a rule that learns; None takes one that suits it.
    reg : float
        Of a solver, and of the rule rls, which ends where ridge does: a share of the maximum
        rate.
    supervision, bcm_scale : float
        Of hPES.
    intercepts, max_rates : (float, float)
        Ranges to draw from.
    seed : int
        Of everything random.
    backend : str
        What takes the steps.
    """

    rule: str = "ridge"
    plain: bool = False
    encoders: str = "gabor"
    neurons: int = 2000
    output_neurons: int = 250
    train: int = 1000
    test: int = 10_000
    epochs: int = 1
    seconds: float = 0.05
    skip: float = 0.01
    rest: float = 0.0
    learning_rate: float | None = None
    reg: float = 0.05
    supervision: float = 0.7
    bcm_scale: float = 0.001
    intercepts: tuple[float, float] = (0.0, 0.0)
    max_rates: tuple[float, float] = (100.0, 100.0)
    seed: int = 0
    backend: str = "auto"

    def __post_init__(self) -> None:
        who = "mnist"
        check.one_of(who, "rule", self.rule, (*SOLVED, *LEARNED))
        check.one_of(who, "encoders", self.encoders, tuple(ENCODERS))
        for name in ("neurons", "output_neurons", "train", "test", "epochs"):
            check.integer(who, name, getattr(self, name), "pass how many", 1, 10**7)
        if self.plain and self.rule != "pes":
            check.fail(who, "rule", "be pes in the plain network", self.rule, "pass rule='pes'")


#: The network as it is first written; each image is shown for half a second.
PLAIN = Settings(
    rule="pes",
    plain=True,
    encoders="gaussian",
    neurons=200,
    output_neurons=50,
    test=300,
    seconds=0.5,
    skip=0.25,
    learning_rate=1e-4,
)


@dataclass(frozen=True)
class Task:
    """The images of one run: to learn from, to be tested on, and their size."""

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array
    shape: tuple[int, int]
    n_classes: int

    @property
    def n_shown(self) -> int:
        """How many of the training images are shown once more after learning."""
        return min(len(self.train_images), MOST_SHOWN)


def task(data: LabelledImages, settings: Settings, validate: bool = False) -> Task:
    """The first images of each kind, or held-out training images in place of test images."""
    images, labels = np.asarray(data.train_images), np.asarray(data.train_labels)
    test = (np.asarray(data.test_images), np.asarray(data.test_labels))
    if validate:
        held = min(N_VALIDATE, len(images) // 4)
        test = (images[-held:], labels[-held:])
        images, labels = images[:-held], labels[:-held]
    n, m = settings.train, settings.test
    return Task(images[:n], labels[:n], test[0][:m], test[1][:m], data.shape, data.n_classes)


def encoders(settings: Settings, of: Task) -> Array:
    """Encoders (N, pixels) drawn with the seed."""
    most = of.train_images[:MOST_SHOWN]
    pictures, labels = most.reshape(-1, *of.shape), of.train_labels[:MOST_SHOWN]
    patch = round(PATCH.get(settings.encoders, 1.0) * min(of.shape))
    kind = ENCODERS[settings.encoders](of.shape, patch, pictures, labels)
    return kind.sample(settings.neurons, most.shape[1], np.random.default_rng(settings.seed))
