"""Expressions of states: a constant vector, a matrix for each state, and bound pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.spa.pointers import Pointer
from nefsim.spa.vocabularies import Vocabulary

Array = NDArray[np.float64]


class NotLinear(Exception):
    """An operator has no result of the form of :class:`Linear`.

    Parameters
    ----------
    value : str
        The result that was asked for, for a message.
    correction : str
        A correction, for a message; may be empty.
    """

    def __init__(self, value: str, correction: str = "") -> None:
        super().__init__(value, correction)
        self.value, self.correction = value, correction


@dataclass(frozen=True, eq=False)
class Linear:
    r"""A vector :math:`c + \sum_i M_i x_i + \sum_j P_j (l_j * r_j)` of a vocabulary.

    The sides l and r of a bound pair are such vectors without pairs.  Operators are those of the
    algebra; they raise :class:`NotLinear` if the result has no such form or the vocabularies
    differ.
    """

    vocabulary: Vocabulary
    constant: Array
    terms: dict[str, Array]
    pairs: tuple[tuple[Array, Linear, Linear], ...] = ()

    @property
    def reads(self) -> bool:
        """Whether the vector depends on a state."""
        return bool(self.terms or self.pairs)

    @property
    def names(self) -> str:
        """The names of all states, for messages."""
        sides = [side.names for _, *both in self.pairs for side in both if side.reads]
        return ", ".join([*self.terms, *sides]) or "a constant"

    def __add__(self, other: Linear) -> Linear:
        self._check(other)
        terms = dict(self.terms)
        for name, matrix in other.terms.items():
            terms[name] = terms[name] + matrix if name in terms else matrix
        pairs = self.pairs + other.pairs
        return Linear(self.vocabulary, self.constant + other.constant, terms, pairs)

    def __mul__(self, other: Any) -> Linear:
        if isinstance(other, float):
            return self._mapped(np.eye(self.vocabulary.dimensions) * other)
        self._check(other)
        algebra = self.vocabulary.algebra
        if not other.reads:
            return self._mapped(algebra.matrix(other.constant))
        if not self.reads:
            return other._mapped(algebra.matrix(self.constant, left=True))
        if self.pairs or other.pairs:
            do = "bind two of them to a state by nefsim.spa.route"
            raise NotLinear("a product of three states", do)
        zero, one = np.zeros_like(self.constant), np.eye(self.vocabulary.dimensions)
        return Linear(self.vocabulary, zero, {}, ((one, self, other),))

    def __rmul__(self, other: float) -> Linear:
        return self * other

    def __invert__(self) -> Linear:
        axes = np.eye(self.vocabulary.dimensions)
        return self._mapped(self.vocabulary.algebra.invert(axes).T)

    def __pow__(self, exponent: float) -> Linear:
        if self.reads:
            raise NotLinear(f"a power of {self.names}")
        power = self.vocabulary.algebra.power(self.constant, exponent)
        return Linear(self.vocabulary, power, {})

    def scaled(self, method: str) -> Linear:
        """The constant, made "unit" or "unitary"."""
        pointer = Pointer(self.constant, self.vocabulary.algebra)
        return Linear(self.vocabulary, getattr(pointer, method)().vector, {})

    def translated(self, vocabulary: Vocabulary) -> Linear:
        """The vector in another vocabulary, by the names that both have."""
        if vocabulary == self.vocabulary:
            return self
        matrix = self.vocabulary.translation(vocabulary)
        return self._mapped(matrix, vocabulary)

    def _mapped(self, matrix: Array, vocabulary: Vocabulary | None = None) -> Linear:
        terms = {name: matrix @ each for name, each in self.terms.items()}
        pairs = tuple((matrix @ each, left, right) for each, left, right in self.pairs)
        return Linear(vocabulary or self.vocabulary, matrix @ self.constant, terms, pairs)

    def _check(self, other: Linear) -> None:
        if self.vocabulary != other.vocabulary:
            got = f"{self.names} of {self.vocabulary!r} and {other.names} of {other.vocabulary!r}"
            raise NotLinear(got, "write translate(...) of one of them")
