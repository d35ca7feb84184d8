"""Systems with a Gram matrix: factored once, solved for any number of right sides.

Importing scipy.linalg takes as long as building a network of some hundred neurons, so that
matrices of that size are left to NumPy, which has the factor but not what comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray

Systems = Callable[[FloatArray], FloatArray]

#: Larger matrices go to SciPy, which overwrites them where NumPy makes copies.
MOST_FOR_NUMPY = 1000

#: Columns that are eliminated together.
BLOCK = 64


def systems(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[Systems, float]:
    """The map from B to G⁻¹ B for a Gram matrix G, which may be overwritten, and its condition.

    The condition number is an estimate in the 1-norm, from below, O(n²).  A matrix that is
    singular to double precision is refused, in the name of the argument that was too small a
    ``penalty``.
    """
    if len(gram) > MOST_FOR_NUMPY:
        import scipy.linalg

        lower, condition = cholesky(who, penalty, value, gram)
        return lambda B: scipy.linalg.cho_solve((lower, True), B, check_finite=False), condition
    norm = one_norm(gram)
    try:
        solve = _substitution(np.linalg.cholesky(gram))
    except np.linalg.LinAlgError:
        _refuse(who, penalty, value)
    condition = norm * _norm_of_inverse(solve, len(gram))
    if not condition * np.finfo(float).eps < 1:
        _refuse(who, penalty, value)
    return solve, condition


def cholesky(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[FloatArray, float]:
    """The lower Cholesky factor of a Gram matrix, which is overwritten, and its condition.

    The upper triangle of the factor holds rubbish.  The rest is as in :func:`systems`.
    """
    import scipy.linalg

    norm = one_norm(gram)
    try:
        # The transpose of a symmetric C-ordered matrix is itself in LAPACK's order: no copy.
        lower, _ = scipy.linalg.cho_factor(gram.T, lower=True, overwrite_a=True, check_finite=False)
        reciprocal, _ = scipy.linalg.lapack.dpocon(lower, norm, uplo="L")
    except scipy.linalg.LinAlgError:
        reciprocal = 0.0
    if reciprocal < np.finfo(float).eps:
        _refuse(who, penalty, value)
    return lower, 1.0 / reciprocal


def one_norm(gram: FloatArray) -> float:
    """The largest sum of absolute values in a row, without a second matrix."""
    rows = range(0, len(gram), BLOCK)
    return max(float(np.abs(gram[i : i + BLOCK]).sum(axis=1).max()) for i in rows)


def _refuse(who: str, penalty: str, value: float) -> None:
    do = f"pass a larger {penalty}, or use Lstsq"
    check.fail(who, penalty, "make the Gram matrix positive definite", repr(value), do)


def _substitution(L: Any) -> Systems:
    """Solve L Lᵀ X = B a block of columns at a time, forward and then backward."""
    blocks = [slice(i, i + BLOCK) for i in range(0, len(L), BLOCK)]
    inverses = [np.linalg.inv(L[block, block]) for block in blocks]

    def solve(B: FloatArray) -> FloatArray:
        X = np.array(B)
        for block, inverse in zip(blocks, inverses, strict=True):
            X[block] = inverse @ X[block]
            X[block.stop :] -= L[block.stop :, block] @ X[block]
        for block, inverse in zip(blocks[::-1], inverses[::-1], strict=True):
            X[block] = inverse.T @ X[block]
            X[: block.start] -= L[block, : block.start].T @ X[block]
        return X

    return solve


def _norm_of_inverse(solve: Systems, n: int) -> float:
    """The 1-norm of the inverse of a symmetric matrix, from below.

    The norm is the largest ‖G⁻¹ x‖₁ with ‖x‖₁ = 1, a convex function of x that is largest at a
    corner; from one corner its slope tells the next (Hager 1984, SIAM J. Sci. Stat. Comput. 5).
    """
    x, norm = np.full(n, 1.0 / n), 0.0
    for _ in range(5):
        y = solve(x)
        slope = solve(np.copysign(1.0, y))
        norm = max(norm, float(np.abs(y).sum()))
        steepest = int(np.argmax(np.abs(slope)))
        if abs(slope[steepest]) <= slope @ x:
            break
        x = np.zeros(n)
        x[steepest] = 1.0
    return norm
