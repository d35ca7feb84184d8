"""Least squares with weights of the evaluation points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Info, Solve, Solver, peak
from nefsim.solvers.l2 import SHARE, factor_ridge


@dataclass(frozen=True, eq=False)
class LstsqWeighted(Solver):
    r"""Least squares with L2 regularisation and a weight for each evaluation point.

    .. math::

        \Bigl(A^\top S A + \sum_p s_p\, \sigma^2 I\Bigr) D = A^\top S Y,
        \qquad S = \mathrm{diag}(s), \quad \sigma = \mathrm{reg} \cdot \max A

    Equal weights give ``LstsqL2``. A weight of 2 counts a point twice. A common factor of all
    weights has no effect.

    Parameters
    ----------
    sample_weights : (P,) or (P, D_out) array_like, callable or "balanced"
        Weights s, not negative and not all 0, for all outputs or one column per output. A
        function takes the targets (P, D_out) and returns such weights; it must be pure.
        "balanced" gives 1/(2 p) where the target is above 0, for a share p of the points, and
        1/(2 (1 - p)) elsewhere: in a one-vs-all classifier a rare class then has the same
        total weight as the others.
    reg : float
        Standard deviation of the noise, as a share of the maximum rate.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If a weight is negative, all are 0, or their shape does not fit the targets.

    See Also
    --------
    LstsqL2 : Equal weights.
    Softmax : Decoders of a classifier by maximum likelihood.

    Notes
    -----
    Weights of shape (P,) need one factorisation for all targets. Others need one per output,
    computed when the targets are passed, with one in memory at a time; ``condition`` is then
    the largest of them.

    Examples
    --------
    >>> A = np.array([[10.0, 20.0], [20.0, 20.0], [30.0, 20.0], [40.0, 20.0]])
    >>> targets = np.array([[-1.0], [-1.0], [-1.0], [1.0]])
    >>> decoders, info = LstsqWeighted("balanced", reg=0.01)(A, targets)
    >>> (A @ decoders).round(1).ravel().tolist()
    [-1.5, -0.7, 0.0, 0.7]
    """

    sample_weights: ArrayLike | Callable[[FloatArray], ArrayLike] | Literal["balanced"]
    reg: float = 0.1
    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._set(
            reg=check.real("LstsqWeighted", "reg", self.reg, SHARE, low=0.0),
            weights=check.flag("LstsqWeighted", "weights", self.weights),
        )
        if isinstance(self.sample_weights, str):
            check.one_of("LstsqWeighted", "sample_weights", self.sample_weights, ("balanced",))
        elif callable(self.sample_weights):
            check.function("LstsqWeighted", "sample_weights", self.sample_weights)
        else:
            self._set(sample_weights=_checked("sample_weights", self.sample_weights))

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        sample_weights = _balanced if isinstance(self.sample_weights, str) else self.sample_weights
        if callable(sample_weights):

            def from_targets(Y: FloatArray) -> tuple[FloatArray, Info]:
                name = "sample_weights(targets)"
                s = _fitted(name, _checked(name, sample_weights(Y.copy())), len(A))
                return self._by_columns(A, Y, s)

            return from_targets
        s = _fitted("sample_weights", np.asarray(sample_weights, dtype=np.float64), len(A))
        return self._shared(A, s) if s.ndim == 1 else lambda Y: self._by_columns(A, Y, s)

    def _shared(self, A: FloatArray, s: FloatArray) -> Solve:
        """Factor with weights (P,) shared by all outputs."""
        root = np.sqrt(s)[:, None]
        ridge = float(s.sum()) * (self.reg * peak(A)) ** 2
        solve, condition = factor_ridge("LstsqWeighted", self.reg, root * A, ridge)
        return lambda Y: (solve(root * Y), {"condition": condition})

    def _by_columns(self, A: FloatArray, Y: FloatArray, s: FloatArray) -> tuple[FloatArray, Info]:
        if s.ndim == 1:
            return self._shared(A, s)(Y)
        if s.shape != Y.shape:
            do = "pass one column per output, or weights of shape (P,)"
            must = f"have the shape of the targets {Y.shape}"
            check.fail("LstsqWeighted", "sample_weights", must, f"shape {s.shape}", do)
        solved = [self._shared(A, s[:, j])(Y[:, [j]]) for j in range(Y.shape[1])]
        condition = max(figures["condition"] for _, figures in solved)
        return np.hstack([column for column, _ in solved]), {"condition": condition}


def _balanced(Y: FloatArray) -> FloatArray:
    """Weights with equal sums over the points above 0 and over the others, in each column."""
    above = Y > 0
    p = above.mean(axis=0)
    if (p == 0).any() or (p == 1).any():
        j = int(np.argmax((p == 0) | (p == 1)))
        got = f"none of {'the others' if p[j] else 'these'} in column {j}"
        do = "pass targets with both, or other weights"
        check.fail("LstsqWeighted", "targets", "be above 0 at some points only", got, do)
    return np.where(above, 1 / (2 * p), 1 / (2 * (1 - p)))


def _checked(name: str, value: ArrayLike) -> FloatArray:
    """Checked weights (P,) or (P, D_out), with a value above 0 in each column."""
    do = "pass weights from 0, (P,) or (P, D_out), or a function of the targets"
    s = check.array("LstsqWeighted", name, value, do=do, low=0.0)
    if s.ndim not in (1, 2) or not s.size:
        check.fail("LstsqWeighted", name, "have shape (P,) or (P, D_out)", f"shape {s.shape}", do)
    if not s.any(axis=0).all():
        check.fail("LstsqWeighted", name, "be above 0 at some point", "only zeros", do)
    return s


def _fitted(name: str, s: FloatArray, n_points: int) -> FloatArray:
    if len(s) != n_points:
        do = "pass one weight per evaluation point"
        must = f"have {n_points} rows"
        check.fail("LstsqWeighted", name, must, f"shape {s.shape}", do)
    return s
