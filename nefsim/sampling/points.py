"""Evenly scattered points of a cube, orthogonal vectors, and vectors of the Leech lattice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.sampling.base import Array, Distribution, Rng, generator, sample_shape
from nefsim.sampling.sphere import additive_recurrence, rotation

#: Vectors of the least length in the Leech lattice, in as many dimensions.
N_LEECH, D_LEECH = 196_560, 24


@dataclass(frozen=True, eq=False)
class ScatteredCube(Distribution):
    r"""Evenly scattered points of a cube (low discrepancy).

    .. math:: x_i = low + (high - low)\,u_i, \qquad
              u_i = (s + i\,\alpha) \bmod 1, \quad \alpha_j = \varphi_d^{-j}, \quad
              \varphi_d^{d+1} = \varphi_d + 1

    The start s is random.  Instead of this recurrence, u can be a scrambled Sobol or Halton
    sequence.

    Parameters
    ----------
    low, high : float
        Ends of each side, ``low`` below ``high``.
    sequence : {"recurrence", "sobol", "halton"}
        Sequence of the points u; a Sobol sequence is most even if n is a power of 2.

    Raises
    ------
    ValueError
        If ``high`` is not above ``low``, or there is no such sequence.

    See Also
    --------
    ScatteredHypersphere : Points of a ball or its surface.
    Uniform : Random points of a cube.

    References
    ----------
    Roberts, M. (2018). The unreasonable effectiveness of quasirandom sequences.
    http://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/

    Owen, A. B. (1998). Scrambling Sobol' and Niederreiter-Xing points. Journal of Complexity
    14, 466-489.

    Examples
    --------
    Each tenth of the side has a tenth of the points:

    >>> x = ScatteredCube(0, 1).sample(100, 2, rng=0)
    >>> bool((abs(np.histogram(x[:, 0], 10, (0, 1))[0] - 10) <= 2).all())
    True
    """

    low: float = -1.0
    high: float = 1.0
    sequence: Literal["recurrence", "sobol", "halton"] = "recurrence"

    def __post_init__(self) -> None:
        who = "ScatteredCube"
        low, high = check.real(who, "low", self.low), check.real(who, "high", self.high)
        if high <= low:
            check.fail(who, "high", f"be above low = {low:g}", high, "swap the two")
        names = ("recurrence", "sobol", "halton")
        self._set(low=low, high=high, sequence=check.one_of(who, "sequence", self.sequence, names))

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        unit = self._unit(shape[0], d or 1, generator(self, rng))
        return (self.low + (self.high - self.low) * unit).reshape(shape)

    def _unit(self, n: int, d: int, rng: np.random.Generator) -> Array:
        if self.sequence == "recurrence":
            return additive_recurrence(n, d, rng)
        from scipy.stats import qmc

        kind = qmc.Sobol if self.sequence == "sobol" else qmc.Halton
        if d > getattr(kind, "MAXDIM", d):
            do = "take fewer or another sequence"
            check.fail("ScatteredCube.sample", "d", f"be at most {kind.MAXDIM}", str(d), do)
        sequence: Any = kind(d, seed=int(rng.integers(2**63)))
        # Sobol's points are even in powers of 2, of which the first n are taken.
        points: Array = sequence.random(1 << (n - 1).bit_length())[:n]
        return points


@dataclass(frozen=True, eq=False)
class Orthogonal(Distribution):
    r"""Orthogonal unit vectors: successive d vectors are a random basis, :math:`Q Q^T = I`.

    As encoders they cover all directions equally; more than d vectors are several bases.

    See Also
    --------
    ScatteredHypersphere : Evenly scattered vectors, in any number.

    References
    ----------
    Mezzadri, F. (2007). How to generate random matrices from the classical compact groups.
    Notices of the AMS 54, 592-604.

    Examples
    --------
    >>> Q = Orthogonal().sample(3, 3, rng=0)
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        rng, size = generator(self, rng), d or 1
        bases = [rotation(size, rng) for _ in range(-(-shape[0] // size))]
        return np.concatenate([np.empty((0, size)), *bases])[: shape[0]].reshape(shape)


@dataclass(frozen=True, eq=False)
class Leech(Distribution):
    r"""Unit vectors from the Leech lattice: 196,560 in 24 dimensions, no two nearer than 60°.

    In a densest packing of spheres they point from one sphere to all that touch it.  They are
    the vectors of shape :math:`(\mp 3, \pm 1^{23})`, :math:`(\pm 2^8, 0^{16})` and
    :math:`(\pm 4^2, 0^{22})` of the binary Golay code, divided by their length,
    :math:`\sqrt{32}`.

    A sample is a random choice of different vectors.

    See Also
    --------
    ScatteredHypersphere : Evenly scattered vectors in any number of dimensions.

    References
    ----------
    Conway, J. H. and Sloane, N. J. A. (1999). Sphere Packings, Lattices and Groups. Springer,
    3rd edition, chapter 4, section 11.

    Examples
    --------
    >>> x = Leech().sample(200, 24, rng=0)
    >>> bool(np.triu(x @ x.T, 1).max() <= 0.5 + 1e-12)
    True
    """

    def sample(self, n: int, d: int | None = None, rng: Rng = None) -> Array:
        shape = sample_shape(self, n, d)
        if d != D_LEECH:
            do = "take ScatteredHypersphere in other dimensions"
            check.fail("Leech.sample", "d", f"be {D_LEECH}", check.show(d), do)
        check.integer("Leech.sample", "n", n, "there are no more", 0, N_LEECH)
        chosen = generator(self, rng).choice(N_LEECH, shape[0], replace=False)
        return _leech()[chosen] / np.sqrt(32.0)


@cache
def _golay() -> NDArray[np.int8]:
    """The 4096 words of the extended binary Golay code, (4096, 24)."""
    generator = np.zeros(23, dtype=np.int8)
    generator[[0, 1, 5, 6, 7, 9, 11]] = 1  # 1 + x + x^5 + x^6 + x^7 + x^9 + x^11
    rows = np.stack([np.roll(generator, k) for k in range(12)])
    bits = (np.arange(4096)[:, None] >> np.arange(12)) & 1
    words = (bits @ rows % 2).astype(np.int8)
    return np.column_stack([words, words.sum(axis=1) % 2]).astype(np.int8)


@cache
def _leech() -> NDArray[np.int8]:
    """The shortest vectors of the Leech lattice, (196560, 24), not divided by their length."""
    words = _golay()
    signs = (1 - 2 * words).astype(np.int8)
    odd = np.repeat(signs[:, None], D_LEECH, axis=1)  # (word, place, 24)
    place = np.arange(D_LEECH)
    odd[:, place, place] *= -3
    eights = words[words.sum(axis=1) == 8]
    half = 1 - 2 * ((np.arange(256)[:, None] >> np.arange(8)) & 1)
    half = half[np.prod(half, axis=1) == 1]  # an even number of minus signs
    even = np.zeros((len(eights), len(half), D_LEECH), dtype=np.int8)
    where = np.nonzero(eights)[1].reshape(-1, 8)
    for k, places in enumerate(where):
        even[k][:, places] = 2 * half
    i, j = np.triu_indices(D_LEECH, 1)
    pairs = np.zeros((4, len(i), D_LEECH), dtype=np.int8)
    for k, (a, b) in enumerate([(4, 4), (4, -4), (-4, 4), (-4, -4)]):
        pairs[k, np.arange(len(i)), i], pairs[k, np.arange(len(i)), j] = a, b
    return np.concatenate([part.reshape(-1, D_LEECH) for part in (odd, even, pairs)])
