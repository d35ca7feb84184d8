"""Settings, images and encoders of the experiment with handwritten digits."""

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

#: Rules that learn during the simulation.
LEARNED = ("pes", "hpes", "rls")

#: Maximum number of training images that are presented again after learning, for the training
#: accuracy, and that encoders are computed from.
MOST_SHOWN = 2000

#: Number of training images, at the end, that are held out for the choice of settings.
N_VALIDATE = 10_000


@dataclass(frozen=True)
class Settings:
    """Settings of the experiment; times in seconds, rates in hertz.

    Attributes
    ----------
    rule : str
        Solver or learning rule of the decoders: one of ``SOLVED`` or ``LEARNED``.
    plain : bool
        Whether to use a plain NEF network: default encoders, spiking populations for output
        and error, random initial decoders, PES, and images in their order.
    encoders : str
        Distribution of the encoders: one of ``ENCODERS``.
    neurons, output_neurons : int
        Number of neurons of the population, and of the output population with hPES or
        ``plain`` (whose error population has the same size).
    train, test : int
        Number of images.
    epochs : int
        Number of passes of a learning rule over the training images, each in a new order.
    seconds, skip, rest : float
        Duration of each presentation, of its first part to leave out of the output, and of the
        pause after it.
    learning_rate : float or None
        Learning rate of a rule; None means a suitable one.
    reg : float
        Regularisation of a solver or of the rule rls, as a share of the maximum rate.
    supervision, bcm_scale : float
        Arguments of :class:`nefsim.HPES`.
    intercepts, max_rates : (float, float)
        Ranges of uniform distributions.
    seed : int
        Seed of all random numbers.
    backend : str
        Name of the back end.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or not one of its options.

    See Also
    --------
    run : Run the experiment with these settings.

    Examples
    --------
    >>> Settings(rule="pes", neurons=500).epochs >= 1
    True
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
            check.integer(who, name, getattr(self, name), "pass a whole number above 0", 1, 10**7)
        if self.plain and self.rule != "pes":
            check.fail(who, "rule", "be pes in the plain network", self.rule, "pass rule='pes'")


#: Settings of the plain network, with presentations of half a second.
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
    """The training and test images of one run, their labels and their size."""

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array
    shape: tuple[int, int]
    n_classes: int

    @property
    def n_repeated(self) -> int:
        """Number of training images that are presented again after learning."""
        return min(len(self.train_images), MOST_SHOWN)


def task(data: LabelledImages, settings: Settings, validate: bool = False) -> Task:
    """Choose the first training and test images; ``validate`` takes both from training images."""
    images, labels = np.asarray(data.train_images), np.asarray(data.train_labels)
    test = (np.asarray(data.test_images), np.asarray(data.test_labels))
    if validate:
        held = min(N_VALIDATE, len(images) // 4)
        test = (images[-held:], labels[-held:])
        images, labels = images[:-held], labels[:-held]
    n, m = settings.train, settings.test
    return Task(images[:n], labels[:n], test[0][:m], test[1][:m], data.shape, data.n_classes)


def encoders(settings: Settings, of: Task) -> Array:
    """Draw encoders (N, pixels) from the seed."""
    most = of.train_images[:MOST_SHOWN]
    pictures, labels = most.reshape(-1, *of.shape), of.train_labels[:MOST_SHOWN]
    name, side = settings.encoders, min(of.shape)
    patch = round(PATCH[name] * side) if name in PATCH else side
    kind = ENCODERS[name](of.shape, patch, pictures, labels)
    return kind.sample(settings.neurons, most.shape[1], np.random.default_rng(settings.seed))
