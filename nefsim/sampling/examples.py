"""Encoders for images, computed from labelled examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.sampling.base import Array, Distribution, Rng, generator
from nefsim.sampling.images import checked_patch, n_samples, placed, unit_rows


@dataclass(frozen=True, eq=False)
class CIW(Distribution):
    r"""Computed input weights: randomly signed sums of the examples of one class.

    .. math:: e \propto M_{xy} \odot \sum_{p:\, y_p = c} s_p \, (x_p - \bar{x}), \qquad
              s_p = \pm 1, \quad \lVert e \rVert = 1

    The class c is uniformly random. Since examples differ in pixels that vary, encoders have
    no weight on pixels that are always empty.

    Parameters
    ----------
    images : (P, D) or (P, height, width) array_like
        Examples, flattened row by row; :math:`\bar{x}` is their mean.
    labels : (P,) array_like of int
        The class of each example.
    patch : int or None
        Side [pixels] of a square patch at a random position, outside of which an encoder is 0;
        it needs images (P, height, width). None means the whole image.

    Raises
    ------
    ValueError, TypeError
        If the numbers of images and labels differ, or the patch is larger than the images.

    See Also
    --------
    ConstrainedDifference : Differences of examples of two classes.
    SparsePatches : Random encoders without examples.

    References
    ----------
    Tapson, J., de Chazal, P. and van Schaik, A. (2015). Explicit computation of input weights
    in extreme learning machines. Proceedings of ELM-2014 Volume 1, 41-49.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((20, 64))
    >>> CIW(images, np.arange(20) % 2).sample(3, d=64, rng=0).shape
    (3, 64)
    """

    images: ArrayLike
    labels: ArrayLike
    patch: int | None = None

    def __post_init__(self) -> None:
        self._set(**_examples("CIW", self.images, self.labels, self.patch))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        flat = images.reshape(len(images), -1) - images.mean(axis=0).ravel()
        of_class = [flat[labels == c] for c in np.unique(labels)]

        def draw(k: int, rng: np.random.Generator) -> Array:
            class_of_row = rng.integers(len(of_class), size=k)
            sums = np.empty((k, flat.shape[1]))
            for c, examples in enumerate(of_class):
                rows = np.flatnonzero(class_of_row == c)
                signs = rng.choice([-1.0, 1.0], (len(rows), len(examples)))
                sums[rows] = signs @ examples
            return sums

        return _nonzero_in_patches(
            self, draw, n_samples(self, n, d, images.shape[1:]), generator(self, rng)
        )


@dataclass(frozen=True, eq=False)
class ConstrainedDifference(Distribution):
    r"""Differences of two examples of different classes.

    .. math:: e \propto M_{xy} \odot (x_p - x_q), \qquad y_p \ne y_q, \quad
              \lVert e \rVert = 1

    The examples p and q are random; the two classes differ in the direction of the encoder.

    Parameters
    ----------
    images : (P, D) or (P, height, width) array_like
        Examples, flattened row by row.
    labels : (P,) array_like of int
        The class of each example; at least two classes.
    patch : int or None
        Side [pixels] of a square patch at a random position, outside of which an encoder is 0;
        it needs images (P, height, width). None means the whole image.

    Raises
    ------
    ValueError, TypeError
        If the numbers of images and labels differ, all labels are equal, or the patch is larger
        than the images.

    See Also
    --------
    CIW : Random sums of the examples of one class.

    References
    ----------
    Zhu, W., Miao, J. and Qing, L. (2014). Constrained extreme learning machine: a novel highly
    discriminative random feedforward neural network. International Joint Conference on Neural
    Networks, 800-807.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((20, 8, 8))
    >>> e = ConstrainedDifference(images, np.arange(20) % 2, patch=3).sample(4, d=64, rng=0)
    >>> np.count_nonzero(e, axis=1).tolist()
    [9, 9, 9, 9]
    """

    images: ArrayLike
    labels: ArrayLike
    patch: int | None = None

    def __post_init__(self) -> None:
        who = "ConstrainedDifference"
        checked = _examples(who, self.images, self.labels, self.patch)
        if len(np.unique(checked["labels"])) < 2:
            check.fail(who, "labels", "have two classes or more", "one", "pass labels that differ")
        self._set(**checked)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        flat = images.reshape(len(images), -1)

        def draw(k: int, rng: np.random.Generator) -> Array:
            first, second = rng.integers(len(flat), size=(2, k))
            while (alike := labels[first] == labels[second]).any():
                second[alike] = rng.integers(len(flat), size=alike.sum())
            return flat[first] - flat[second]

        return _nonzero_in_patches(
            self, draw, n_samples(self, n, d, images.shape[1:]), generator(self, rng)
        )


#: How often an encoder that is 0 within its patch is drawn again.
MOST_TRIES = 100


def _nonzero_in_patches(
    distribution: Any,
    draw: Callable[[int, np.random.Generator], Array],
    n: int,
    rng: np.random.Generator,
) -> Array:
    """Rows of ``draw``, masked by random patches; rows that are 0 in a patch are drawn again."""
    images, patch = np.asarray(distribution.images), distribution.patch
    encoders = np.zeros((n, math.prod(images.shape[1:])))
    zero = np.arange(n)
    for _ in range(MOST_TRIES):
        encoders[zero] = draw(len(zero), rng)
        if patch is not None:
            window = np.ones((len(zero), patch, patch))
            encoders[zero] *= placed(window, images.shape[1:], rng)
        zero = np.flatnonzero(~encoders.any(axis=1))
        if not len(zero):
            return unit_rows(encoders)
    who = f"{type(distribution).__name__}.sample"
    do = "pass images that differ, or a larger patch"
    check.fail(who, "images", "differ within most patches", f"{len(zero)} zero encoders", do)


def _examples(who: str, images: Any, labels: Any, patch: Any) -> dict[str, Any]:
    """Check the images, labels and patch."""
    do = "pass images (P, D) or (P, height, width)"
    checked = check.array(who, "images", images, do=do)
    if checked.ndim not in (2, 3) or not checked.size:
        check.fail(who, "images", "have shape (P, D) or (P, height, width)", checked, do)
    classes = check.classes(who, "labels", labels, len(checked))
    if patch is not None:
        if checked.ndim != 3:
            do = "reshape images to (P, height, width), or leave patch out"
            check.fail(who, "patch", "be None with flat images", patch, do)
        patch = checked_patch(who, patch, checked.shape[1:])
    return {"images": checked, "labels": classes, "patch": patch}
