"""Round weights to a grid so coarse that sums of them are exact.

Floating point numbers have 53 binary digits in float64 and 24 in float32.  If all addends are
multiples of one power of two, and their sums need no more digits than that, no sum is rounded
and the order of summation does not matter.  All back ends, matrix products and machines then
give the same spikes, bit for bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Binary digits of a sum; one less than a number has, as rounding of weights raises the bound.
DIGITS = {"float64": 52, "float32": 23}


def grid(largest: float, dtype: str = "float64") -> float:
    """The step of a grid on which sums up to ``largest`` are exact: a power of two."""
    return 2.0 ** (math.ceil(math.log2(max(largest, 1e-30))) - DIGITS[dtype])


def on_grid(values: Any, step: float, dtype: str = "float64") -> Any:
    """Round values to multiples of ``step``; the result is a read-only array, or sparse array."""
    if hasattr(values, "tocsr"):
        rounded = values.tocsr(copy=True)
        rounded.data = on_grid(rounded.data, step, dtype)
        return rounded
    rounded = (np.rint(np.asarray(values) / step) * step).astype(dtype)
    rounded.setflags(write=False)
    return rounded


def largest_drive(matrix: Any, bias: Array, largest_input: float) -> float:
    """An upper bound of ``|matrix @ x + bias|`` for ``|x| <= largest_input``."""
    rows = np.asarray(abs(matrix).sum(axis=1)).ravel()
    return float((rows * largest_input + np.abs(bias)).max(initial=0.0))
