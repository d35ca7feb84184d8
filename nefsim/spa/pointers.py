"""Semantic pointers: vectors with the operators of an algebra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import _habits as habits
from nefsim._values import Value
from nefsim.spa.algebras import HRR, Algebra, as_algebra

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pointer(Value):
    r"""A vector with the operators of an algebra.

    ``a + b`` and ``a - b`` superpose, ``a * b`` binds, ``~a`` is the approximate inverse,
    ``a ** 3`` binds a with itself, ``a @ b`` is the dot product, and ``0.5 * a`` scales.
    NumPy's functions take a pointer as an array.

    Parameters
    ----------
    vector : (D,) array_like
        The vector.
    algebra : Algebra or str
        The algebra, such as ``HRR()`` or "hrr".

    Raises
    ------
    ValueError, TypeError
        If the vector is no row of finite numbers, or the algebra has no such dimension.

    See Also
    --------
    Vocabulary

    Examples
    --------
    >>> from nefsim import spa
    >>> a, b = spa.Pointer([0.0, 1.0, 0.0]), spa.Pointer([1.0, 2.0, 3.0])
    >>> (a * b).vector.round(9).tolist(), a @ b
    ([3.0, 1.0, 2.0], 2.0)
    """

    vector: Array
    algebra: Algebra = HRR()

    __array_ufunc__ = None  # so that NumPy's numbers leave products to the pointer

    def __post_init__(self) -> None:
        algebra = as_algebra("Pointer", self.algebra)
        vector = check.array("Pointer", "vector", self.vector, (None,))
        algebra.check_dimensions("Pointer", len(vector))
        self._set(vector=vector, algebra=algebra)

    if not TYPE_CHECKING:  # or mypy would take any name

        def __getattr__(self, name: str) -> Any:
            known = (*self.__dataclass_fields__, *dir(type(self)))
            message = habits.attribute("Pointer", name, habits.OF_POINTER, known)
            raise AttributeError(message, name=name, obj=self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.vector, dtype=dtype)

    def __len__(self) -> int:
        return len(self.vector)

    @property
    def length(self) -> float:
        """The Euclidean length."""
        return float(np.linalg.norm(self.vector))

    def unit(self) -> Pointer:
        """Return the pointer scaled to length 1; a vector of zeros remains so.

        Returns
        -------
        Pointer
            The scaled pointer.
        """
        return self._like(self.vector / (self.length or 1.0))

    def unitary(self) -> Pointer:
        """Return the nearest unitary pointer.

        Returns
        -------
        Pointer
            The unitary pointer.
        """
        return self._like(self.algebra.unitary(self.vector))

    def similarity(self, other: Any) -> float:
        """Return the cosine of the angle to another pointer or vector; 0 if one is zero.

        Parameters
        ----------
        other : Pointer or (D,) array_like
            The other vector.

        Returns
        -------
        float
            The cosine.
        """
        vector = self._vector("similarity", other)
        lengths = self.length * float(np.linalg.norm(vector))
        return float(self.vector @ vector) / (lengths or 1.0)

    def __add__(self, other: Any) -> Pointer:
        return self._like(self.vector + self._vector("sum", other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Pointer:
        return self._like(self.vector - self._vector("difference", other))

    def __rsub__(self, other: Any) -> Pointer:
        return self._like(self._vector("difference", other) - self.vector)

    def __neg__(self) -> Pointer:
        return self._like(-self.vector)

    def __mul__(self, other: Any) -> Pointer:
        if _is_number(other):
            return self._like(self.vector * check.real("Pointer", "factor", other))
        return self._like(self.algebra.bind(self.vector, self._vector("product", other)))

    def __rmul__(self, other: Any) -> Pointer:
        if _is_number(other):
            return self * other
        return self._like(self.algebra.bind(self._vector("product", other), self.vector))

    def __truediv__(self, number: Any) -> Pointer:
        value = check.real("Pointer", "divisor", number)
        if not value:
            check.fail("Pointer", "divisor", "differ from 0", "0", "pass another number")
        return self._like(self.vector / value)

    def __invert__(self) -> Pointer:
        return self._like(self.algebra.invert(self.vector))

    def __pow__(self, exponent: float) -> Pointer:
        return self._like(self.algebra.power(self.vector, exponent))

    def __matmul__(self, other: Any) -> float:
        return float(self.vector @ self._vector("dot product", other))

    __rmatmul__ = __matmul__

    def __repr__(self) -> str:
        return f"<Pointer of {len(self)} dimensions, {self.algebra.name}>"

    def _like(self, vector: Array) -> Pointer:
        return Pointer(vector, self.algebra)

    def _vector(self, word: str, other: Any) -> Array:
        """The vector of another pointer, or a row of numbers, for an operator."""
        if isinstance(other, Pointer):
            if other.algebra != self.algebra:
                self._refuse(word, f"{other!r}", "convert it by a translation")
            other = other.vector
        elif _is_number(other):
            self._refuse(word, f"{check.show(other)}", "pass a pointer or a row of numbers")
        return check.array("Pointer", word, other, (len(self),), "pass a pointer like it")

    def _refuse(self, word: str, got: str, do: str) -> NoReturn:
        must = f"be of {len(self)} dimensions, {self.algebra.name}"
        check.fail("Pointer", word, must, got, do, TypeError)


def _is_number(value: Any) -> bool:
    return np.ndim(value) == 0 and not isinstance(value, (str, Pointer)) and value is not None
