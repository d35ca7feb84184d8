"""Random encoders for images: receptive fields at random positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.sampling.base import Array, Distribution, Rng, generator, sample_shape

PATCH = "pass a side in pixels that fits into the image"


@dataclass(frozen=True, eq=False)
class SparsePatches(Distribution):
    r"""Gaussian noise in a square patch at a random position of the image, 0 elsewhere.

    .. math:: e \propto M_{xy} \odot g, \qquad g \sim \mathcal{N}(0, I), \quad
              \lVert e \rVert = 1

    The mask :math:`M_{xy}` is 1 in a patch at a uniformly random position within the image.
    A local receptive field has more information about its part of the image than a sum over
    all pixels.

    Parameters
    ----------
    shape : (height, width)
        Size of the images; samples are images flattened row by row.
    patch : int
        Side of the patch in pixels, at most that of the image.

    Raises
    ------
    ValueError, TypeError
        If the patch does not fit into the image; on use, if d is not the number of pixels.

    See Also
    --------
    SparseGabor : Gabor functions in place of noise.
    CIW : Encoders from examples.

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
        self._set(shape=shape, patch=checked_patch("SparsePatches", self.patch, shape))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        n = n_samples(self, n, d, self.shape)
        rng = generator(self, rng)
        values = rng.standard_normal((n, self.patch, self.patch))
        return unit_rows(placed(values, self.shape, rng))


@dataclass(frozen=True, eq=False)
class SparseGabor(Distribution):
    r"""A Gabor function in a square patch at a random position of the image, 0 elsewhere.

    .. math:: e \propto M_{xy} \odot \exp\Bigl(-\frac{u^2 + v^2}{2 \sigma^2}\Bigr)
              \cos(2 \pi f u' + \varphi), \qquad u' = u \cos\theta + v \sin\theta, \quad
              \lVert e \rVert = 1

    u and v are coordinates from -1 to 1 in the patch. Orientation θ and phase φ are uniform
    from -π to π, and f is uniform in ``frequency``. Such encoders resemble receptive fields of
    simple cells in the visual cortex, and respond to edges and strokes.

    Parameters
    ----------
    shape : (height, width)
        Size of the images; samples are images flattened row by row.
    patch : int
        Side of the patch in pixels, at most that of the image.
    frequency : (low, high)
        Range of f in cycles per half patch, at least 0.
    sigma : float
        Width σ of the envelope, as a share of half the patch.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range; on use, if d is not the number of pixels.

    See Also
    --------
    SparsePatches : Noise in place of Gabor functions.
    CIW : Encoders from examples.

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
        self._set(shape=shape, patch=checked_patch(who, self.patch, shape), frequency=(low, high))
        self._set(sigma=sigma)

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        n = n_samples(self, n, d, self.shape)
        rng = generator(self, rng)
        theta, phase = rng.uniform(-np.pi, np.pi, (2, n, 1, 1))
        cycles = rng.uniform(*self.frequency, (n, 1, 1))
        v, u = np.meshgrid(*2 * [np.linspace(-1.0, 1.0, self.patch)], indexing="ij")
        wave = np.cos(2 * np.pi * cycles * (u * np.cos(theta) + v * np.sin(theta)) + phase)
        values = wave * np.exp(-(u**2 + v**2) / (2 * self.sigma**2))
        return unit_rows(placed(values, self.shape, rng))


def image_shape(who: str, shape: Any) -> tuple[int, int]:
    """Check the shape (height, width) of images."""
    do = "pass (height, width) in pixels"
    check.instance(who, "shape", shape, (tuple, list), "(height, width)", do)
    if len(shape) != 2:
        check.fail(who, "shape", "be (height, width)", shape, do)
    height, width = (check.integer(who, "shape", side, do, 1, 10**4) for side in shape)
    return height, width


def checked_patch(who: str, patch: Any, shape: tuple[int, ...]) -> int:
    return check.integer(who, "patch", patch, PATCH, 1, min(shape))


def n_samples(distribution: Distribution, n: Any, d: Any, shape: tuple[int, ...]) -> int:
    """Check the number of samples, and that d is the number of pixels."""
    pixels, who = math.prod(shape), f"{type(distribution).__name__}.sample"
    do = "match the dimensions to the images"
    if check.integer(who, "d", d, do) != pixels:
        check.fail(who, "d", f"be {pixels}, the pixels of an image", d, do)
    return sample_shape(distribution, n, d)[0]


def placed(values: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Images (n, pixels) with patches (n, k, k) at random positions and 0 elsewhere."""
    n, k = values.shape[:2]
    height, width = shape
    top, left = (rng.integers(side - k + 1, size=n)[:, None, None] for side in (height, width))
    down, across = np.arange(k)[:, None], np.arange(k)[None, :]
    images = np.zeros((n, height, width))
    images[np.arange(n)[:, None, None], top + down, left + across] = values
    return images.reshape(n, -1)


def unit_rows(encoders: Array) -> Array:
    unit: Array = encoders / np.linalg.norm(encoders, axis=1, keepdims=True)
    return unit
