"""Systems with a Gram matrix: factored once, solved for any number of right sides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray

Systems = Callable[[FloatArray], FloatArray]

#: Importing scipy.linalg takes as long as building a small network, whose matrices have at most
#: so many rows; NumPy has the factor, and of so small a one the inverse costs little.
MOST_FOR_NUMPY = 128


def systems(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[Systems, float]:
    """The map from B to G⁻¹ B for a Gram matrix G, which may be overwritten, and its condition.

    The condition number is in the 1-norm, of large matrices LAPACK's estimate.  A matrix that
    is singular to double precision is refused, in the name of the argument that was too small
    a ``penalty``.
    """
    if len(gram) > MOST_FOR_NUMPY:
        import scipy.linalg

        lower, condition = cholesky(who, penalty, value, gram)
        return lambda B: scipy.linalg.cho_solve((lower, True), B, check_finite=False), condition
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(gram))
        condition = float(np.linalg.norm(gram, 1) * np.linalg.norm(inverse.T @ inverse, 1))
    except np.linalg.LinAlgError:
        condition = np.inf
    if not condition * np.finfo(float).eps < 1:
        _refuse(who, penalty, value)
    return lambda B: inverse.T @ (inverse @ B), condition


def cholesky(who: str, penalty: str, value: float, gram: FloatArray) -> tuple[FloatArray, float]:
    """The lower Cholesky factor of a Gram matrix, which is overwritten, and its condition.

    The upper triangle of the factor holds rubbish.  The rest is as in :func:`systems`.
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
