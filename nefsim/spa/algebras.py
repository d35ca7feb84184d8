"""Algebras of vectors: how two vectors are bound, and how a bound one is released."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array = NDArray[np.float64]

#: Imaginary part of a power, relative to its length, that is rounding.
ROUNDING = 1e-8


@dataclass(frozen=True, eq=False)
class Algebra(Value):
    """Base class of algebras: a binding, its identity and its inverses.

    All methods take arrays whose last axis has the dimensions; other axes broadcast.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name by which a vocabulary stores the algebra."""

    @abstractmethod
    def check_dimensions(self, who: str, dimensions: int) -> int:
        """Return a number of dimensions that the algebra has, or raise ValueError."""

    @abstractmethod
    def _bind(self, a: Array, b: Array) -> Array: ...

    @abstractmethod
    def _invert(self, a: Array) -> Array: ...

    @abstractmethod
    def _unitary(self, a: Array) -> Array: ...

    @abstractmethod
    def _identity(self, dimensions: int) -> Array: ...

    @abstractmethod
    def _fractional(self, who: str, a: Array, exponent: float) -> Array: ...

    def bind(self, a: ArrayLike, b: ArrayLike) -> Array:
        """Bind vectors.

        Parameters
        ----------
        a, b : (..., D) array_like
            The vectors.

        Returns
        -------
        (..., D) array
            The bound vectors.
        """
        return self._bind(*self._pair("bind", a, b))

    def unbind(self, a: ArrayLike, b: ArrayLike) -> Array:
        """Release ``x`` from ``a = bind(x, b)``: bind with the inverse of b, from the right.

        Parameters
        ----------
        a, b : (..., D) array_like
            The bound vectors, and those that were bound to the result.

        Returns
        -------
        (..., D) array
            The released vectors; they are exact if b is unitary.
        """
        a, b = self._pair("unbind", a, b)
        return self._bind(a, self._invert(b))

    def invert(self, a: ArrayLike) -> Array:
        """Return the approximate inverse, which is exact if the vector is unitary.

        Parameters
        ----------
        a : (..., D) array_like
            The vectors.

        Returns
        -------
        (..., D) array
            The inverses.
        """
        return self._invert(self._vectors("invert", "a", a))

    def unitary(self, a: ArrayLike) -> Array:
        """Return the nearest unitary vector: binding with it preserves dot products.

        Parameters
        ----------
        a : (..., D) array_like
            The vectors.

        Returns
        -------
        (..., D) array
            Unitary vectors, of length 1.
        """
        return self._unitary(self._vectors("unitary", "a", a))

    def identity(self, dimensions: int) -> Array:
        """Return the vector that changes none when it is bound from the right.

        Parameters
        ----------
        dimensions : int
            Number of dimensions D.

        Returns
        -------
        (D,) array
            The identity.
        """
        who = f"{type(self).__name__}.identity"
        n = check.integer(who, "dimensions", dimensions, low=1)
        return self._identity(self.check_dimensions(who, n))

    def power(self, a: ArrayLike, exponent: float) -> Array:
        """Bind a vector repeatedly with itself.

        A power of 0 is the identity, and a negative one is that of the approximate inverse.

        Parameters
        ----------
        a : (..., D) array_like
            The vectors.
        exponent : float
            Number of factors.  HRR and TVTB have fractional powers of some vectors.

        Returns
        -------
        (..., D) array
            The powers.

        Raises
        ------
        ValueError
            If the exponent is no whole number and the power is not real.
        """
        who = f"{type(self).__name__}.power"
        a = self._vectors("power", "a", a)
        p = check.real(who, "exponent", exponent, low=-1e6, high=1e6)
        if p < 0:
            a, p = self._invert(a), -p
        if p % 1:
            return self._fractional(who, a, p)
        return self._whole(a, int(p))

    def _whole(self, a: Array, exponent: int) -> Array:
        result = np.broadcast_to(self._identity(a.shape[-1]), a.shape).copy()
        square = a
        while exponent:
            if exponent % 2:
                result = self._bind(result, square)
            exponent //= 2
            square = self._bind(square, square) if exponent else square
        return result

    def matrix(self, a: ArrayLike, left: bool = False) -> Array:
        """Return the matrix by which binding with a vector is a product.

        Parameters
        ----------
        a : (D,) array_like
            The vector.
        left : bool
            Whether the vector is the first of the two that are bound.

        Returns
        -------
        (D, D) array
            The matrix M: ``M @ x`` is ``bind(x, a)``, or ``bind(a, x)`` if ``left``.
        """
        who = f"{type(self).__name__}.matrix"
        vector = self._vectors("matrix", "a", a)
        if vector.ndim != 1:
            check.fail(who, "a", "be one vector", f"shape {vector.shape}", "pass one row")
        axes = np.eye(len(vector))
        bound = self._bind(vector, axes) if check.flag(who, "left", left) else None
        return (self._bind(axes, vector) if bound is None else bound).T.copy()

    def _vectors(self, method: str, argument: str, value: Any) -> Array:
        who = f"{type(self).__name__}.{method}"
        vectors = check.array(who, argument, value)
        if not vectors.ndim:
            check.fail(who, argument, "be a vector", "a number", "pass an array")
        self.check_dimensions(who, vectors.shape[-1])
        return vectors

    def _pair(self, method: str, a: Any, b: Any) -> tuple[Array, Array]:
        a, b = self._vectors(method, "a", a), self._vectors(method, "b", b)
        try:
            fits = a.shape[-1] == b.shape[-1] and np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            fits = False
        if not fits:
            who = f"{type(self).__name__}.{method}"
            got = f"shapes {a.shape} and {b.shape}"
            check.fail(who, "b", "fit to a", got, "pass vectors of equal dimensions")
        return a, b


@dataclass(frozen=True, eq=False)
class HRR(Algebra):
    r"""Holographic reduced representations: binding by circular convolution.

    .. math:: (a \circledast b)_j = \sum_k a_k b_{(j - k) \bmod D}, \qquad
              (a^{-1})_j = a_{-j \bmod D}

    In the Fourier domain, binding is a product of coefficients, and a vector is unitary if each
    coefficient has magnitude 1.  Any number of dimensions is possible; binding commutes.

    See Also
    --------
    VTB, TVTB

    References
    ----------
    T. A. Plate, Holographic reduced representations, IEEE Transactions on Neural Networks
    6, 1995.

    Examples
    --------
    >>> from nefsim import spa
    >>> hrr = spa.HRR()
    >>> hrr.bind([0.0, 1.0, 0.0], [1.0, 2.0, 3.0]).round(9).tolist()
    [3.0, 1.0, 2.0]
    """

    @property
    def name(self) -> str:
        """The name by which a vocabulary stores the algebra."""
        return "hrr"

    def check_dimensions(self, who: str, dimensions: int) -> int:
        """Return the number of dimensions, as any is possible.

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
        return check.integer(who, "dimensions", dimensions, low=1)

    def _bind(self, a: Array, b: Array) -> Array:
        return np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b), n=a.shape[-1])

    def _invert(self, a: Array) -> Array:
        return a[..., -np.arange(a.shape[-1])]

    def _unitary(self, a: Array) -> Array:
        waves = np.fft.rfft(a)
        size = np.abs(waves)
        waves = np.where(size > 0, waves / np.where(size > 0, size, 1.0), 1.0)
        return np.fft.irfft(waves, n=a.shape[-1])

    def _identity(self, dimensions: int) -> Array:
        return np.eye(1, dimensions)[0]

    def _whole(self, a: Array, exponent: int) -> Array:
        return np.fft.irfft(np.fft.rfft(a) ** exponent, n=a.shape[-1])

    def _fractional(self, who: str, a: Array, exponent: float) -> Array:
        d, waves = a.shape[-1], np.fft.rfft(a)
        real = waves[..., [0, -1] if d % 2 == 0 else [0]].real
        if (real < -ROUNDING * np.abs(waves).max()).any():
            got = "a negative coefficient of the constant or of the highest frequency"
            check.fail(who, "a", "have a real power", got, "pass a whole exponent")
        waves[..., 0] = np.abs(waves[..., 0])
        if d % 2 == 0:
            waves[..., -1] = np.abs(waves[..., -1])
        return np.fft.irfft(waves**exponent, n=d)


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


ALGEBRAS: dict[str, Algebra] = {a.name: a for a in (HRR(), VTB(), TVTB())}


def as_algebra(who: str, value: Any) -> Algebra:
    """Check an algebra, or return that of a name."""
    if isinstance(value, Algebra):
        return value
    if isinstance(value, type) and issubclass(value, Algebra):
        do = f"write {value.__name__}()"
        check.fail(who, "algebra", "be an algebra", value, do, TypeError)
    return ALGEBRAS[check.one_of(who, "algebra", value, [*ALGEBRAS])]
