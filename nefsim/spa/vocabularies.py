"""Vocabularies: named vectors of one algebra."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.spa import expressions
from nefsim.spa.algebras import Algebra, as_algebra
from nefsim.spa.drawing import KINDS, drawn
from nefsim.spa.pointers import Pointer
from nefsim.spa.storing import read, save

Array = NDArray[np.float64]

NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,99}", re.ASCII)

#: Names that every vocabulary has.
CONSTANTS = ("Identity", "Zero")


class Vocabulary:
    """Named vectors of one algebra, to which more can be added.

    A drawn vector depends on the seed and on its name, so that equal names of vocabularies with
    equal seeds have equal vectors in any order, unless a vector is drawn again because it is too
    similar to earlier ones, or made orthogonal to them.

    Parameters
    ----------
    dimensions : int
        Number of dimensions D.
    algebra : Algebra or str
        The algebra: "hrr", "vtb" or "tvtb".
    seed : int or None
        Seed of the vectors; None draws one.
    max_similarity : float or None
        Largest dot product of a drawn vector with earlier ones; a vector is drawn again, up to
        100 times, until it is below.  None is no limit.
    pointers : {"unit", "unitary", "orthogonal"}
        Drawn vectors: of length 1; unitary; or of length 1 and orthogonal to all earlier ones.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    Pointer

    Examples
    --------
    >>> from nefsim import spa
    >>> v = spa.Vocabulary(256, seed=1)
    >>> v.populate("CAT; DOG; PET = CAT + DOG")
    >>> v.nearest(v.parse("CAT * DOG * ~DOG")), v["PET"] @ v["CAT"] > 0.9
    ('CAT', True)
    """

    @explained
    def __init__(
        self,
        dimensions: int,
        algebra: Algebra | str = "hrr",
        seed: int | None = None,
        max_similarity: float | None = 0.3,
        pointers: str = "unit",
    ) -> None:
        who = "Vocabulary"
        self.algebra = as_algebra(who, algebra)
        n = check.integer(who, "dimensions", dimensions, low=1, high=10**6)
        self.dimensions = self.algebra.check_dimensions(who, n)
        checked = check.seed(who, seed)
        self.seed = secrets.randbits(64) if checked is None else checked
        limit = max_similarity
        self.max_similarity = (
            None if limit is None else check.real(who, "max_similarity", limit, low=0.0, high=1.0)
        )
        self.pointers = check.one_of(who, "pointers", pointers, KINDS)
        self._names: dict[str, int] = {}
        self._rows = np.empty((0, self.dimensions))

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
        if not isinstance(other, Vocabulary):
            return NotImplemented
        same = self.algebra == other.algebra and self.names == other.names
        return same and np.array_equal(self.vectors, other.vectors)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self)} names, {self.dimensions}-D, {self.algebra.name}>"

    def add(self, name: str, vector: Any = None) -> Pointer:
        """Add a name.

        Parameters
        ----------
        name : str
            The name: letters, digits and underscores, with a capital letter first.
        vector : Pointer, (D,) array_like, str or None
            The vector, or an expression of earlier names; None draws it.

        Returns
        -------
        Pointer
            The pointer.

        Raises
        ------
        ValueError, TypeError
            If the name is taken or no name, or the vector does not fit.
        """
        who = "Vocabulary.add"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            kind = ValueError if isinstance(name, str) else TypeError
            do = "begin with a capital letter, such as 'CAT'"
            check.fail(
                who, "name", "be letters, digits and underscores", check.show(name), do, kind
            )
        if name in self:
            check.fail(who, "name", "be new", check.show(name), "pass another name")
        if vector is None:
            how = self.algebra, self.pointers, self.max_similarity
            row = drawn(name, self.seed, *how, self.vectors)
        else:
            row = self.vector(who, "vector", vector)
        if len(self) == len(self._rows):  # room for twice as many
            rows = np.empty((max(8, 2 * len(self)), self.dimensions))
            rows[: len(self)] = self._rows
            self._rows = rows
        self._rows[len(self)] = row
        self._names[name] = len(self)
        return self._pointer(who, name)

    def populate(self, text: str) -> None:
        """Add names from a text, such as ``"CAT; DOG; PET = CAT + DOG"``.

        Parameters
        ----------
        text : str
            Names or assignments, separated by semicolons.  If one fails, none is added.

        Raises
        ------
        ValueError, TypeError
            If the text has no such form, or a name is taken or unknown.
        """
        who = "Vocabulary.populate"
        if not isinstance(text, str):
            do = "pass such as 'CAT; DOG'"
            check.fail(who, "text", "be a text", check.show(text), do, TypeError)
        before, rows = dict(self._names), self._rows.copy()
        try:
            for part in filter(str.strip, text.split(";")):
                name, equals, expression = (piece.strip() for piece in part.partition("="))
                self.add(name, expression if equals else None)
        except BaseException:
            self._names, self._rows = before, rows
            raise

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

    def subset(self, names: Iterable[str]) -> Vocabulary:
        """Return a vocabulary with some of the names, and with the same vectors.

        Parameters
        ----------
        names : iterable of str
            The names.

        Returns
        -------
        Vocabulary
            The smaller vocabulary.
        """
        who = "Vocabulary.subset"
        result = self._empty()
        for name in self._listed(who, names):
            result.add(name, self._pointer(who, name))
        return result

    def translation(
        self, other: Vocabulary, names: Iterable[str] | None = None, exact: bool = False
    ) -> Array:
        r"""Return the matrix from vectors of this vocabulary to those of another.

        .. math:: M = \sum_i w_i v_i^T \quad\text{or}\quad M = W V^+

        Parameters
        ----------
        other : Vocabulary
            The vocabulary with vectors :math:`w_i`.
        names : iterable of str or None
            The names to translate; None means those that both have.
        exact : bool
            Whether to use the pseudoinverse, which maps each name exactly if vectors are
            independent, but also amplifies noise.

        Returns
        -------
        (D_other, D) array
            The matrix.

        Raises
        ------
        ValueError, TypeError
            If there is no common name, or a name is unknown.
        """
        who = "Vocabulary.translation"
        do = "pass a Vocabulary"
        check.instance(who, "other", other, Vocabulary, "a vocabulary", do)
        shared = [n for n in self if n in other] if names is None else self._listed(who, names)
        if not shared:
            check.fail(who, "other", "share a name", "none", "populate it with the same names")
        old = np.array([self._pointer(who, n).vector for n in shared])
        new = np.array([other._pointer(who, n).vector for n in shared])
        return new.T @ (np.linalg.pinv(old).T if check.flag(who, "exact", exact) else old)

    def save(self, path: str | Path) -> Path:
        """Write the vocabulary to a file.

        Parameters
        ----------
        path : str or Path
            The file; ".npz" is added when it has no ending.

        Returns
        -------
        Path
            The file.
        """
        return save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read a vocabulary from a file of :meth:`save`.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Vocabulary
            The vocabulary.

        Raises
        ------
        ValueError
            If the file is damaged or of another kind.
        """
        meta, vectors, fail = read("Vocabulary.load", path)
        try:
            result = cls(*(meta[n] for n in ("dimensions", "algebra", "seed")))
            result.max_similarity, result.pointers = meta["max_similarity"], meta["pointers"]
            for name, row in zip(meta["names"], vectors, strict=True):
                result.add(name, row)
        except (TypeError, ValueError) as error:
            fail(f"{error}")
        return result

    def _empty(self) -> Vocabulary:
        d, limit = self.dimensions, self.max_similarity
        return Vocabulary(d, self.algebra, self.seed, limit, self.pointers)

    def _listed(self, who: str, names: Any) -> list[str]:
        if isinstance(names, str) or not isinstance(names, Iterable):
            do = "pass such as ['CAT', 'DOG']"
            check.fail(who, "names", "be a list of names", check.show(names), do, TypeError)
        return [*names]

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
        def wrong(why: str) -> NoReturn:
            do = "combine vectors by +, -, * and ~, and scale them by numbers"
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
            wrong("a number")
        return value


def as_vocabulary(who: str, value: Any, argument: str = "vocabulary") -> Vocabulary:
    """Check a vocabulary."""
    do = "pass such as nefsim.spa.Vocabulary(64)"
    checked: Vocabulary = check.instance(who, argument, value, Vocabulary, "a vocabulary", do)
    return checked
