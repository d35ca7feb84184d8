"""Encoders for images: patches at random places, and differences of labelled examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.sampling.base import Array, Distribution, Rng, generator, sample_shape

PATCH = "pass a side in pixels that fits into the image"


@dataclass(frozen=True, eq=False)
class SparsePatches(Distribution):
    r"""Normal numbers in a square patch at a random place of the image, 0 elsewhere.

    .. math:: e \propto M_{xy} \odot g, \qquad g \sim \mathcal{N}(0, I), \quad
              \lVert e \rVert = 1

    where the mask :math:`M_{xy}` is 1 in a patch that lies anywhere within the image, all
    places alike. A neuron that sees a part of the image says more about it than one that
    sees the sum of all: a local receptive field.

    Parameters
    ----------
    shape : (height, width)
        Size of the images; samples are images flattened row by row.
    patch : int
        Side of the patch in pixels, at most that of the image.

    References
    ----------
    McDonnell, M. D., Tissera, M. D., Vladusich, T., van Schaik, A. and Tapson, J. (2015).
    Fast, simple and accurate handwritten digit classification by training shallow neural
    network classifiers with the 'extreme learning machine' algorithm. PLoS ONE 10(8), e0134254.

    Examples
    --------
    >>> e = SparsePatches((28, 28), patch=9).sample(5, d=784, rng=0)
    >>> np.count_nonzero(e, axis=1).tolist()
    [81, 81, 81, 81, 81]
    """

    shape: tuple[int, int]
    patch: int = 9

    def __post_init__(self) -> None:
        shape = image_shape("SparsePatches", self.shape)
        self._set(shape=shape, patch=_patch("SparsePatches", self.patch, shape))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        n = _rows(self, n, d, self.shape)
        rng = generator(self, rng)
        values = rng.standard_normal((n, self.patch, self.patch))
        return _unit(_placed(values, self.shape, rng))


@dataclass(frozen=True, eq=False)
class SparseGabor(Distribution):
    r"""A Gabor function in a square patch at a random place of the image, 0 elsewhere.

    .. math:: e \propto M_{xy} \odot \exp\Bigl(-\frac{u^2 + v^2}{2 \sigma^2}\Bigr)
              \cos(2 \pi f u' + \varphi), \qquad u' = u \cos\theta + v \sin\theta, \quad
              \lVert e \rVert = 1

    with u and v from -1 to 1 across the patch, orientation θ and phase φ uniform from -π to π
    and f uniform in ``frequency``: what simple cells of the visual cortex see, and edges and
    strokes of what is written.

    Parameters
    ----------
    shape : (height, width)
        Size of the images; samples are images flattened row by row.
    patch : int
        Side of the patch in pixels, at most that of the image.
    frequency : (low, high)
        Range of f, in cycles per half patch; from 0.
    sigma : float
        σ, width of the envelope as a share of half the patch.

    References
    ----------
    Daugman, J. G. (1985). Uncertainty relation for resolution in space, spatial frequency, and
    orientation optimized by two-dimensional visual cortical filters. Journal of the Optical
    Society of America A 2(7), 1160-1169.

    Examples
    --------
    >>> e = SparseGabor((28, 28)).sample(5, d=784, rng=0)
    >>> np.linalg.norm(e, axis=1).round(12).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    >>> bool((np.count_nonzero(e, axis=1) <= 13 * 13).all())
    True
    """

    shape: tuple[int, int]
    patch: int = 13
    frequency: tuple[float, float] = (0.2, 2.0)
    sigma: float = 0.45

    def __post_init__(self) -> None:
        who = "SparseGabor"
        shape = image_shape(who, self.shape)
        do = "pass cycles (low, high) from 0, such as (0.2, 2.0)"
        low, high = (float(f) for f in check.array(who, "frequency", self.frequency, (2,), do, 0.0))
        if high < low:
            check.fail(who, "frequency", "have low at most high", f"({low:g}, {high:g})", do)
        sigma = check.positive(who, "sigma", self.sigma, "pass a share of half the patch")
        self._set(shape=shape, patch=_patch(who, self.patch, shape), frequency=(low, high))
        self._set(sigma=sigma)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        n = _rows(self, n, d, self.shape)
        rng = generator(self, rng)
        theta, phase = rng.uniform(-np.pi, np.pi, (2, n, 1, 1))
        cycles = rng.uniform(*self.frequency, (n, 1, 1))
        v, u = np.meshgrid(*2 * [np.linspace(-1.0, 1.0, self.patch)], indexing="ij")
        wave = np.cos(2 * np.pi * cycles * (u * np.cos(theta) + v * np.sin(theta)) + phase)
        values = wave * np.exp(-(u**2 + v**2) / (2 * self.sigma**2))
        return _unit(_placed(values, self.shape, rng))


@dataclass(frozen=True, eq=False)
class CIW(Distribution):
    r"""Computed input weights: sums with random signs of the examples of one class.

    .. math:: e \propto M_{xy} \odot \sum_{p:\, y_p = c} s_p \, (x_p - \bar{x}), \qquad
              s_p = \pm 1, \quad \lVert e \rVert = 1

    with the class c random, each alike. Encoders vary as the examples of a class do, so that
    none looks where nothing is ever seen.

    Parameters
    ----------
    images : (P, D) or (P, height, width) array_like
        Examples, flattened row by row; :math:`\bar{x}` is their mean.
    labels : (P,) array_like of int
        The class of each.
    patch : int or None
        Side in pixels of a patch at a random place, outside of which encoders are 0; needs
        images (P, height, width). None sees the whole image.

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
            chosen = rng.integers(len(of_class), size=k)
            drawn = np.empty((k, flat.shape[1]))
            for c, examples in enumerate(of_class):
                rows = np.flatnonzero(chosen == c)
                signs = rng.choice([-1.0, 1.0], (len(rows), len(examples)))
                drawn[rows] = signs @ examples
            return drawn

        return _seen(self, draw, _rows(self, n, d, images.shape[1:]), generator(self, rng))


@dataclass(frozen=True, eq=False)
class ConstrainedDifference(Distribution):
    r"""Differences of two examples of different classes.

    .. math:: e \propto M_{xy} \odot (x_p - x_q), \qquad y_p \ne y_q, \quad
              \lVert e \rVert = 1

    with p and q random. Along such a direction the two classes lie apart.

    Parameters
    ----------
    images : (P, D) or (P, height, width) array_like
        Examples, flattened row by row.
    labels : (P,) array_like of int
        The class of each; at least two classes.
    patch : int or None
        Side in pixels of a patch at a random place, outside of which encoders are 0; needs
        images (P, height, width). None sees the whole image.

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

        return _seen(self, draw, _rows(self, n, d, images.shape[1:]), generator(self, rng))


#: How often an encoder that sees nothing is drawn again.
MOST_TRIES = 100


def _seen(
    distribution: Any,
    draw: Callable[[int, np.random.Generator], Array],
    n: int,
    rng: np.random.Generator,
) -> Array:
    """Rows of ``draw`` within patches; those that are 0 there are drawn again."""
    images, patch = np.asarray(distribution.images), distribution.patch
    encoders = np.zeros((n, math.prod(images.shape[1:])))
    zero = np.arange(n)
    for _ in range(MOST_TRIES):
        encoders[zero] = draw(len(zero), rng)
        if patch is not None:
            window = np.ones((len(zero), patch, patch))
            encoders[zero] *= _placed(window, images.shape[1:], rng)
        zero = np.flatnonzero(~encoders.any(axis=1))
        if not len(zero):
            return _unit(encoders)
    who = f"{type(distribution).__name__}.sample"
    do = "pass images that differ, or a larger patch"
    check.fail(who, "images", "differ within most patches", f"{len(zero)} zero encoders", do)


def image_shape(who: str, shape: Any) -> tuple[int, int]:
    """A checked (height, width)."""
    do = "pass (height, width) in pixels"
    check.instance(who, "shape", shape, (tuple, list), "(height, width)", do)
    if len(shape) != 2:
        check.fail(who, "shape", "be (height, width)", shape, do)
    height, width = (check.integer(who, "shape", side, do, 1, 10**4) for side in shape)
    return height, width


def _patch(who: str, patch: Any, shape: tuple[int, ...]) -> int:
    return check.integer(who, "patch", patch, PATCH, 1, min(shape))


def _examples(who: str, images: Any, labels: Any, patch: Any) -> dict[str, Any]:
    """Checked images, labels and patch."""
    do = "pass images (P, D) or (P, height, width)"
    checked = check.array(who, "images", images, do=do)
    if checked.ndim not in (2, 3) or not checked.size:
        check.fail(who, "images", "have shape (P, D) or (P, height, width)", checked, do)
    do = "pass a whole number for each image"
    classes = check.array(who, "labels", labels, (len(checked),), do)
    if (classes != np.round(classes)).any():
        check.fail(who, "labels", "be whole numbers", f"{classes[classes % 1 > 0][0]:g}", do)
    if patch is not None:
        if checked.ndim != 3:
            do = "reshape images to (P, height, width), or leave patch out"
            check.fail(who, "patch", "be None with flat images", patch, do)
        patch = _patch(who, patch, checked.shape[1:])
    return {"images": checked, "labels": classes.astype(np.int64), "patch": patch}


def _rows(distribution: Distribution, n: Any, d: Any, shape: tuple[int, ...]) -> int:
    """How many samples, after a check that d is the number of pixels."""
    pixels = math.prod(shape)
    if d != pixels:
        who, do = f"{type(distribution).__name__}.sample", "match the dimensions to the images"
        check.fail(who, "d", f"be {pixels}, the pixels of an image", d, do)
    return sample_shape(distribution, n, d)[0]


def _placed(values: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Patches (n, k, k) at random places of images that are 0 elsewhere, (n, pixels)."""
    n, k = values.shape[:2]
    height, width = shape
    top, left = (rng.integers(side - k + 1, size=n)[:, None, None] for side in (height, width))
    down, across = np.arange(k)[:, None], np.arange(k)[None, :]
    images = np.zeros((n, height, width))
    images[np.arange(n)[:, None, None], top + down, left + across] = values
    return images.reshape(n, -1)


def _unit(encoders: Array) -> Array:
    unit: Array = encoders / np.linalg.norm(encoders, axis=1, keepdims=True)
    return unit
