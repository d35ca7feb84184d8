"""Vocabularies: named vectors of one algebra."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.spa.algebras import Algebra, as_algebra
from nefsim.spa.drawing import KINDS, drawn
from nefsim.spa.named import Named
from nefsim.spa.pointers import Pointer
from nefsim.spa.storing import read, save

Array = NDArray[np.float64]

NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,99}", re.ASCII)


#: Signs in names that were meant otherwise, and what to write.
HABITS = {
    ".unitary(": "write 'A; B = unitary(A)', or Vocabulary(..., pointers='unitary')",
    ".normalized(": "write the name alone, as drawn vectors have length 1",
    ",": "separate names by ;",
}


class Vocabulary(Named):
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
        kind = as_algebra(who, algebra)
        n = check.integer(who, "dimensions", dimensions, low=1, high=10**6)
        super().__init__(kind.check_dimensions(who, n), kind)
        checked = check.seed(who, seed)
        self.seed = secrets.randbits(64) if checked is None else checked
        limit = max_similarity
        self.max_similarity = (
            None if limit is None else check.real(who, "max_similarity", limit, low=0.0, high=1.0)
        )
        self.pointers = check.one_of(who, "pointers", pointers, KINDS)

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
            do = next(
                (cure for sign, cure in HABITS.items() if isinstance(name, str) and sign in name),
                "begin with a capital letter, such as 'CAT'",
            )
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
        self._append(name, row)
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
        if not check.is_iterable(names):
            do = "pass such as ['CAT', 'DOG']"
            check.fail(who, "names", "be a list of names", check.show(names), do, TypeError)
        return [*names]


def as_vocabulary(who: str, value: Any, argument: str = "vocabulary") -> Vocabulary:
    """Check a vocabulary."""
    do = "pass such as nefsim.spa.Vocabulary(64)"
    checked: Vocabulary = check.instance(who, argument, value, Vocabulary, "a vocabulary", do)
    return checked
