"""Least squares of many thousand neurons without their Gram matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nefsim.solvers.base import FloatArray

#: ``[function(item) for item in items]``, perhaps in threads.
Each = Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]

#: Neurons whose columns of the Gram matrix approximate it: a number, as many more for each output,
#: whose steps get the fewer the more columns there are, and the most.
COLUMNS, COLUMNS_OF_OUTPUT, MOST_COLUMNS = 150, 16, 400

#: The seed that draws these neurons.
SEED = 1

#: Slabs of points that threads share: a fixed number, so that no bit depends on the cores.
SLABS = 8

#: Points in a product of A and Aᵀ with a vector: their rates are read from memory once and stay
#: in the cache.
ROWS = 8

#: Most points, and fewest columns at once, of a product with several columns, and the most
#: products in it: OpenBLAS copies no part of smaller matrices, which takes longer than to multiply
#: by few columns.
MOST_ROWS, FEWEST_COLUMNS, PRODUCTS = 16, 4, 1_000_000

#: Points whose rates are converted to single precision together.
CONVERTED = 256

#: Eigenvalues below this share of the largest one are rounding errors of single precision.
SHARE = 1e-7

#: The residual at the end as a share of M^-½ AᵀY, about as far as a Cholesky factor gets, and the
#: most steps until then.
TOLERANCE, MOST_STEPS = 1e-12, 100


@dataclass(frozen=True, eq=False)
class Ridge:
    r"""The system :math:`(A^\top A + r I) D = A^\top Y`, solved by conjugate gradients.

    The eigenvalues of :math:`A^\top A` fall quickly: of 9000 neurons in two dimensions about a
    hundred are above r.  So the Nyström approximation
    :math:`A^\top A \approx C W^{-1} C^\top = r B B^\top`, from the columns C of some neurons, with
    W their own rows, is near to it beyond r, and
    :math:`M = r (I + B B^\top)` a preconditioner after which 10 to 20 steps are enough where
    r is that of ``reg=0.1``.
    A step reads A once; in place of N² P operations the solution needs some 500 N P.
    The columns of Y are solved for together, so that each step searches the directions of all
    of them, which an orthogonal basis keeps apart.

    Parameters
    ----------
    activities : ndarray, shape (P, N)
        Rates A.
    value : float
        r, above 0.
    basis, factors : ndarray, shape (N, k) and (k,)
        U and f with :math:`M^{-1/2} = (I - U \mathrm{diag}(f)\, U^\top) / \sqrt r`.
    each : callable
        Applies a function to items, perhaps in threads.

    References
    ----------
    Z. Frangella, J. A. Tropp and M. Udell, Randomized Nyström preconditioning, SIAM Journal on
    Matrix Analysis and Applications 44 (2023).  A. A. Dubrulle, Retooling the method of block
    conjugate gradients, Electronic Transactions on Numerical Analysis 12 (2001).
    """

    activities: FloatArray
    value: float
    basis: FloatArray
    factors: FloatArray
    each: Each

    def solve(self, targets: FloatArray) -> FloatArray | None:
        """D (N, k) of targets Y (P, k); None if the steps were too few."""
        # The transposes of products of few rows take less time than those of few columns.
        parts = self.each(lambda rows: targets[rows].T @ self.activities[rows], self.slabs)
        right = self._half(np.asarray(sum(parts)).T)
        return self._half(found) if (found := self._iterate(right)) is not None else None

    def errors(self, decoders: FloatArray, targets: FloatArray) -> FloatArray:
        """Root-mean-square error of A D - Y for each column of D (N, k)."""

        def squares(rows: slice) -> Any:
            decoded = decoders.T @ self.activities[rows].T
            return np.sum((decoded - targets[rows].T) ** 2, axis=1)

        total = np.asarray(sum(self.each(squares, self.slabs)))
        return np.asarray(np.sqrt(total / len(targets)))

    @property
    def slabs(self) -> list[slice]:
        """Slices of all points."""
        return slabs_of(len(self.activities))

    def _iterate(self, right: FloatArray) -> FloatArray | None:
        """The solution X of M^-½ (AᵀA + r I) M^-½ X = ``right`` (N, k).

        The residual is Q C with orthogonal columns in Q; directions are the columns of P.
        """
        if not np.isfinite(right).all():
            return None
        x = np.zeros_like(right)
        q, c = np.linalg.qr(right)
        p, enough = q, TOLERANCE * np.linalg.norm(c, axis=0)
        for _ in range(MOST_STEPS):
            if (np.linalg.norm(c, axis=0) <= enough).all():
                return x
            w = self._half(self._product(self._half(p)))
            along = np.linalg.inv(p.T @ w)
            x += p @ (along @ c)
            q, s = np.linalg.qr(q - w @ along)
            c = s @ c
            p = q + p @ s.T
        return None

    def _product(self, p: FloatArray) -> FloatArray:
        """(AᵀA + r I) P, with the rates of some points at a time in the cache."""
        rows_of = np.ascontiguousarray(p.T)
        parts = self.each(lambda rows: _twice(self.activities[rows], rows_of), self.slabs)
        return np.asarray(np.asarray(sum(parts)).T + self.value * p)

    def _half(self, p: FloatArray) -> FloatArray:
        """M^-½ P."""
        part = self.basis @ (self.factors[:, None] * (self.basis.T @ p))
        return np.asarray((p - part) / np.sqrt(self.value))


def ridge(activities: FloatArray, value: float, each: Each, outputs: int = 1) -> Ridge | None:
    """The system of rates (P, N) and a ridge above 0; None if a rate is not finite.

    It will be solved for so many ``outputs``, all targets together.
    """
    n = activities.shape[1]
    scale = np.float32(1 / np.sqrt(value))
    n_columns = min(COLUMNS + COLUMNS_OF_OUTPUT * outputs, MOST_COLUMNS, n)
    chosen = np.random.default_rng(SEED).choice(n, n_columns, replace=False)
    chosen.sort()

    def columns_of(rows: slice) -> Any:
        return _columns(activities[rows], chosen, scale)

    columns = np.asarray(sum(each(columns_of, slabs_of(len(activities))))).astype(float)
    if not np.isfinite(columns).all():
        return None
    own = columns[chosen]
    values, vectors = np.linalg.eigh((own + own.T) / 2)
    kept = values > SHARE * values[-1]
    half = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    # B Bᵀ = U diag(e) Uᵀ, from the small matrix BᵀB.
    squares, vectors = np.linalg.eigh(half.T @ half)
    basis = half @ (vectors / np.sqrt(squares))
    return Ridge(activities, value, basis, 1 - 1 / np.sqrt(1 + squares), each)


def slabs_of(n_points: int) -> list[slice]:
    """Slices of points that threads share."""
    edges = np.linspace(0, n_points, SLABS + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def _columns(A: FloatArray, chosen: Any, scale: np.float32) -> Any:
    """Chosen columns of AᵀA, scaled, in single precision."""
    total = np.zeros((A.shape[1], len(chosen)), np.float32)
    for first in range(0, len(A), CONVERTED):
        some = A[first : first + CONVERTED].astype(np.float32)
        some *= scale
        total += some.T @ some[:, chosen]
    return total


def _twice(A: FloatArray, p: FloatArray) -> FloatArray:
    """Pᵀ AᵀA, from Pᵀ (k, N)."""
    if len(p) == 1:  # products with vectors are faster
        return _twice_vector(A, p[0])[None]
    total, n = np.zeros_like(p), A.shape[1]
    step = min(MOST_ROWS, max(1, PRODUCTS // (FEWEST_COLUMNS * n)))
    width = max(1, PRODUCTS // (step * n))
    width = -(-len(p) // -(-len(p) // width))  # of parts that are about equal
    parts = [slice(i, i + width) for i in range(0, len(p), width)]
    for first in range(0, len(A), step):
        some = A[first : first + step]
        for part in parts:
            total[part] += (p[part] @ some.T) @ some
    return total


def _twice_vector(A: FloatArray, p: FloatArray) -> FloatArray:
    total = np.zeros_like(p)
    for first in range(0, len(A), ROWS):
        some = A[first : first + ROWS]
        total += (some @ p) @ some
    return total
