"""Arrays with zeros at the end of each axis, as the interpreter reads whole vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def padded(values: ArrayLike, *more: int) -> NDArray[Any]:
    """An array with ``more`` zeros at the end of each axis; much faster than ``numpy.pad``."""
    array = np.asarray(values)
    whole = np.zeros([n + m for n, m in zip(array.shape, more, strict=True)], array.dtype)
    whole[tuple([slice(n) for n in array.shape])] = array
    return whole
