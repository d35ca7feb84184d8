"""Labelled images, one-hot targets, and the small set of digits that comes with nefsim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.sampling.images import image_shape

#: Number of test images at the end of the bundled digits.
N_TEST_DIGITS = 500


@dataclass(frozen=True, eq=False)
class LabelledImages(Value):
    """Images and their class labels, for training and for testing.

    Parameters
    ----------
    train_images : (P, height * width) array_like
        Brightness of each pixel from 0 to 1, flattened row by row; stored as float32.
    train_labels : (P,) array_like of int
        The class of each, from 0.
    test_images : (Q, height * width) array_like
        As ``train_images``.
    test_labels : (Q,) array_like of int
        As ``train_labels``.
    shape : (height, width)
        Size of an image in pixels: ``train_images[0].reshape(shape)`` is a picture.

    Raises
    ------
    ValueError, TypeError
        If brightness is not from 0 to 1, labels are not whole numbers, or shapes do not fit.

    See Also
    --------
    digits, mnist

    Examples
    --------
    >>> LabelledImages([[0.0, 1.0]], [1], [[1.0, 0.0]], [0], shape=(1, 2)).n_classes
    2
    """

    train_images: ArrayLike
    train_labels: ArrayLike
    test_images: ArrayLike
    test_labels: ArrayLike
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        who = "LabelledImages"
        shape = image_shape(who, self.shape)
        for part in ("train", "test"):
            images, labels = f"{part}_images", f"{part}_labels"
            checked = _checked(who, images, getattr(self, images), math.prod(shape))
            classes = check.classes(who, labels, getattr(self, labels), len(checked))
            self._set(**{images: checked, labels: classes})
        self._set(shape=shape)

    @property
    def n_classes(self) -> int:
        """Number of classes: one more than the largest label."""
        return int(max(np.max(self.train_labels), np.max(self.test_labels))) + 1

    def __repr__(self) -> str:
        height, width = self.shape
        n_train, n_test = len(np.asarray(self.train_labels)), len(np.asarray(self.test_labels))
        return f"<{n_train} + {n_test} images of {height} x {width} in {self.n_classes} classes>"


def _checked(who: str, argument: str, images: Any, n_pixels: int) -> NDArray[np.float32]:
    """Images (P, n_pixels) as float32; arrays that cannot be changed are not copied."""
    # With many images, each further pass or copy takes a good part of the time to read them.
    fits = _is_constant(images) and images.shape[1:] == (n_pixels,) and len(images)
    if fits and images.min() >= 0 and images.max() <= 1:
        constant: NDArray[np.float32] = images
        return constant
    do = f"pass one row of {n_pixels} pixels from 0 to 1 per image"
    checked = check.array(who, argument, images, (None, n_pixels), do, 0.0, 1.0)
    if not len(checked):
        check.fail(who, argument, "hold an image", "none", do)
    return checked.astype(np.float32)


def _is_constant(value: Any) -> bool:
    """Whether a value is a read-only array of float32 that owns its memory."""
    if type(value) is not np.ndarray or value.dtype != np.float32:
        return False
    return bool(value.flags.owndata and not value.flags.writeable)


def digits() -> LabelledImages:
    """Handwritten digits of 8 x 8 pixels, which come with nefsim: 1297 + 500 images.

    The first 1297 images are for training, the other 500 for testing. Brightness is in steps
    of 1/16.

    Returns
    -------
    LabelledImages

    See Also
    --------
    mnist : 70,000 digits of 28 x 28 pixels.
    one_hot : Targets from the labels.

    References
    ----------
    Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten Digits (test part).
    UCI Machine Learning Repository, doi:10.24432/C50P49, licence CC BY 4.0.

    Examples
    --------
    >>> digits()
    <1297 + 500 images of 8 x 8 in 10 classes>
    """
    from importlib.resources import files

    bundled = files("nefsim.datasets").joinpath("digits.npz")
    with bundled.open("rb") as stream, np.load(stream, allow_pickle=False) as loaded:
        images, labels = loaded["X"] / 16.0, loaded["y"]
    at = len(labels) - N_TEST_DIGITS
    return LabelledImages(images[:at], labels[:at], images[at:], labels[at:], (8, 8))


def one_hot(labels: ArrayLike, n_classes: int | None = None) -> NDArray[np.float64]:
    r"""Targets of a classifier: 1 in the column of the class, 0 elsewhere.

    .. math:: Y_{pc} = [y_p = c]

    Parameters
    ----------
    labels : (P,) array_like of int
        The class of each, from 0.
    n_classes : int or None
        Number of columns; None takes one more than the largest label.

    Returns
    -------
    ndarray of shape (P, n_classes)

    Raises
    ------
    ValueError, TypeError
        If a label is not a whole number from 0 below ``n_classes``.

    See Also
    --------
    nefsim.Softmax, nefsim.LstsqWeighted : Solvers for classifiers.
    nefsim.analysis.classify : Classes from decoded output.

    Examples
    --------
    >>> one_hot([1, 0, 2])
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 1.]])
    """
    classes = check.classes("one_hot", "labels", labels)
    most = int(classes.max())
    if n_classes is None:
        n_classes = most + 1
    do = "pass the number of classes, or None"
    n = check.integer("one_hot", "n_classes", n_classes, do, most + 1, 10**6)
    return np.asarray(np.eye(n)[classes])
