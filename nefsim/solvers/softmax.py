"""A solver for classifiers, which maximises the likelihood of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Info, Solve, Solver, peak
from nefsim.solvers.l2 import SHARE


@dataclass(frozen=True, eq=False)
class Softmax(Solver):
    r"""Multinomial logistic regression with an L2 penalty on the decoders.

    .. math::

        D = \mathrm{argmin}\; -\frac{1}{P} \sum_{p c} Y_{pc} \log
        \frac{e^{(A D)_{pc}}}{\sum_k e^{(A D)_{pk}}} + \frac{\sigma^2}{2} \lVert D \rVert^2,
        \qquad \sigma = \mathrm{reg} \cdot \max A

    The index of the largest decoded value is the class. The decoded values are logarithms of
    odds and not the targets, so ``rmse`` means little; ``info["loss"]`` is the first term.

    Parameters
    ----------
    reg : float
        Standard deviation of the noise, as a share of the maximum rate, as in ``LstsqL2``;
        above 0, which makes the minimum unique. Use a smaller value than with ``LstsqL2``.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError
        On use, if targets are not at least 0 with rows that sum to 1.

    See Also
    --------
    LstsqWeighted : Least squares for a classifier with rare classes.
    nefsim.datasets.one_hot : Targets from labels.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, Springer, 2006, section 4.3.4.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0], [40, 10]]
    >>> decoders, info = Softmax()(A, [[0, 1], [0, 1], [1, 0], [1, 0]])
    >>> (np.array(A) @ decoders).argmax(axis=1).tolist()
    [1, 1, 0, 0]
    """

    reg: float = 0.01
    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._set(
            reg=check.real("Softmax", "reg", self.reg, SHARE, low=0.0, open_low=True),
            weights=check.flag("Softmax", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        from scipy.optimize import minimize

        top = peak(A)
        scaled = A / top

        def solve(Y: FloatArray) -> tuple[FloatArray, Info]:
            _check_shares(Y)
            shape = (A.shape[1], Y.shape[1])

            def loss(flat: FloatArray) -> tuple[float, FloatArray]:
                value, slope = _likelihood(scaled, Y, flat.reshape(shape))
                return value + self.reg**2 / 2 * float(
                    flat @ flat
                ), slope.ravel() + self.reg**2 * flat

            # In the variable top * D the penalty is reg² / 2, whatever the unit of A.
            start = np.zeros(shape[0] * shape[1])
            options = {"maxiter": 5000, "maxfun": 10000, "ftol": 1e-12, "gtol": 1e-7}
            result = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
            D = result.x.reshape(shape)
            figures = {"loss": _likelihood(scaled, Y, D)[0], "iterations": int(result.nit)}
            return D / top, figures

        return solve


def _likelihood(A: FloatArray, Y: FloatArray, D: FloatArray) -> tuple[float, FloatArray]:
    """Mean negative log-likelihood of the classes, and its gradient with respect to D."""
    values = A @ D
    values -= values.max(axis=1, keepdims=True)
    odds = np.exp(values)
    total = odds.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(total[:, 0]) - (Y * values).sum(axis=1)))
    return loss, A.T @ (odds / total - Y) / len(Y)


def _check_shares(Y: FloatArray) -> None:
    # The sum of a row of probabilities is 1 to rounding.
    bad = (Y < 0).any(axis=1) | (np.abs(Y.sum(axis=1) - 1) > 1e-9)
    if bad.any():
        row = int(np.argmax(bad))
        do = "pass 1 for the class of each point and 0 elsewhere, as datasets.one_hot does"
        must = "be from 0 with rows that sum to 1"
        got = f"a sum of {Y[row].sum():g} (row {row})"
        check.fail("Softmax", "targets", must, got, do)
