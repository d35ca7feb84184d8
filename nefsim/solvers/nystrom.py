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

#: Neurons whose columns of the Gram matrix approximate it, and the seed that draws them.
COLUMNS, SEED = 400, 1

#: Slabs of points that threads share: a fixed number, so that no bit depends on the cores.
SLABS = 8

#: Points in a product with A and Aᵀ: their rates are read from memory once and stay in the cache.
ROWS = 8

#: Points whose rates are converted to single precision together.
CONVERTED = 256

#: Eigenvalues below this share of the largest one are rounding errors of single precision.
SHARE = 1e-7

#: The residual at the end as a share of AᵀY, and the most steps until then.
TOLERANCE, MOST_STEPS = 1e-14, 100


@dataclass(frozen=True, eq=False)
class Ridge:
    r"""The system :math:`(A^\top A + r I) D = A^\top Y`, solved by conjugate gradients.

    The eigenvalues of :math:`A^\top A` fall quickly: of 9000 neurons in two dimensions about a
    hundred are above r.  So the Nyström approximation
    :math:`A^\top A \approx C W^{-1} C^\top = r B B^\top`, from the columns C of some neurons, with
    W their own rows, is near to it beyond r, and
    :math:`M = r (I + B B^\top)` a preconditioner after which ten steps or so are enough.
    A step reads A once; in place of N² P operations the solution needs some 500 N P.

    Parameters
    ----------
    activities : ndarray, shape (P, N)
        Rates A.
    value : float
        r, above 0.
    columns : ndarray, shape (N, k)
        B.
    inner : ndarray, shape (k, k)
        Inverse of :math:`I + B^\top B`.
    each : callable
        Applies a function to items, perhaps in threads.

    References
    ----------
    Z. Frangella, J. A. Tropp and M. Udell, Randomized Nyström preconditioning, SIAM Journal on
    Matrix Analysis and Applications 44 (2023).
    """

    activities: FloatArray
    value: float
    columns: FloatArray
    inner: FloatArray
    each: Each

    def solve(self, targets: FloatArray) -> FloatArray | None:
        """D (N, k) of targets Y (P, k), column by column; None if the steps were too few."""
        columns = []
        for y in targets.T:
            right = sum(self.each(lambda rows, y=y: y[rows] @ self.activities[rows], self.slabs))
            columns.append(self._conjugate_gradients(np.asarray(right)))
        return None if any(c is None for c in columns) else np.column_stack(columns)  # type: ignore[arg-type]

    @property
    def slabs(self) -> list[slice]:
        """Slices of all points."""
        return slabs_of(len(self.activities))

    def _conjugate_gradients(self, right: FloatArray) -> FloatArray | None:
        """The solution of one system: x += a p along directions p, with residual r."""
        x, r = np.zeros_like(right), right.copy()
        enough = TOLERANCE * float(np.linalg.norm(right))
        p = z = self._precondition(r)
        rz = float(r @ z)
        for _ in range(MOST_STEPS):
            if float(np.linalg.norm(r)) <= enough:
                return x
            q = self._product(p)
            a = rz / float(p @ q)
            x += a * p
            r -= a * q
            z = self._precondition(r)
            before, rz = rz, float(r @ z)
            p = z + rz / before * p
        return None

    def _product(self, p: FloatArray) -> FloatArray:
        """(AᵀA + r I) p, with the rates of some points at a time in the cache."""
        parts = self.each(lambda rows: _twice(self.activities[rows], p), self.slabs)
        return np.asarray(sum(parts) + self.value * p)

    def _precondition(self, r: FloatArray) -> FloatArray:
        """M⁻¹ r = (r - B (I + BᵀB)⁻¹ Bᵀr) / ridge, by Woodbury's identity."""
        return (r - self.columns @ (self.inner @ (r @ self.columns))) / self.value


def ridge(activities: FloatArray, value: float, each: Each) -> Ridge | None:
    """The system of rates (P, N) and a ridge above 0; None if a rate is not finite."""
    n = activities.shape[1]
    scale = np.float32(1 / np.sqrt(value))
    chosen = np.random.default_rng(SEED).choice(n, min(COLUMNS, n), replace=False)
    chosen.sort()

    def columns_of(rows: slice) -> Any:
        return _columns(activities[rows], chosen, scale)

    columns = sum(each(columns_of, slabs_of(len(activities)))).astype(float)
    if not np.isfinite(columns).all():
        return None
    own = columns[chosen]
    values, vectors = np.linalg.eigh((own + own.T) / 2)
    kept = values > SHARE * values[-1]
    half = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    inner = np.linalg.inv(np.eye(half.shape[1]) + half.T @ half)
    return Ridge(activities, value, half, inner, each)


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
    """AᵀA p."""
    total = np.zeros_like(p)
    for first in range(0, len(A), ROWS):
        some = A[first : first + ROWS]
        total += (some @ p) @ some
    return total
