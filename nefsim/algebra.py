"""Combine two linear systems, each given by its matrices A, B, C and D."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Matrices: TypeAlias = tuple[Array, Array, Array, Array]


def parallel(one: Matrices, other: Matrices) -> Matrices:
    """The parallel connection: both have the same input, and their outputs are added."""
    (A, B, C, D), (E, F, G, H) = one, other
    whole = np.zeros((len(A) + len(E),) * 2)
    whole[: len(A), : len(A)], whole[len(A) :, len(A) :] = A, E
    return whole, np.vstack([B, F]), np.hstack([C, G]), D + H


def series(first: Matrices, then: Matrices) -> Matrices:
    """The series: the output of ``first`` is the input of ``then``, whose states come first."""
    (A, B, C, D), (E, F, G, H) = then, first
    whole = np.block([[A, B @ G], [np.zeros((len(E), len(A))), E]])
    return whole, np.vstack([B @ H, F]), np.hstack([C, D @ G]), D @ H


def feedback(forward: Matrices, back: Matrices) -> Matrices:
    """The closed loop: the output of ``forward`` passes ``back`` and is added to the input.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the loop is undefined, as its gain within a step is 1.
    """
    (A, B, C, D), (E, F, G, H) = forward, back
    inner = np.eye(B.shape[1]) - H @ D
    if not np.linalg.cond(inner) < 1e12:
        raise np.linalg.LinAlgError("the loop is not defined")
    # The inner input is v = u + G z + H y, with y = C x + D v.
    from_u = np.linalg.inv(inner)
    from_x, from_z = from_u @ H @ C, from_u @ G
    return (
        np.block([[A + B @ from_x, B @ from_z], [F @ (C + D @ from_x), E + F @ D @ from_z]]),
        np.vstack([B @ from_u, F @ D @ from_u]),
        np.hstack([C + D @ from_x, D @ from_z]),
        D @ from_u,
    )
