"""One run of the experiment: build a network, train it, and test it on images."""

from __future__ import annotations

import resource
import time
from typing import Any

from nefsim import analysis
from nefsim.datasets import LabelledImages
from nefsim.mnist import settings as of
from nefsim.mnist.learned import by_learning
from nefsim.mnist.plain import by_plain_learning
from nefsim.mnist.settings import Settings
from nefsim.mnist.solved import by_solving


def run(settings: Settings, data: LabelledImages, validate: bool = False) -> dict[str, Any]:
    """Train a network on images, test it on others, and report accuracies and times.

    Parameters
    ----------
    settings : Settings
        The network and how it learns.
    data : LabelledImages
        Images, such as ``datasets.mnist()`` or ``datasets.digits()``.
    validate : bool
        Whether to test on held-out training images, for the choice of settings.

    Returns
    -------
    dict
        ``rule``, ``encoders``, ``neurons`` and ``seed``; ``train`` and ``test``, the numbers of
        images; ``train_accuracy`` and ``test_accuracy`` of the spikes after learning;
        ``confusion``, the confusion matrix of the test images; wall time ``seconds`` in all
        and ``run_seconds`` of the run; ``model_seconds``; ``peak_mb``.  Rules add further
        figures, such as ``during_accuracy``, the accuracy on training images during learning,
        and ``gini``.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range for the network, which is built here.

    See Also
    --------
    Settings : The settings and their defaults.
    nefsim.datasets.mnist, nefsim.datasets.digits : Images.
    """
    start = time.perf_counter()
    images = of.task(data, settings, validate)
    how = by_solving if settings.rule in of.SOLVED else by_learning
    answers = (by_plain_learning if settings.plain else how)(settings, images)
    test_classes, train_classes, n_repeated = (
        answers.test_classes,
        answers.train_classes,
        images.n_repeated,
    )
    return {
        "rule": settings.rule,
        "encoders": settings.encoders,
        "neurons": settings.neurons,
        "seed": settings.seed,
        "train": len(images.train_images),
        "test": len(images.test_images),
        "train_accuracy": analysis.accuracy(images.train_labels[:n_repeated], train_classes),
        "test_accuracy": analysis.accuracy(images.test_labels, test_classes),
        **answers.more,
        "seconds": time.perf_counter() - start,
        "run_seconds": answers.run_seconds,
        "model_seconds": answers.model_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "confusion": analysis.confusion_matrix(
            images.test_labels, test_classes, images.n_classes
        ).tolist(),
    }
