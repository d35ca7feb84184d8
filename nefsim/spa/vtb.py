"""Bindings of vectors as square matrices."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from nefsim import _checks as check
from nefsim.spa.algebra import ROUNDING, Algebra, Array


@dataclass(frozen=True, eq=False)
class VTB(Algebra):
    r"""Vector-derived transformation binding: the second vector is a matrix for blocks of a.

    With A and B the vectors as square matrices, row by row, of side :math:`\sqrt D`,

    .. math:: \mathrm{bind}(a, b) = D^{1/4} A B^T, \qquad b^{-1} = \mathrm{vec}(B^T)

    The number of dimensions is a square.  Binding neither commutes nor associates; the identity
    and the inverse act from the right only.

    See Also
    --------
    HRR, TVTB

    References
    ----------
    J. Gosmann and C. Eliasmith, Vector-derived transformation binding: an improved binding
    operation for deep symbol-like processing in neural networks, Neural Computation 31, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import spa
    >>> vtb = spa.VTB()
    >>> a, b = np.random.default_rng(0).standard_normal((2, 16))
    >>> b = vtb.unitary(b)
    >>> np.allclose(vtb.unbind(vtb.bind(a, b), b), a)
    True
    """

    @property
    def name(self) -> str:
        """The name by which a vocabulary stores the algebra."""
        return "vtb"

    def check_dimensions(self, who: str, dimensions: int) -> int:
        """Return the number of dimensions if it is a square.

        Parameters
        ----------
        who : str
            Name at the start of an error message.
        dimensions : int
            Number of dimensions.

        Returns
        -------
        int
            The number.
        """
        n = check.integer(who, "dimensions", dimensions, low=1)
        if isqrt(n) ** 2 != n:
            do = f"pass {isqrt(n) ** 2} or {(isqrt(n) + 1) ** 2}, or another algebra"
            check.fail(who, "dimensions", "be the square of a whole number", n, do)
        return n

    def _bind(self, a: Array, b: Array) -> Array:
        return _flat(_square(a) @ np.swapaxes(_square(b), -1, -2))

    def _invert(self, a: Array) -> Array:
        side = isqrt(a.shape[-1])
        return np.swapaxes(a.reshape(*a.shape[:-1], side, side), -1, -2).reshape(a.shape)

    def _unitary(self, a: Array) -> Array:
        left, _, right = np.linalg.svd(_square(a))
        return np.asarray(_flat(left @ right) / np.sqrt(a.shape[-1]))

    def _identity(self, dimensions: int) -> Array:
        side = isqrt(dimensions)
        return np.eye(side).ravel() / np.sqrt(side)

    def _whole(self, a: Array, exponent: int) -> Array:
        if exponent > 1000:
            do = "pass fewer, as binding does not associate"
            check.fail("VTB.power", "exponent", "be at most 1000", exponent, do)
        if not exponent:
            return super()._whole(a, 0)
        result = a
        for _ in range(exponent - 1):
            result = self._bind(result, a)
        return result

    def _fractional(self, who: str, a: Array, exponent: float) -> Array:
        do = "pass a whole number, or use TVTB or HRR"
        check.fail(who, "exponent", "be a whole number", exponent, do)


@dataclass(frozen=True, eq=False)
class TVTB(VTB):
    r"""Transposed vector-derived transformation binding: a product of matrices.

    With A and B the vectors as square matrices, row by row, of side :math:`\sqrt D`,

    .. math:: \mathrm{bind}(a, b) = D^{1/4} A B, \qquad a^{-1} = \mathrm{vec}(A^T)

    The number of dimensions is a square.  Binding associates but does not commute; identity and
    inverse act from both sides.

    See Also
    --------
    HRR, VTB

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import spa
    >>> tvtb = spa.TVTB()
    >>> a = tvtb.unitary(np.random.default_rng(0).standard_normal(16))
    >>> np.allclose(tvtb.bind(tvtb.invert(a), a), tvtb.identity(16))
    True
    """

    @property
    def name(self) -> str:
        """The name by which a vocabulary stores the algebra."""
        return "tvtb"

    def _bind(self, a: Array, b: Array) -> Array:
        return _flat(_square(a) @ _square(b))

    def _whole(self, a: Array, exponent: int) -> Array:
        return Algebra._whole(self, a, exponent)

    def _fractional(self, who: str, a: Array, exponent: float) -> Array:
        from scipy.linalg import fractional_matrix_power

        matrices = _square(a) * a.shape[-1] ** 0.25
        powers = np.empty(matrices.shape, complex)
        for i in np.ndindex(matrices.shape[:-2]):
            powers[i] = fractional_matrix_power(matrices[i], exponent)
        size = np.abs(powers).max()
        if not np.isfinite(size) or np.abs(powers.imag).max() > ROUNDING * size:
            do = "pass a whole exponent, or the square of a vector"
            check.fail(who, "a", "have a real power", "a complex one", do)
        return np.asarray(_flat(powers.real) / np.sqrt(a.shape[-1]))


def _square(a: Array) -> Array:
    """Vectors as square matrices, row by row."""
    side = isqrt(a.shape[-1])
    return a.reshape(*a.shape[:-1], side, side)


def _flat(a: Array) -> Array:
    """A scaled product of square matrices, as vectors."""
    return np.asarray(np.sqrt(a.shape[-1]) * a).reshape(*a.shape[:-2], -1)
