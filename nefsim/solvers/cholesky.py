"""Cholesky factors of Gram matrices, for any number of right-hand sides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray

Systems = Callable[[FloatArray], FloatArray]

#: Largest matrix that is factored by NumPy [rows].  Importing scipy.linalg takes as long as
#: building a network with matrices of some hundred rows.  NumPy has no substitution, which is
#: written here; for larger matrices SciPy saves a copy, and its import costs little.
MOST_FOR_NUMPY = 2048

#: A triangle of up to 128 rows is inverted whole; of a larger one, diagonal blocks of 64 rows.
WHOLE, BLOCK = 128, 64


def systems(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[Systems, float]:
    """A function from B to G⁻¹ B for a Gram matrix G, and the condition number of G.

    G may be overwritten.  The condition number is in the 1-norm; for more than 128 rows it is an
    estimate.  If G is singular in double precision, the error says that the argument
    ``penalty`` is too small.
    """
    if len(gram) > MOST_FOR_NUMPY:
        import scipy.linalg

        lower, condition = cholesky(who, penalty, value, gram)
        return lambda B: scipy.linalg.cho_solve((lower, True), B, check_finite=False), condition
    try:
        solve = _substitution(np.asarray(np.linalg.cholesky(gram), np.float64))
        norm = np.abs(gram).sum(axis=0).max()
        condition = float(norm * _norm_of_inverse(solve, len(gram)))
    except np.linalg.LinAlgError:
        condition = np.inf
    if not condition * np.finfo(float).eps < 1:
        _refuse(who, penalty, value)
    return solve, condition


def _substitution(lower: FloatArray) -> Systems:
    """A function from B to (L Lᵀ)⁻¹ B for a lower triangle L, computed by blocks of rows.

    With the blocks T on the diagonal inverted once, ``Y_k = T_k⁻¹ (B_k - Σ_{j<k} L_kj Y_j)`` and
    then ``X_k = T_k⁻ᵀ (Y_k - Σ_{j>k} L_jkᵀ X_j)`` are products of matrices.
    """
    n = len(lower)
    step = n if n <= WHOLE else BLOCK
    blocks = [slice(i, min(i + step, n)) for i in range(0, n, step)]
    inverses = [np.linalg.inv(lower[rows, rows]) for rows in blocks]

    def solve(B: FloatArray) -> FloatArray:
        X = np.array(B)
        for rows, inverse in zip(blocks, inverses, strict=True):
            before = slice(0, rows.start)
            X[rows] = inverse @ (X[rows] - lower[rows, before] @ X[before])
        for rows, inverse in zip(reversed(blocks), reversed(inverses), strict=True):
            after = slice(rows.stop, None)
            X[rows] = inverse.T @ (X[rows] - lower[after, rows].T @ X[after])
        return X

    return solve


def _norm_of_inverse(solve: Systems, n: int) -> float:
    """The 1-norm of G⁻¹: exact for few rows, otherwise Hager's estimate from a few solutions.

    ``‖G⁻¹ x‖₁`` is convex, so its maximum over the unit ball is at a unit vector.  The search
    starts at the centre and moves to the unit vector of steepest growth until growth ends.
    """
    if n <= WHOLE:
        return float(np.abs(solve(np.eye(n))).sum(axis=0).max())
    x, estimate = np.full((n, 1), 1.0 / n), 0.0
    for _ in range(5):
        y = solve(x)
        estimate = max(estimate, float(np.abs(y).sum()))
        slope = solve(np.where(y < 0, -1.0, 1.0))
        steepest = int(np.abs(slope).argmax())
        if abs(slope[steepest, 0]) <= float(slope[:, 0] @ x[:, 0]):
            break
        x = np.zeros((n, 1))
        x[steepest] = 1.0
    return estimate


def cholesky(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[FloatArray, float]:
    """The lower Cholesky factor of a Gram matrix, which is overwritten, and its condition.

    The upper triangle of the factor is undefined.  Condition and error are as in
    :func:`systems`.
    """
    import scipy.linalg

    norm = scipy.linalg.lapack.dlange("1", gram.T)  # symmetric, and not copied
    try:
        # The transpose of a symmetric C-ordered matrix is itself in LAPACK's order: no copy.
        lower, _ = scipy.linalg.cho_factor(gram.T, lower=True, overwrite_a=True, check_finite=False)
        reciprocal, _ = scipy.linalg.lapack.dpocon(lower, norm, uplo="L")
    except scipy.linalg.LinAlgError:
        reciprocal = 0.0
    if reciprocal < np.finfo(float).eps:
        _refuse(who, penalty, value)
    return lower, 1.0 / reciprocal


def _refuse(who: str, penalty: str, value: float) -> None:
    do = f"pass a larger {penalty}, or use Lstsq"
    check.fail(who, penalty, "make the Gram matrix positive definite", repr(value), do)
