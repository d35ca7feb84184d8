"""Linear expressions of states: a constant vector and a matrix for each state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.spa.pointers import Pointer
from nefsim.spa.vocabularies import Vocabulary

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    r"""A vector :math:`c + \sum_i M_i x_i` of a vocabulary, with operators of its algebra.

    Operators raise NotImplementedError, with the value and the correction, if the result is not
    linear or the vocabularies differ.
    """

    vocabulary: Vocabulary
    constant: Array
    terms: dict[str, Array]

    def __add__(self, other: Linear) -> Linear:
        self._check(other)
        terms = dict(self.terms)
        for name, matrix in other.terms.items():
            terms[name] = terms[name] + matrix if name in terms else matrix
        return Linear(self.vocabulary, self.constant + other.constant, terms)

    def __mul__(self, other: Any) -> Linear:
        if isinstance(other, float):
            return self._mapped(np.eye(self.vocabulary.dimensions) * other)
        self._check(other)
        if self.terms and other.terms:
            states = " and ".join([*self.terms, *other.terms])
            do = "bind them by nefsim.spa.bind and pass its output as a state"
            raise NotImplementedError(f"a product of the states {states}", do)
        algebra = self.vocabulary.algebra
        if other.terms:
            return other._mapped(algebra.matrix(self.constant, left=True))
        return self._mapped(algebra.matrix(other.constant))

    def __rmul__(self, other: float) -> Linear:
        return self * other

    def __invert__(self) -> Linear:
        axes = np.eye(self.vocabulary.dimensions)
        return self._mapped(self.vocabulary.algebra.invert(axes).T)

    def __pow__(self, exponent: float) -> Linear:
        if self.terms:
            raise NotImplementedError(f"a power of the state {', '.join(self.terms)}")
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
        return Linear(vocabulary or self.vocabulary, matrix @ self.constant, terms)

    def _check(self, other: Linear) -> None:
        if self.vocabulary != other.vocabulary:
            names = [", ".join(v.terms) or "a constant" for v in (self, other)]
            got = f"{names[0]} of {self.vocabulary!r} and {names[1]} of {other.vocabulary!r}"
            raise NotImplementedError(got, "write translate(...) of one of them")
