"""Random vectors of vocabularies, each from a stream of its name."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.spa.algebras import Algebra

Array = NDArray[np.float64]

KINDS = ("unit", "unitary", "orthogonal")

#: Number of vectors that are drawn before the least similar of them is taken: few at first, as
#: most names need few.
TRIES = (1, 11, 22, 33, 33)


def drawn(
    name: str, seed: int, algebra: Algebra, kind: str, limit: float | None, earlier: Array
) -> Array:
    """Draw a vector (D,) that is not too similar to the earlier ones (n, D)."""
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4").tolist()
    rng = np.random.default_rng([seed, *words])
    d = earlier.shape[1]
    if kind == "orthogonal":
        return _orthogonal(rng.standard_normal((1, d))[0], earlier)
    if limit is None or not len(earlier):
        return _candidates(rng, (1, d), kind, algebra)[0]
    best, least = np.zeros(d), np.inf
    for size in TRIES:
        candidates = _candidates(rng, (size, d), kind, algebra)
        worst = (candidates @ earlier.T).max(axis=1)
        good = np.flatnonzero(worst <= limit)
        i = int(good[0]) if len(good) else int(worst.argmin())
        if worst[i] < least:
            best, least = candidates[i], worst[i]
        if least <= limit:
            return best
    check.warn(
        f"Vocabulary: the least similar of {sum(TRIES)} vectors for {name} has the dot product "
        f"{least:.2f} with an earlier one, above max_similarity = {limit:g}; use more dimensions "
        "or a larger max_similarity."
    )
    return best


def _candidates(
    rng: np.random.Generator, shape: tuple[int, int], kind: str, algebra: Algebra
) -> Array:
    rows = rng.standard_normal(shape)
    if kind == "unitary":
        return algebra.unitary(rows)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _orthogonal(row: Array, earlier: Array) -> Array:
    """A unit vector: the part of a row that is orthogonal to all earlier ones."""
    if earlier.any():
        _, size, axes = np.linalg.svd(earlier, full_matrices=False)
        axes = axes[size > 1e-9 * size[0]]
        if len(axes) >= len(row):
            must = f"be at most {len(row)} orthogonal ones"
            do = "use more dimensions, or pointers='unit'"
            check.fail("Vocabulary.add", "vectors", must, "one more", do)
        for _ in range(2):  # twice, against rounding
            row = row - axes.T @ (axes @ row)
    return row / np.linalg.norm(row)
