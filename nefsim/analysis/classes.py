"""Classes from the decoded output of a classifier, accuracy, and confusion matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.analysis.errors import window_steps

Labels = NDArray[np.int64]


def classify(
    output: ArrayLike,
    presentation_time: float,
    skip: float = 0.0,
    rest: float = 0.0,
    dt: float = 0.001,
) -> Labels:
    r"""The class in each presentation: the index of the largest mean output.

    .. math:: c_i = \mathrm{argmax}_c \, \langle y_c(t) \rangle, \qquad
              skip < t - i \, (presentation\_time + rest) \le presentation\_time

    Parameters
    ----------
    output : (T, C) array_like
        Decoded output over time, a column for each class.
    presentation_time : float [s]
        Duration of each presentation.
    skip : float [s]
        Time at the start of each presentation to leave out, while the response to the previous
        input decays.
    rest : float [s]
        Pause after each presentation.
    dt : float [s]
        Time between rows.

    Returns
    -------
    (P,) ndarray of int
        The class in each complete presentation, even if the rest after the last is missing.

    Raises
    ------
    ValueError, TypeError
        If ``output`` is not a finite matrix, or a duration is out of range.

    See Also
    --------
    accuracy, confusion_matrix
    nefsim.PresentInput : The presentations.

    Examples
    --------
    >>> output = [[0.0, 1.0], [0.2, 0.9], [0.1, 0.8], [0.9, 0.0]]
    >>> classify(output, presentation_time=0.002, skip=0.001).tolist()
    [1, 0]
    """
    who = "classify"
    do = "pass one row per step and one column per class"
    y = check.array(who, "output", output, (None, None), do)
    if not y.size:
        check.fail(who, "output", "not be empty", f"shape {y.shape}", do)
    dt = check.seconds(who, "dt", dt)
    n_steps = window_steps(who, "presentation_time", presentation_time, dt, len(y))
    blank = round(check.seconds(who, "rest", rest, zero=True) / dt)
    first = round(check.seconds(who, "skip", skip, zero=True) / dt)
    if first >= n_steps:
        do = "pass a part of presentation_time"
        check.fail(who, "skip", f"be below {n_steps * dt:g} s", f"{first * dt:g} s", do)
    period = n_steps + blank
    n = (len(y) + blank) // period
    starts = np.arange(n)[:, None] * period + np.arange(first, n_steps)
    classes: Labels = y[starts].mean(axis=1).argmax(axis=1)
    return classes


def accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    r"""Share of correct predictions: :math:`\langle [\hat{c}_p = c_p] \rangle`.

    Parameters
    ----------
    labels : (P,) array_like of int
        The true classes.
    predicted : (P,) array_like of int
        The predicted classes, such as from `classify`.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        If a label is not a whole number from 0, or the lengths differ.

    See Also
    --------
    classify, confusion_matrix

    Examples
    --------
    >>> accuracy([0, 1, 2, 1], [0, 1, 1, 1])
    0.75
    """
    true, predictions = _pair("accuracy", labels, predicted)
    return float(np.mean(true == predictions))


def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, n_classes: int | None = None
) -> Labels:
    r"""Confusion matrix of a classifier, :math:`M_{ij} = \sum_p [c_p = i][\hat{c}_p = j]`.

    Parameters
    ----------
    labels : (P,) array_like of int
        The true classes, from 0.
    predicted : (P,) array_like of int
        The predicted classes.
    n_classes : int or None
        Number of classes; None means the largest label plus 1.

    Returns
    -------
    (n_classes, n_classes) ndarray of int
        A row for each true class, a column for each predicted class.

    Raises
    ------
    ValueError, TypeError
        If a label is not a whole number from 0 below ``n_classes``, or the lengths differ.

    See Also
    --------
    accuracy
    nefsim.plot.confusion_matrix : The matrix as an image.

    Examples
    --------
    >>> confusion_matrix([0, 1, 2, 1], [0, 1, 1, 1]).tolist()
    [[1, 0, 0], [0, 2, 0], [0, 1, 0]]
    """
    who = "confusion_matrix"
    true, predictions = _pair(who, labels, predicted)
    least = int(max(true.max(), predictions.max())) + 1
    n = least
    if n_classes is not None:
        n = check.integer(
            who, "n_classes", n_classes, "pass the number of classes, or None", least, 10**4
        )
    matrix: Labels = np.zeros((n, n), np.int64)
    np.add.at(matrix, (true, predictions), 1)
    return matrix


def _pair(who: str, labels: Any, predicted: Any) -> tuple[Labels, Labels]:
    true = check.classes(who, "labels", labels)
    return true, check.classes(who, "predicted", predicted, len(true))
