"""Random generators for Nengo's build functions that take less time, with the same numbers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray


class _WithoutEntropy(ISeedSequence):
    """Words for a bit generator that is seeded before it draws: zeros.

    A new one asks the system for a seed otherwise, which takes far longer than to seed it.
    """

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """So many zeros."""
        return np.zeros(n_words, dtype)


class _LikeRandomState(type):
    """All generators of NumPy's class pass for those of a class in its place."""

    def __instancecheck__(cls, one: Any) -> bool:
        return isinstance(one, np.random.RandomState)


class QuickState(np.random.RandomState, metaclass=_LikeRandomState):
    """A RandomState that takes less time, with the same numbers.

    A whole number as its seed is all that it takes from outside.  Rows of an array are shuffled by
    their numbers: NumPy swaps them one by one, as objects, in a hundred times as long.

    Parameters
    ----------
    seed : object
        Seed, as for ``numpy.random.RandomState``.

    Examples
    --------
    >>> rows, same = np.arange(8.0).reshape(4, 2), np.arange(8.0).reshape(4, 2)
    >>> QuickState(1).shuffle(rows)
    >>> np.random.RandomState(1).shuffle(same)
    >>> bool((rows == same).all())
    True
    """

    def __init__(self, seed: Any = None) -> None:
        if type(seed) is int:
            bits: Any = _WithoutEntropy()
            super().__init__(np.random.MT19937(bits))
            self.seed(seed)
        else:
            super().__init__(seed)

    def shuffle(self, x: Any) -> None:
        """Change the order of the elements, or rows, of ``x`` in place."""
        if type(x) is not np.ndarray or x.ndim < 2 or not x.size or x.dtype.hasobject:
            super().shuffle(x)
            return
        order = np.arange(len(x))
        super().shuffle(order)
        x[...] = x[order]


def numpy_with(state: type[np.random.RandomState]) -> ModuleType:
    """The module NumPy, for whose functions ``numpy.random.RandomState`` is another class."""
    copy, random = ModuleType("numpy"), ModuleType("numpy.random")
    vars(random).update({**vars(np.random), "RandomState": state})
    vars(copy).update({**vars(np), "random": random})
    return copy
