"""Named vectors of one algebra: names, expressions of them, and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import _habits as habits
from nefsim.spa import expressions
from nefsim.spa.algebras import Algebra
from nefsim.spa.pointers import Pointer

Array = NDArray[np.float64]

#: Names that every vocabulary has.
CONSTANTS = ("Identity", "Zero")


class Named:
    """Base class of vocabularies: vectors with names, their expressions and their similarity.

    Parameters
    ----------
    dimensions : int
        Number of dimensions D.
    algebra : Algebra
        The algebra of expressions.
    """

    def __init__(self, dimensions: int, algebra: Algebra) -> None:
        self.dimensions, self.algebra = dimensions, algebra
        self._names: dict[str, int] = {}
        self._rows = np.empty((0, dimensions))

    if not TYPE_CHECKING:  # or mypy would take any name

        def __getattr__(self, name: str) -> Any:
            known = (*self.__dict__, *dir(type(self)))
            who = type(self).__name__
            message = habits.attribute(who, name, habits.OF_VOCABULARY, known)
            raise AttributeError(message, name=name, obj=self)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order in which they were added."""
        return tuple(self._names)

    @property
    def vectors(self) -> Array:
        """The vectors, (n_names, D), in the order of the names; the array is read-only."""
        rows = self._rows[: len(self._names)]
        rows.setflags(write=False)
        return rows

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in CONSTANTS

    def __getitem__(self, name: str) -> Pointer:
        return self._pointer("Vocabulary", name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Named):
            return NotImplemented
        same = self.algebra == other.algebra and self.names == other.names
        return same and np.array_equal(self.vectors, other.vectors)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self)} names, {self.dimensions}-D, {self.algebra.name}>"

    def _append(self, name: str, row: Array) -> None:
        if len(self) == len(self._rows):  # room for twice as many
            rows = np.empty((max(8, 2 * len(self)), self.dimensions))
            rows[: len(self)] = self._rows
            self._rows = rows
        self._rows[len(self)] = row
        self._names[name] = len(self)

    def parse(self, text: str) -> Pointer:
        """Evaluate an expression of names, such as ``"CAT * ~DOG + 0.5 * PET"``.

        Operators are those of :class:`Pointer`.  ``unit(...)`` and ``unitary(...)`` scale;
        ``Identity`` and ``Zero`` are vectors.  No Python is executed.

        Parameters
        ----------
        text : str
            The expression.

        Returns
        -------
        Pointer
            Its value.

        Raises
        ------
        ValueError, TypeError
            If the text is no expression, or it has an unknown name.
        """
        return self._evaluated("Vocabulary.parse", "text", text)

    def similarities(self, vectors: Any) -> Array:
        """Return dot products with all names.

        Parameters
        ----------
        vectors : Pointer or (..., D) array_like
            The vectors, such as the decoded values of a probe.

        Returns
        -------
        (..., n_names) array
            The dot products.
        """
        return self._rows_of("Vocabulary.similarities", vectors) @ self.vectors.T

    def nearest(self, vectors: Any) -> Any:
        """Return the name at the smallest angle: a cleanup without neurons.

        Parameters
        ----------
        vectors : Pointer or (..., D) array_like
            The vectors.

        Returns
        -------
        str or (...) array of str
            A name for each vector.

        Raises
        ------
        ValueError, TypeError
            If the vocabulary is empty or the vectors have another size.
        """
        if not len(self):
            do = "populate it"
            check.fail("Vocabulary.nearest", "vocabulary", "have a name", "none", do)
        rows = self.vectors
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        units = rows / np.where(lengths > 0, lengths, 1.0)
        best = np.argmax(self._rows_of("Vocabulary.nearest", vectors) @ units.T, axis=-1)
        found = np.array(self.names)[best]
        return str(found) if np.ndim(best) == 0 else found

    def vector(self, who: str, argument: str, value: Any) -> Array:
        """Return the vector of an expression, a pointer or a row of numbers.

        Parameters
        ----------
        who, argument : str
            Names at the start of an error message.
        value : str, Pointer or (D,) array_like
            The value.

        Returns
        -------
        (D,) array
            The vector.

        Raises
        ------
        ValueError, TypeError
            If the value is of another algebra or size, or has an unknown name.
        """
        if isinstance(value, str):
            return self._evaluated(who, argument, value).vector
        if isinstance(value, Pointer) and value.algebra != self.algebra:
            must = f"be of the algebra {self.algebra.name}"
            check.fail(who, argument, must, f"{value!r}", "translate it")
        return self._rows_of(who, value, argument, (self.dimensions,))

    def _rows_of(
        self, who: str, value: ArrayLike | Pointer, argument: str = "vectors", shape: Any = None
    ) -> Array:
        value = value.vector if isinstance(value, Pointer) else value
        rows = check.array(who, argument, value, shape)
        if not rows.ndim or rows.shape[-1] != self.dimensions:
            must = f"have {self.dimensions} dimensions"
            got = f"shape {rows.shape}"
            check.fail(who, argument, must, got, "pass vectors of this vocabulary")
        return rows

    def _pointer(self, who: str, name: Any) -> Pointer:
        if isinstance(name, str) and name in self._names:
            return Pointer(self._rows[self._names[name]], self.algebra)
        if name == "Identity":
            return Pointer(self.algebra.identity(self.dimensions), self.algebra)
        if name == "Zero":
            return Pointer(np.zeros(self.dimensions), self.algebra)
        near = get_close_matches(name, self.names, 1) if isinstance(name, str) else []
        do = f"write {near[0]}" if near else "add it by populate"
        kind = ValueError if isinstance(name, str) else TypeError
        check.fail(who, "name", "be in the vocabulary", check.show(name), do, kind)

    def _evaluated(self, who: str, argument: str, text: str) -> Pointer:
        def wrong(why: str, do: str = "") -> NoReturn:
            do = do or "combine vectors by +, -, * and ~, and scale them by numbers"
            check.fail(who, argument, "be an expression of vectors", f"{why}", do)

        def call(function: str, values: list[Any]) -> Pointer:
            if function not in ("unit", "unitary") or len(values) != 1:
                wrong(f"the function {function} of {len(values)}")
            if not isinstance(values[0], Pointer):
                wrong(f"{function} of a number")
            result: Pointer = getattr(values[0], function)()
            return result

        tree = expressions.parse(who, argument, text)
        value = expressions.evaluate(tree, lambda name: self._pointer(who, name), call, wrong)
        if not isinstance(value, Pointer):
            wrong("a number", "write Zero for the vector of zeros" if value == 0 else "")
        return value
