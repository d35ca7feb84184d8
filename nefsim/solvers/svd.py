"""Least squares without a penalty, by a cut-off of small singular values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Solve, Solver


@dataclass(frozen=True, eq=False)
class Lstsq(Solver):
    r"""Least squares by singular value decomposition, with a cut-off of small values.

    .. math::

        D = \sum_{s_k > \mathrm{rcond}\, s_1} v_k \frac{1}{s_k} u_k^\top Y,
        \qquad A = \sum_k s_k\, u_k v_k^\top

    Parameters
    ----------
    rcond : float
        Singular values of A up to rcond times the largest count as zero; below 1.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``rcond`` is not a number from 0 and below 1.

    See Also
    --------
    LstsqL2 : Least squares with a penalty.
    PseudoInverse : The pseudo-inverse of the Gram matrix.

    Notes
    -----
    ``info`` also has ``rank``, the number of singular values above the cut-off;
    ``condition`` is the ratio of the largest to the smallest of these.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = Lstsq()(A, [-1, 0, 1])
    >>> decoders.round(4).tolist(), info["rank"]
    ([[0.025], [-0.025]], 2)
    """

    rcond: float = 0.01
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            rcond=_rcond("Lstsq", self.rcond),
            weights=check.flag("Lstsq", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        left, scaled_right, figures = _cut_svd(A, self.rcond)
        return lambda Y: (scaled_right @ (left.T @ Y), figures.copy())


@dataclass(frozen=True, eq=False)
class PseudoInverse(Solver):
    r"""Decoders by the pseudo-inverse of the Gram matrix, as in plain-loop NEF programs.

    .. math:: D = (A^\top A)^+ A^\top Y

    There is no penalty, and the default cut-off removes only singular values that are zero
    within rounding errors. The Gram matrix has the square of the condition number of A. With
    many neurons or noisy rates the decoders are large and fit the noise. Prefer ``LstsqL2``;
    use this solver for comparison with plain-loop programs.

    Parameters
    ----------
    rcond : float
        Singular values of the Gram matrix up to rcond times the largest count as zero;
        below 1.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``rcond`` is not a number from 0 and below 1.

    See Also
    --------
    Lstsq : The same decoders from A, not from its Gram matrix.
    LstsqL2 : Least squares with a penalty.

    Notes
    -----
    ``info`` also has ``rank``, the number of singular values above the cut-off;
    ``condition`` is the ratio of the largest to the smallest of these.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = PseudoInverse()(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.025], [-0.025]]
    """

    rcond: float = 1e-15
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            rcond=_rcond("PseudoInverse", self.rcond),
            weights=check.flag("PseudoInverse", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        left, scaled_right, figures = _cut_svd(A.T @ A, self.rcond)
        inverse = scaled_right @ left.T
        return lambda Y: (inverse @ (A.T @ Y), figures.copy())


def _rcond(who: str, value: float) -> float:
    do = "pass a share of the largest singular value such as 0.01"
    return check.real(who, "rcond", value, do, low=0.0, high=1.0, open_high=True)


def _cut_svd(M: FloatArray, rcond: float) -> tuple[FloatArray, FloatArray, dict[str, Any]]:
    """U and V/s of the singular values above rcond times the largest, and ``info``."""
    left, values, right = np.linalg.svd(M, full_matrices=False)
    rank = int(np.count_nonzero(values > rcond * values[0]))
    figures = {"condition": float(values[0] / values[rank - 1]), "rank": rank}
    return left[:, :rank], right[:rank].T / values[:rank], figures
