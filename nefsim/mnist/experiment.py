"""One run: build a network, let it learn or solve, show it the images, count."""

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
    """Train on some images, present others to the spikes, and report.

    Parameters
    ----------
    settings : Settings
        The network and how it learns.
    data : LabelledImages
        Such as ``datasets.mnist()`` or ``datasets.digits()``.
    validate : bool
        Whether to test on held-out training images: settings are chosen on these, never on
        the test images.

    Returns
    -------
    dict
        ``rule``, ``encoders``, ``neurons``, ``seed``; ``train`` and ``test``, how many images;
        ``train_accuracy`` and ``test_accuracy`` of the spikes after learning; ``confusion`` of
        the test images, a list for each true class; ``seconds`` of wall time, those of the run
        alone, ``model_seconds`` of model time, ``peak_mb``; and what the way of learning adds,
        such as ``during_accuracy``, the share of training images that were told right while
        they were being taught, and ``gini``.
    """
    start = time.perf_counter()
    images = of.task(data, settings, validate)
    how = by_solving if settings.rule in of.SOLVED else by_learning
    answers = (by_plain_learning if settings.plain else how)(settings, images)
    told, known, shown = answers.told, answers.known, images.n_shown
    return {
        "rule": settings.rule,
        "encoders": settings.encoders,
        "neurons": settings.neurons,
        "seed": settings.seed,
        "train": len(images.train_images),
        "test": len(images.test_images),
        "train_accuracy": analysis.accuracy(images.train_labels[:shown], known),
        "test_accuracy": analysis.accuracy(images.test_labels, told),
        **answers.more,
        "seconds": time.perf_counter() - start,
        "run_seconds": answers.run_seconds,
        "model_seconds": answers.model_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "confusion": analysis.confusion_matrix(images.test_labels, told, images.n_classes).tolist(),
    }
