"""Least squares with nonnegative decoders, for excitatory connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Info, Solve, Solver, peak
from nefsim.solvers.l2 import SHARE

#: Largest condition number of a Gram matrix that is factored, which is at most N / reg² + 1 with N
#: neurons.  It is the square of that of activities and takes some 6 of 16 digits; beyond it,
#: activities are factored, which takes eight times as long.
MOST_CONDITION = 1e6


@dataclass(frozen=True, eq=False)
class Nnls(Solver):
    r"""Least squares with nonnegative decoders.

    .. math:: \min_{D \ge 0} \lVert A D - Y \rVert^2

    With ``weights=True`` all weights of a connection are excitatory. For targets that are
    negative at many points the decoders are 0.

    Parameters
    ----------
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError
        On use, if the active-set method does not converge.

    See Also
    --------
    NnlsL2 : The same with an L2 penalty.

    References
    ----------
    C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, Prentice-Hall, 1974.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = Nnls()(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.02], [0.0]]
    """

    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._set(weights=check.flag("Nnls", "weights", self.weights))

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        solve = _factor_nnls("Nnls", A, len(A))
        return lambda Y: (solve(Y), {})


@dataclass(frozen=True, eq=False)
class NnlsL2(Solver):
    r"""Least squares with L2 regularisation and nonnegative decoders.

    .. math::

        \min_{D \ge 0} \lVert A D - Y \rVert^2 + P \sigma^2 \lVert D \rVert^2,
        \qquad \sigma = \mathrm{reg} \cdot \max A

    Parameters
    ----------
    reg : float
        Standard deviation of the noise, as a share of the maximum rate.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``reg`` is negative or not a number.

    See Also
    --------
    Nnls : The same without a penalty.
    LstsqL2 : The same penalty, for decoders of both signs.

    Notes
    -----
    The penalty is that of ``LstsqL2``. If its decoders are nonnegative, they are the solution.
    Nengo's solver of this name replaces negative targets by 0 and minimises the residual of
    the normal equations. That is a different problem wherever the constraint is active.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = NnlsL2(reg=0.1)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.0195], [0.0]]
    """

    reg: float = 0.1
    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._set(
            reg=check.real("NnlsL2", "reg", self.reg, SHARE, low=0.0),
            weights=check.flag("NnlsL2", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        P, N = A.shape
        sigma = self.reg * peak(A)
        if MOST_CONDITION * self.reg**2 >= N:
            return _factor_gram("NnlsL2", A, P * sigma**2)
        # One more row per neuron, sqrt(P) sigma d_i -> 0, adds its penalty to the squares.
        augmented = np.vstack([A, np.sqrt(P) * sigma * np.eye(N)])
        solve = _factor_nnls("NnlsL2", augmented, P)
        return lambda Y: (solve(Y), {})


def _factor_nnls(who: str, M: FloatArray, n_points: int) -> Callable[[FloatArray], FloatArray]:
    """A function from targets Y to nonnegative D; targets of rows of M after the first P are 0.

    With M = QR, minimising the residual of R D = QᵀY gives the same D with fewer rows.
    """
    import scipy.linalg

    Q, R = scipy.linalg.qr(M, mode="economic", check_finite=False)
    return lambda Y: nonnegative(who, R, Q[:n_points].T @ Y)


def _factor_gram(who: str, A: FloatArray, ridge: float) -> Solve:
    """A function from targets Y to the nonnegative D of the equations with a ridge.

    With AᵀA + ridge I = LLᵀ, the residual of Lᵀ D = L⁻¹ AᵀY has the same minimum.
    """
    import scipy.linalg

    gram = A.T @ A
    gram.flat[:: len(gram) + 1] += ridge
    lower = np.asarray(np.linalg.cholesky(gram), np.float64)

    def solve(Y: FloatArray) -> tuple[FloatArray, Info]:
        sides = scipy.linalg.solve_triangular(lower, A.T @ Y, lower=True, check_finite=False)
        return nonnegative(who, lower.T, sides), {}

    return solve


def nonnegative(who: str, M: FloatArray, B: FloatArray) -> FloatArray:
    """The nonnegative D that minimises ‖M D - B‖, computed column by column."""
    import scipy.optimize

    columns = []
    for b in B.T:
        try:
            start, _ = scipy.optimize.nnls(M, b)
        except RuntimeError:  # too many iterations
            start = np.zeros(M.shape[1])
        columns.append(_settle(who, M, b, start))
    return np.stack(columns, axis=1)


def _settle(who: str, M: FloatArray, b: FloatArray, x: FloatArray) -> FloatArray:
    """Lawson and Hanson's active-set method, from a start ``x`` that is often the minimum.

    At the minimum, neither a larger value of a zero entry nor any change of another entry
    would reduce the residual. SciPy's ``nnls`` is quick, but several releases silently miss
    the minimum where a gain is 0 to rounding (scipy issues 21140 and 25389).
    """
    small = 100 * len(b) * np.finfo(float).eps * np.linalg.norm(M, axis=0) * np.linalg.norm(b)
    support = x > 0
    for _ in range(3 * len(x) + 1):
        gain = M.T @ (b - M @ x)
        fitted = bool((np.abs(gain) <= small)[support].all())
        free = np.where(support, -np.inf, gain - small)
        if fitted and free.max() <= 0:
            return x
        if fitted:
            support[np.argmax(free)] = True
        x, support = _fit(M, b, x, support)
    do = "add a penalty or remove neurons with equal tuning curves"
    got = "a set of positive decoders that does not converge"
    check.fail(who, "activities", "give a well-posed problem", got, do)


def _fit(
    M: FloatArray, b: FloatArray, x: FloatArray, support: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Least squares on the support; an entry that would fall below 0 leaves the support."""
    support = support.copy()
    while True:
        fit = np.zeros_like(x)
        fit[support] = np.linalg.lstsq(M[:, support], b, rcond=None)[0]
        below = np.flatnonzero(support & (fit <= 0))
        if not below.size:
            return fit, support
        tiny = np.finfo(float).tiny  # x = fit = 0 is no way at all
        shares = x[below] / np.maximum(x[below] - fit[below], tiny)
        x = np.maximum(x + shares.min() * (fit - x), 0.0)
        support[below[np.argmin(shares)]] = False
