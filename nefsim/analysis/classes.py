"""From the decoded output of a classifier to classes, and how many of them are right."""

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
    r"""The class that a network says in each presentation: the largest of its mean outputs.

    .. math:: c_i = \mathrm{argmax}_c \, \langle y_c(t) \rangle, \qquad
              skip < t - i \, (presentation\_time + rest) \le presentation\_time

    Parameters
    ----------
    output : (T, C) array_like
        Decoded output over time, a column for each class.
    presentation_time : float [s]
        How long each input is shown.
    skip : float [s]
        How much of the start of each presentation is left out, while what was before it fades.
    rest : float [s]
        How long nothing is shown after each input.
    dt : float [s]
        Time between rows.

    Returns
    -------
    (P,) ndarray of int
        The class in each presentation that is complete but for its rest.

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
    shown = window_steps(who, "presentation_time", presentation_time, dt, len(y))
    blank = round(check.seconds(who, "rest", rest, zero=True) / dt)
    first = round(check.seconds(who, "skip", skip, zero=True) / dt)
    if first >= shown:
        do = "pass a part of presentation_time"
        check.fail(who, "skip", f"be below {shown * dt:g} s", f"{first * dt:g} s", do)
    period = shown + blank
    n = (len(y) + blank) // period
    starts = np.arange(n)[:, None] * period + np.arange(first, shown)
    classes: Labels = y[starts].mean(axis=1).argmax(axis=1)
    return classes


def accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    r"""Share of the classes that are right: :math:`\langle [\hat{c}_p = c_p] \rangle`.

    Parameters
    ----------
    labels : (P,) array_like of int
        The true classes.
    predicted : (P,) array_like of int
        Those that were found, such as by `classify`.

    Returns
    -------
    float

    Examples
    --------
    >>> accuracy([0, 1, 2, 1], [0, 1, 1, 1])
    0.75
    """
    true, found = _pair("accuracy", labels, predicted)
    return float(np.mean(true == found))


def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, n_classes: int | None = None
) -> Labels:
    r"""How often each class was taken for each: :math:`M_{ij} = \sum_p [c_p = i][\hat{c}_p = j]`.

    Parameters
    ----------
    labels : (P,) array_like of int
        The true classes, from 0.
    predicted : (P,) array_like of int
        Those that were found.
    n_classes : int or None
        How many classes there are; None takes one more than the largest.

    Returns
    -------
    (n_classes, n_classes) ndarray of int
        A row for each true class.

    Examples
    --------
    >>> confusion_matrix([0, 1, 2, 1], [0, 1, 1, 1]).tolist()
    [[1, 0, 0], [0, 2, 0], [0, 1, 0]]
    """
    who = "confusion_matrix"
    true, found = _pair(who, labels, predicted)
    least = int(max(true.max(), found.max())) + 1
    n = least
    if n_classes is not None:
        n = check.integer(who, "n_classes", n_classes, "pass how many, or None", least, 10**4)
    matrix: Labels = np.zeros((n, n), np.int64)
    np.add.at(matrix, (true, found), 1)
    return matrix


def _pair(who: str, labels: Any, predicted: Any) -> tuple[Labels, Labels]:
    true = check.classes(who, "labels", labels)
    return true, check.classes(who, "predicted", predicted, len(true))
