"""Algebra of linear systems: sums, products, powers and closed loops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim import algebra
from nefsim.algebra import Matrices


class Operators(ABC):
    """Sums, products, powers and closed loops of systems that have ``matrices`` and ``dt``.

    A number or a matrix is a system without states.
    """

    dt: float | None

    #: Arrays leave operators to the system.
    __array_ufunc__ = None

    @property
    @abstractmethod
    def matrices(self) -> Matrices:
        """The matrices A, B, C and D."""

    @abstractmethod
    def _of(self, matrices: Matrices) -> Self:
        """A system of the same ``dt`` with other matrices."""

    @property
    def n_inputs(self) -> int:
        """The number of inputs m."""
        return self.matrices[3].shape[1]

    @property
    def n_outputs(self) -> int:
        """The number of outputs p."""
        return len(self.matrices[3])

    def feedback(self, other: Self | ArrayLike = 1.0, sign: Literal[-1, 1] = -1) -> Self:
        r"""Feed the output back to the input through another system.

        .. math:: y = G\,(u \pm K y)

        Parameters
        ----------
        other : LinearSystem, number or (m, p) matrix
            The system K in the feedback path.
        sign : -1 or 1
            Whether the feedback is subtracted or added.

        Returns
        -------
        LinearSystem
            The closed loop, with the states of both systems.

        Raises
        ------
        ValueError
            If the sizes do not match, or the loop is undefined because its gain within a step
            is 1.
        """
        who = "LinearSystem.feedback"
        if check.integer(who, "sign", sign, "pass -1 or 1", -1, 1) == 0:
            check.fail(who, "sign", "be -1 or 1", "0", "pass -1 or 1")
        back = self._as_system(who, other, (self.n_inputs, self.n_outputs))
        E, F, G, H = back.matrices
        try:
            whole = algebra.feedback(self.matrices, (E, F, sign * G, sign * H))
        except np.linalg.LinAlgError:
            do = "add a delay or a filter to the loop"
            check.fail(who, "other", "leave a loop that is defined", "one of gain 1 at once", do)
        return self._of(whole)

    def __add__(self, other: Self | ArrayLike) -> Self:
        b = self._as_system("LinearSystem.__add__", other, (self.n_outputs, self.n_inputs))
        return self._of(algebra.parallel(self.matrices, b.matrices))

    __radd__ = __add__

    def __neg__(self) -> Self:
        return -1.0 * self

    def __sub__(self, other: Self | ArrayLike) -> Self:
        if isinstance(other, Operators):
            return self + -other
        return self + -check.array("LinearSystem.__sub__", "other", other)

    def __rsub__(self, other: ArrayLike) -> Self:
        return -self + other

    def __mul__(self, factor: float) -> Self:
        if not isinstance(factor, Real):
            return NotImplemented
        by = check.real("LinearSystem.__mul__", "factor", factor)
        A, B, C, D = self.matrices
        return self._of((A, B, by * C, by * D))

    __rmul__ = __mul__

    def __truediv__(self, number: float) -> Self:
        if not isinstance(number, Real):
            return NotImplemented
        if number == 0:
            check.fail("LinearSystem.__truediv__", "number", "not be 0", "0", "pass another")
        return self * (1.0 / check.real("LinearSystem.__truediv__", "number", number))

    def __matmul__(self, first: Self | ArrayLike) -> Self:
        who = "LinearSystem.__matmul__"
        b = self._as_system(who, first, (self.n_inputs, None))
        return self._of(algebra.series(b.matrices, self.matrices))

    def __rmatmul__(self, then: ArrayLike) -> Self:
        who = "LinearSystem.__matmul__"
        return self._as_system(who, then, (None, self.n_outputs)) @ self

    def __pow__(self, times: int) -> Self:
        who = "LinearSystem.__pow__"
        n = check.integer(who, "times", times, "pass how many times in a row", 0, 1000)
        if self.n_inputs != self.n_outputs:
            got = f"{self.n_outputs} and {self.n_inputs}"
            check.fail(who, "system", "have as many outputs as inputs", got, "take a square one")
        whole = self._as_system(who, 1.0, (self.n_outputs, self.n_inputs))
        for _ in range(n):
            whole = whole @ self
        return whole

    def _as_system(self, who: str, other: Any, shape: tuple[int | None, int | None]) -> Any:
        """Check the other operand of an operation; convert a number or matrix to a system."""
        if isinstance(other, Operators):
            if other.dt != self.dt:
                got = f"{_named_step(other.dt)} next to {_named_step(self.dt)}"
                check.fail(who, "other", "have the same step", got, "discretise both alike")
            check.array(who, "other", other.matrices[3], shape, "pass a system whose size fits")
            return other
        do = "pass a system, a number or a matrix"
        D = check.array(who, "other", other, do=do)
        if D.ndim == 0:
            D = np.eye(next(n for n in shape if n is not None)) * D
        D = check.array(who, "other", D, shape, do)
        p, m = D.shape
        return self._of((np.zeros((0, 0)), np.zeros((0, m)), np.zeros((p, 0)), D))


def _named_step(dt: float | None) -> str:
    return "continuous time" if dt is None else f"steps of {dt:g} s"
