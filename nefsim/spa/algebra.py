"""The base class of algebras of vectors."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
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
        """Return a number of dimensions if the algebra has it.

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

        Raises
        ------
        ValueError
            If the algebra has no vectors of that size.
        """

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
